"""A control port under attack: strangers change nothing and leave nothing, while clients and an operator go on."""

import contextlib
import re
import socket
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from emulator.remote.control.control import CONTROL_LIMITS, Control
from emulator.remote.server.door import LOOPBACK
from emulator.streams import stream
from tests.wire_lab import IDENTITY, Dialogue, Hosted, behind_a_door, small_service

TOKEN = "0123456789abcdef0123456789abcdef"
SAID = f'TOKen "{TOKEN}"'.encode()
CHANGE = b'HIDD "chip.laser",0.5\n'
ROUNDS = 6

Attack = Callable[[np.random.Generator], Iterator[bytes]]


def floods(rng: np.random.Generator) -> Iterator[bytes]:
    lines = (CHANGE, b'STAT:SAVE "x"\n', b"FAUL? \"kind = 'laser_drift'\"\n", b"*RST\n", b"*IDN?\n")
    yield b"".join(lines[n] for n in rng.integers(len(lines), size=2_000))


def garbage(rng: np.random.Generator) -> Iterator[bytes]:
    for _ in range(20):
        yield rng.bytes(4096)


def lines_of_a_megabyte(rng: np.random.Generator) -> Iterator[bytes]:
    yield (b"x", b"'", b'"', b"#")[int(rng.integers(4))] * 1_000_000
    yield b"\n" + SAID + b"\n" + CHANGE


def lines_that_are_a_little_too_long(rng: np.random.Generator) -> Iterator[bytes]:
    """Which are forgotten as they come; the token behind one is a second try all the same."""
    yield b"x" * (CONTROL_LIMITS.line_bytes + int(rng.integers(1, 100))) + b"\n" + SAID + b"\n" + CHANGE


def half_commands(rng: np.random.Generator) -> Iterator[bytes]:
    yield SAID[: int(rng.integers(1, len(SAID)))]


def half_blocks(rng: np.random.Generator) -> Iterator[bytes]:
    yield b"TOK #44096" + rng.bytes(4000)
    yield b"\n" + CHANGE


def blocks_that_are_too_long(rng: np.random.Generator) -> Iterator[bytes]:
    yield b"TOK #9999999999" + rng.bytes(100) + b"\n" + SAID + b"\n" + CHANGE


def wrong_tokens(rng: np.random.Generator) -> Iterator[bytes]:
    wrong = list(TOKEN)
    wrong[int(rng.integers(len(wrong)))] = "g"
    yield f'TOKen "{"".join(wrong)}"\n'.encode() + SAID + b"\n" + CHANGE


def tokens_that_are_nearly_it(rng: np.random.Generator) -> Iterator[bytes]:
    near = (TOKEN[:-1], TOKEN + "0", TOKEN.upper(), TOKEN + "\\0", f" {TOKEN}", "")
    yield f'TOKen "{near[int(rng.integers(len(near)))]}"\n'.encode() + CHANGE


def tokens_in_company(rng: np.random.Generator) -> Iterator[bytes]:
    yield (SAID + b";", SAID + b";:", b"*IDN?;:" + SAID + b";")[int(rng.integers(3))] + CHANGE


ATTACKS: tuple[Attack, ...] = (
    floods, garbage, lines_of_a_megabyte, lines_that_are_a_little_too_long, half_commands, half_blocks,
    blocks_that_are_too_long, wrong_tokens, tokens_that_are_nearly_it, tokens_in_company,
)  # fmt: skip


@pytest.fixture
def hosted() -> Iterator[Hosted]:
    service = small_service()
    with behind_a_door(service, control=Control(service, TOKEN)) as found:
        yield found


def hidden(operator: Dialogue) -> dict[str, str]:
    """Return every hidden value that has no parts, the saved states, and how many errors there are."""
    states = re.findall(r'"([a-z_.]+): no parts', operator.ask("HIDD:STAT?"))
    found = {state: operator.ask(f'HIDD? "{state}"') for state in states}
    return found | {"saved": operator.ask("STAT:CAT?"), "errors": operator.ask("SYST:ERR:COUN?")}


def heard_by_stranger(port: int, words: Iterator[bytes]) -> bytes:
    """Return what a stranger hears who says ``words`` and then ends its half of the connection."""
    heard = b""
    with socket.create_connection((LOOPBACK, port), timeout=20) as wire, contextlib.suppress(ConnectionError):
        for each in words:
            wire.sendall(each)
        wire.shutdown(socket.SHUT_WR)
        while part := wire.recv(4096):
            heard += part
    return heard


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_strangers_hear_nothing_and_change_nothing_while_others_go_on(hosted: Hosted, attack: Attack) -> None:
    rng = stream(0, f"tests/control/{attack.__name__}")
    operator, client = hosted.operate(), hosted.connect()
    operator.tell(SAID)
    before, asked_s = hidden(operator), 0.0
    assert len(before) > 8
    for _ in range(ROUNDS):
        assert heard_by_stranger(hosted.control_port, attack(rng)) == b""
        assert client.ask("*IDN?") == IDENTITY
        now_s = float(client.ask("SYST:TIME?"))
        assert now_s >= asked_s
        asked_s = now_s
        assert client.ask("SYST:ERR?").startswith("0,")
    assert hidden(operator) == before
    hosted.close()
    assert hosted.tasks_left == 0
    assert hosted.service.served == 1


def test_many_strangers_at_once_are_let_go_and_their_places_are_free_again(hosted: Hosted) -> None:
    operator, client = hosted.operate(), hosted.connect()
    operator.tell(SAID)
    before = hidden(operator)
    strangers = [hosted.operate() for _ in range(200)]
    for number, stranger in enumerate(strangers):
        with contextlib.suppress(ConnectionError):
            stranger.tell(CHANGE if number % 2 else b"TOK")
    assert client.ask("*IDN?") == IDENTITY
    for stranger in strangers:
        assert stranger.reader_ends_empty()
    assert hidden(operator) == before
    others = [hosted.operate() for _ in range(CONTROL_LIMITS.clients - 1)]
    for other in others:
        other.tell(SAID)
    assert [other.ask("*IDN?") for other in others] == [IDENTITY] * len(others)


def test_who_was_too_long_before_the_token_has_no_second_try(hosted: Hosted) -> None:
    stranger = hosted.operate()
    stranger.tell(b"x" * (CONTROL_LIMITS.line_bytes + 1))
    assert stranger.reader_ends_empty()


def test_an_operators_own_line_that_is_too_long_is_an_error_of_its_own(hosted: Hosted) -> None:
    operator = hosted.operate()
    operator.tell(SAID)
    assert operator.ask("*OPC?") == "1"
    operator.tell(b"x" * (CONTROL_LIMITS.line_bytes + 1))
    assert operator.ask("SYST:ERR?").startswith("-363")
