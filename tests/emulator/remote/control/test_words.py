"""What can be said at a control port: hidden states, saved states, faults; all of it in the trace as an agent's."""

from collections.abc import Iterator

import pytest

from emulator.errors import ConfigError
from emulator.remote.control.control import Control
from emulator.remote.control.words import control_entries
from emulator.remote.server.service import Service
from tests.builders import NotingRecorder
from tests.wire_lab import Dialogue, behind_a_door, small_service

TOKEN = "a token"
INPUT = "CHIP:INP 0.1,0.2,0.3,0.4,0.5,0.6"


def fault(text: str) -> str:
    if text != "kind = 'known'":
        raise ConfigError(f"{text!r} is unknown")
    return "known.operator0"


class Scene:
    """A served bench, a client, and an operator."""

    def __init__(self, rows: NotingRecorder, client: Dialogue, operator: Dialogue) -> None:
        self.rows, self.client, self.operator = rows, client, operator

    def refusal(self, line: str) -> str:
        self.operator.tell(line)
        return self.operator.ask("SYST:ERR?")

    def reads(self) -> list[float]:
        return [float(each) for each in self.client.ask("CHIP:READ?").split(",")]


@pytest.fixture
def scene() -> Iterator[Scene]:
    rows = NotingRecorder()
    service: Service = small_service(recorder=rows)
    with behind_a_door(service, control=Control(service, TOKEN, start_fault=fault)) as hosted:
        client, operator = hosted.connect(), hosted.operate()
        operator.tell(f'TOKen "{TOKEN}"')
        client.tell(INPUT)
        yield Scene(rows, client, operator)


def test_hidden_states_are_listed_read_and_set(scene: Scene) -> None:
    listed = scene.operator.ask("HIDD:STAT?")
    assert '"chip.dead: 23 parts; heater that heats no more' in listed
    assert '"chip.laser: no parts; optical power' in listed
    assert scene.operator.ask('HIDD "chip.gamma",0.5,4;*OPC?;:HIDD? "chip.gamma",4') == "1;0.5"
    assert scene.operator.ask('HIDD? "chip.link"') == "9.91E+37"
    assert scene.operator.ask('HIDDen "opu.correlation",0.25;*OPC?;:HIDDen? "opu.correlation"') == "1;0.25"


def test_what_a_client_reads_follows(scene: Scene) -> None:
    bright = scene.reads()
    assert scene.operator.ask('HIDD "chip.responsivity",0,5;*OPC?') == "1"
    assert bright[0] != 0.0
    assert abs(scene.reads()[0]) < 0.01


def test_what_cannot_be_is_refused_in_the_words_of_the_bench(scene: Scene) -> None:
    assert "did you mean 'chip.gamma'" in scene.refusal('HIDD? "chip.gama",4')
    assert "did you mean 'chip.gamma'" in scene.refusal('HIDD "chip.gama",1,4')
    assert "has no part 5" in scene.refusal('HIDD? "chip.gamma",5')
    assert "a finite factor >= 0" in scene.refusal('HIDD "chip.gamma",-1,4')
    assert "device 5 has no heater" in scene.refusal('HIDD "chip.dead",1,5')


def test_a_state_is_saved_and_brought_back_and_all_of_it_is_an_agents_rows(scene: Scene) -> None:
    scene.client.ask("CHIP:PHAS (@1:4),0.5;*OPC?")
    before = scene.client.ask("CHIP:PHAS?")
    scene.operator.tell('STAT:SAVE "healthy"')
    assert scene.operator.ask("STAT:CAT?") == '"healthy"'
    assert scene.operator.ask('HIDD "chip.stuck",2,0;*OPC?') == "1"
    scene.client.ask("CHIP:PHAS (@1:4),1.5;*OPC?")
    assert scene.client.ask("CHIP:PHAS?") != before
    assert scene.operator.ask('STAT:REST "healthy";*OPC?;:HIDD? "chip.stuck",0') == "1;-1.0"
    assert scene.client.ask("CHIP:PHAS?") == before
    agents, kinds = scene.rows.names["commands.agent"], scene.rows.names["commands.kind"]
    done = [kinds[row[2]] for row in scene.rows.commands if agents[row[0]] == "operator.0"]
    assert done == ["disturb.stuck", "disturb.stuck", "set_phases", "settle"]


def test_states_have_names_and_there_is_an_end_of_them(scene: Scene) -> None:
    for number in range(16):
        scene.operator.tell(f'STAT:SAVE "s{number}"')
    assert "16 states are saved" in scene.refusal('STAT:SAVE "one-more"')
    scene.operator.tell('STAT:SAVE "s3"')
    assert scene.operator.ask("SYST:ERR:COUN?") == "0"
    assert "no state 's33' is saved" in scene.refusal('STAT:REST "s33"')


def test_a_fault_is_started_by_its_keys(scene: Scene) -> None:
    assert scene.operator.ask("FAUL? \"kind = 'known'\"") == '"known.operator0"'
    assert "is unknown" in scene.refusal("FAUL? \"kind = 'other'\"")


def test_every_word_says_what_it_does() -> None:
    control = Control(small_service(), TOKEN)
    assert [entry.words for entry in control_entries(control) if not entry.what.endswith(".")] == []
