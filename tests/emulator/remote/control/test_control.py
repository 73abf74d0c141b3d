"""Who may speak at a control port, what it bears, and that clients know nothing of it."""

import re
from collections.abc import Iterator

import pytest

from emulator.remote.control.control import CONTROL_LIMITS, Control
from tests.wire_lab import Dialogue, Hosted, behind_a_door, small_service

TOKEN = "0123456789abcdef"
SAID = f'TOKen "{TOKEN}"'


@pytest.fixture
def hosted() -> Iterator[Hosted]:
    service = small_service()
    with behind_a_door(service, control=Control(service, TOKEN)) as found:
        yield found


def operator(hosted: Hosted) -> Dialogue:
    dialogue = hosted.operate()
    dialogue.tell(SAID)
    return dialogue


def test_whoever_has_the_token_is_answered(hosted: Hosted) -> None:
    assert operator(hosted).ask("*IDN?").startswith("Lightloop,")
    assert operator(hosted).ask("SYST:TIME?") == "0.0"


@pytest.mark.parametrize(
    "first",
    [
        "*IDN?",
        'TOK "0123456789abcdeg"',
        'TOK ""',
        "TOK",
        "TOK 0123456789",
        f'{SAID};HIDD "chip.laser",0.5',
        'HIDD "chip.laser",0.5',
        "GET / HTTP/1.1",
        "x" * 5000,
        b"\xff\xfe\x00\x01",
        b"TOK #15abcde",
    ],
)
def test_whoever_says_anything_else_first_is_hung_up_on_unanswered(
    hosted: Hosted, first: str | bytes
) -> None:
    stranger, client = hosted.operate(), hosted.connect()
    stranger.tell(first)
    stranger.socket.shutdown(1)
    assert stranger.reader_ends_empty()
    assert operator(hosted).ask('HIDD? "chip.laser"') == "1.0"
    assert client.ask("*IDN?").startswith("Lightloop,")


def test_a_token_is_its_own_conversations_and_a_place_that_is_taken_again_needs_it_again(
    hosted: Hosted,
) -> None:
    first = operator(hosted)
    assert first.ask("*OPC?") == "1"
    first.close()
    second = hosted.operate()
    second.tell("*OPC?")
    assert second.hung_up()


def test_at_the_clients_port_nothing_of_it_is_known_with_the_token_or_without(hosted: Hosted) -> None:
    client = hosted.connect()
    for line in (SAID, 'HIDD "chip.laser",0.5', 'HIDD? "chip.laser"', 'STAT:SAVE "a"', "FAUL? \"kind='x'\""):
        client.tell(line)
        assert client.ask("SYST:ERR?").startswith("-113"), line
    assert TOKEN not in client.ask("SYST:HELP:HEAD?")


def test_of_many_strangers_nothing_is_left(hosted: Hosted) -> None:
    client = hosted.connect()
    for number in range(100):
        stranger = hosted.operate()
        stranger.tell("*IDN?" if number % 2 else b"\x00" * 200)
        assert stranger.reader_ends_empty()
        stranger.close()
    assert client.ask("*OPC?") == "1"
    assert operator(hosted).ask("*OPC?") == "1"
    hosted.close()
    assert hosted.tasks_left == 0


def test_operators_beyond_its_places_are_hung_up_on_and_clients_keep_theirs(hosted: Hosted) -> None:
    here = [operator(hosted) for _ in range(CONTROL_LIMITS.clients)]
    assert {each.ask("*OPC?") for each in here} == {"1"}
    late = hosted.operate()
    late.tell(SAID)
    assert late.hung_up()
    assert hosted.connect().ask("*OPC?") == "1"


def test_garbage_behind_the_token_is_an_error_and_changes_nothing(hosted: Hosted) -> None:
    one = operator(hosted)
    for line in ('HIDD "chip.laser",nan', 'HIDD "chip.__class__",1', 'HIDD "os.system",1', "STAT:SAVE \"../../x\"",
                 'STAT:REST "never"', 'HIDD? "chip.dead",1', 'HIDD? "chip.dead",-5', "FAUL? \"kind = 'x'\"",
                 f'HIDD "{"a" * 3000}",1', "\x00\x01", ")(", 'HIDD "chip.laser"', 'STAT:SAVE "A"'):  # fmt: skip
        one.tell(line)
        assert re.match(r"-\d+,", one.ask("SYST:ERR?")), line
        assert one.ask("SYST:ERR:COUN?") == "0"
    assert one.ask('HIDD? "chip.laser"') == "1.0"
    assert one.ask("STAT:CAT?") == '""'


def test_operators_are_agents_of_the_run_and_no_clients(hosted: Hosted) -> None:
    assert operator(hosted).ask('HIDD "chip.laser",0.5;*OPC?') == "1"
    hosted.connect().ask("*OPC?")
    assert hosted.service.served == 1
