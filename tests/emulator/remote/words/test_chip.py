"""What is said to a chip is what a controller asks of it, command by command."""

from typing import Any

import numpy as np
import pytest

from emulator.bench import Bench
from emulator.commands import (
    Batch,
    Controller,
    Descent,
    Forward,
    Incumbent,
    Monitor,
    Probe,
    Sequence,
    SetPhases,
    Settle,
)
from tests.builders import NotingRecorder, random_batch
from tests.wire_lab import Talk, small_lab, small_service

BATCH = random_batch(4, 6)
LABELLED = Batch(0, BATCH.inputs, np.array([0, 2, 1, 2]))
ERRORS = np.linspace(-1.0, 1.0, 12).astype(np.float32).reshape(4, 3)


def real(values: Any) -> bytes:
    content = np.asarray(values, dtype=">f8").tobytes()
    length = str(len(content)).encode()
    return b"#%d%b%b" % (len(length), length, content)


HOME = np.array([1.0, 2.0, 3.0])
DESCENT = Descent("three_point", HOME - 0.3, HOME, np.array([False, True, False]), 6)
ASKED: list[tuple[Any, bytes, list[str]]] = [
    (SetPhases([0, 4], [1.0, 2.0]), b"CHIP:PHAS (@1,3),1,2", ["power_w"]),
    (SetPhases([0, 2, 4], [0.5] * 3), b"CHIP:PHAS (@1:3),0.5", ["power_w"]),
    (Settle(), b"CHIP:SETT", ["duration_ps"]),
    (Settle(123_000), b"CHIP:SETT 1.23e-7", ["duration_ps"]),
    (Forward(LABELLED), b"CHIP:READ", ["outputs", "saturated", "power_w"]),
    (Probe([44], [0.25], LABELLED), b"CHIP:PROB (@23),0.25", ["outputs", "saturated", "power_w"]),
    (
        Sequence(np.array([[0, 2], [4, 6]]), np.array([[0.1, 0.2], [0.3, 0.4]]), LABELLED),
        b"CHIP:SEQ 2," + real([1, 2, 3, 4]) + b",0.1,0.2,0.3,0.4",
        ["outputs", "radians", "loss", "readings", "accepted", "tied", "pruned", "power_w"],
    ),
    (
        Sequence(np.array([[0], [2], [4]]), (HOME + 0.3)[:, np.newaxis], LABELLED, DESCENT),
        b"CHIP:SEQ 1," + real([1, 2, 3]) + b"," + real(HOME + 0.3) + b",THREE_POINT," + real(HOME - 0.3) + b","
        + real(HOME) + b"," + real([0, 1, 0]) + b",6",
        ["outputs", "radians", "loss", "readings", "accepted", "tied", "pruned", "power_w"],
    ),
    (Incumbent([1.0, 2.0], [0, 2]), b"CHIP:INC (@1,2),1,2", []),
    (Monitor("forward", LABELLED), b"CHIP:MON FORW", ["intensities", "outputs", "worth", "saturated", "power_w"]),
    (Monitor("adjoint", LABELLED, ERRORS), b"CHIP:MON ADJOINT," + real(ERRORS), ["intensities", "worth"]),
    (Monitor("both", LABELLED), b"CHIP:MON both", ["intensities", "worth"]),
]  # fmt: skip
WORDS = {"duration_ps": "DUR", "power_w": "POW"}


def test_everything_that_is_said_gives_the_replies_and_rows_of_the_commands_themselves() -> None:
    replies: list[Any] = []

    def controller() -> Controller:
        for command, *_ in ASKED:
            reply = yield command
            replies.append(reply)

    here, there = NotingRecorder(), NotingRecorder()
    Bench(small_lab(), 3).run({"client.0": controller()}, recorder=here)
    talk = Talk(small_service(recorder=there, seed=3))
    talk.tell(b"CHIP:INP " + real(LABELLED.inputs) + b",0," + real(LABELLED.labels))
    for (_, said, parts), reply in zip(ASKED, replies, strict=True):
        talk.tell(said)
        assert talk.ask("SYST:ERR?") == '0,"No error"', said
        header = said.partition(b" ")[0].decode()
        for part in parts:
            found = talk.ask(f"{header}:{WORDS.get(part, part)}?")
            told = np.array([float(each) for each in found.split(",") if each])
            expected = np.asarray(getattr(reply, part), dtype=np.float64).ravel()
            expected = expected / 1e12 if part == "duration_ps" else expected
            assert np.array_equal(told, np.where(np.isnan(expected), 9.91e37, expected)), (said, part)
    talk.service.close("")
    assert there.commands == here.commands
    assert there.watts == here.watts


@pytest.mark.parametrize(
    "said",
    [
        b"CHIP:INP 1,2",
        b"CHIP:INP " + real([0.1] * 12) + b",0," + real([1, 2, 3]),
        b"CHIP:INP " + real([0.1] * 12) + b",0," + real([0.5, 1]),
        b"CHIP:INP 9,9,9,9,9,9;:CHIP:READ?",
        b"CHIP:SEQ 2," + real([1, 2, 3]) + b",1,2,3",
        b"CHIP:SEQ 1," + real([24]) + b",1",
        b"CHIP:SEQ 1," + real([1.5]) + b",1",
        b"CHIP:SEQ 1," + real([1]) + b"," + real([1]) + b",STEP_BACK",
        b"CHIP:MON ADJ,1,2",
        b"CHIP:INC (@1),1,2",
    ],
)
def test_what_makes_no_command_is_refused_in_words(said: bytes) -> None:
    talk = Talk(small_service())
    assert talk.refusal(said) == -222
