"""Bytes become messages however they are cut on their way, and no more of them is kept than was allowed."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.remote.scpi.blocks import block
from emulator.remote.scpi.faults import ScpiError
from emulator.remote.scpi.framing import Framer, UnreadableError

MESSAGES = [
    b"*IDN?",
    b"A #HFF,#13\n\n\n,'#9999999999'",
    b"",
    b"B " + block(b'"\n' * 700),
    b"C '\"';D #4",
    b"E #x",
    b"'F;\"",
    b"'a''b#19',\"c;'\",#",
]


def taken(framer: Framer) -> list[bytes | int]:
    """Return all that there is: messages, and numbers of errors."""
    found: list[bytes | int] = []
    while True:
        try:
            message = framer.take()
        except UnreadableError:
            raise
        except ScpiError as error:
            found.append(error.code)
            continue
        if message is None:
            return found
        found.append(message)


@given(st.lists(st.integers(1, 300), min_size=1), st.sampled_from([b"\n", b"\r\n"]))
def test_messages_come_out_whole_wherever_they_were_cut(cuts: list[int], end: bytes) -> None:
    framer, stream = Framer(200, 4000), b"".join(each + end for each in MESSAGES)
    found: list[bytes | int] = []
    for number in range(len(stream)):
        if not stream:
            break
        cut = cuts[number % len(cuts)]
        framer.push(stream[:cut])
        stream = stream[cut:]
        found += taken(framer)
    assert found == MESSAGES


def test_a_line_that_is_too_long_is_told_once_and_forgotten_as_it_comes() -> None:
    framer = Framer(1000, 1000)
    tracemalloc.start()
    found: list[bytes | int] = []
    for _ in range(200):
        framer.push(b"x" * 10_000)
        found += taken(framer)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    framer.push(b"tail\n*IDN?\n")
    assert found + taken(framer) == [-363, b"*IDN?"]
    assert most < 100_000


def test_a_line_is_judged_by_its_length_without_blocks() -> None:
    framer = Framer(100, 10_000)
    framer.push(b"A " + block(b"x" * 9000) + b"\n" + b"y" * 101 + b"\n*IDN?\n")
    assert taken(framer) == [b"A #49000" + b"x" * 9000, -363, b"*IDN?"]


def test_a_block_that_is_too_long_ends_the_conversation() -> None:
    framer = Framer(100, 1000)
    framer.push(b"A #41001")
    with pytest.raises(UnreadableError, match="1001 bytes; allowed: 1000"):
        framer.take()


def test_half_a_message_waits() -> None:
    framer = Framer(100, 100)
    for half in (b"*ID", b"N?", b"", b"\nA #2", b"1", b"0aaaaaaaaa"):
        framer.push(half)
    assert taken(framer) == [b"*IDN?"]
    framer.push(b"\n\n")
    assert taken(framer) == [b"A #210aaaaaaaaa\n"]


def test_more_blocks_than_a_message_has_end_the_conversation() -> None:
    framer = Framer(10_000, 100)
    framer.push(b"A " + b"#10," * 256 + b"1\n")
    assert len(taken(framer)) == 1
    framer.push(b"A " + b"#10," * 257)
    with pytest.raises(UnreadableError, match="more than 256 blocks"):
        framer.take()


def test_a_block_that_comes_byte_by_byte_is_one_block() -> None:
    framer = Framer(100, 1000)
    for byte in b"A #3300" + b"x" * 300:
        framer.push(bytes([byte]))
        assert taken(framer) == []
    framer.push(b"\n")
    assert taken(framer) == [b"A #3300" + b"x" * 300]


@pytest.mark.parametrize("sign", [b"'", b'"', b"#", b"\"'", b"#1#"])
def test_a_line_of_signs_is_told_to_be_too_long_and_what_follows_is_read(sign: bytes) -> None:
    framer, found = Framer(1000, 1000), []
    for piece in [sign * 500, sign * 5000, b"\n*IDN?\n"]:
        try:
            framer.push(piece)
            found += taken(framer)
        except UnreadableError:
            found.append(-223)
            break
    assert found in ([-363, b"*IDN?"], [-223])
