"""A talk: who fits a dialect, what is refused and by whom, and what is no answer."""

from collections.abc import Sequence

import numpy as np
import pytest

from emulator.commands import Probe
from emulator.errors import CommandError, ConfigError, InstrumentError, WireError
from emulator.remote.client.dialect import load_dialect
from emulator.remote.client.link import Link
from emulator.remote.client.talk import Talk
from tests.wire_lab import Talk as Words
from tests.wire_lab import small_service

NO_ERROR = b'0,"No error"'


class Scripted:
    """Answer ``answers`` in their order, whatever is sent."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = list(answers)
        self.sent: list[bytes] = []

    def send(self, lines: Sequence[bytes]) -> None:
        self.sent += lines

    def receive(self) -> bytes:
        return self._answers.pop(0)

    def close(self) -> None:
        return


class Direct:
    """Talk to a service of this process."""

    def __init__(self) -> None:
        self._words = Words(small_service())

    def send(self, lines: Sequence[bytes]) -> None:
        for line in lines:
            self._words.tell(line)

    def receive(self) -> bytes:
        return self._words.answers.pop(0)[:-1]

    def close(self) -> None:
        return


BEGUN = (b"Lightloop,test", NO_ERROR, NO_ERROR, NO_ERROR, NO_ERROR)


def test_another_instrument_than_the_dialect_is_for_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"'ACME,1'.*'lightloop'.*--dialect"):
        Talk(Scripted(b"ACME,1"), load_dialect())


def test_a_refusal_names_command_line_and_what_the_instrument_said_and_the_talk_goes_on() -> None:
    link = Link(Talk(Direct(), load_dialect()))
    with pytest.raises(InstrumentError, match=r'Probe: .*CHIP:PROB\? \(@99\).*-222,"Data out of range'):
        link.say(Probe, {"channels": [99], "radians": [0.0]})
    with pytest.raises(CommandError, match="put nothing on the inputs"):
        link.say(Probe, {"channels": [1], "radians": [0.0]})
    devices = link.devices()
    assert devices is not None
    assert len(devices) == 23


@pytest.mark.parametrize("answer", [b"12", b"12;0.5;7", b"12;x", b"x;0.5", b""])
def test_what_is_no_answer_is_told(answer: bytes) -> None:
    with pytest.raises(WireError, match="the answer"):
        Link(Talk(Scripted(*BEGUN, answer, NO_ERROR), load_dialect()))


def test_a_time_that_goes_back_is_told() -> None:
    link = Link(Talk(Scripted(*BEGUN, b"5;0.0", NO_ERROR, b"#10;4;0.0", NO_ERROR), load_dialect()))
    with pytest.raises(WireError, match="went back"):
        link.phases(np.arange(0))
