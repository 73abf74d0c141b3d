"""Lines of any words: each is read by the table, and has one answer where it asks and none where it does not."""

import numpy as np
import pytest

from emulator.streams import stream
from tests.wire_lab import Talk, small_service

FRAGMENTS = (
    "*IDN?", "*ESR?", "*RST", "*CLS", "*OPC?", "SYST:ERR?", "SYST:TIME?", "SYSTem:VERSion?", "CHIP:PHAS?",
    "CHIP:PHAS", "CHIP:READ?", "CHIP:HEAT:COUN?", "CHIP:INP", "OPU:PROJ?", "HOST:COMP", "(@1)", "(@1,2)",
    "(@1:99999999)", "(@-1)", "1", "-1e999", "nan", "inf", "0x10", "#15hello", "#0", "#9", ",", ";", ":", " ",
    "\t", "\0", "?", "??", "*", '"', "'", "__class__", "__import__('os')", "eval(1)", "../../etc/passwd", "MAX",
    "DEF", "\xff", "é", "A" * 400,
)  # fmt: skip
"""Headers that there are, parameters, and what belongs into no line."""

LONGEST = 9


def line(rng: np.random.Generator) -> bytes:
    """Return a line: words in any order, or bytes of any value."""
    if rng.random() < 0.2:
        return rng.integers(0, 256, size=int(rng.integers(1, 80))).astype(np.uint8).tobytes()
    words = (FRAGMENTS[int(rng.integers(len(FRAGMENTS)))] for _ in range(int(rng.integers(1, LONGEST))))
    return "".join(words).encode()


def judge(lines: int, seed: int) -> None:
    """Say so many lines to one client: each is answered or an error, never both, if it asks for anything."""
    talk, rng = Talk(small_service()), stream(seed, "tests/fuzzed")
    for number in range(lines):
        said = line(rng)
        talk.tell(said)
        answers = len(talk.answers)
        assert answers <= 1, said
        if answers:
            assert talk.answers.pop().endswith(b"\n"), said
        if number % 10 == 0:
            errors = int(talk.ask("SYST:ERR:COUN?"))
            assert answers or errors or b"?" not in said or b"*CLS" in said, said
            talk.tell("*CLS")
            assert talk.answers == [], said
    assert talk.ask("*IDN?").startswith("Lightloop")
    assert (talk.service.over, talk.service.failure) == (None, None)


def test_no_line_is_answered_twice_and_none_ends_the_conversation() -> None:
    judge(500, 0)


@pytest.mark.slow
def test_of_ten_thousand_lines_none_is_answered_twice() -> None:
    judge(10_000, 1)
