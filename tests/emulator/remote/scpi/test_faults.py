"""Errors have the numbers of SCPI-1999, wait in order, and never become too many."""

import pytest

from emulator.remote.scpi.faults import NO_ERROR, TEXTS, ErrorQueue, ScpiError, event_bit, said_of


def test_errors_are_taken_in_their_order_and_then_there_is_none() -> None:
    queue = ErrorQueue(3)
    queue.put(ScpiError(-113, "FOO"))
    queue.put(ScpiError(-222))
    assert len(queue) == 2
    assert [queue.take() for _ in range(3)] == [
        '-113,"Undefined header;FOO"',
        '-222,"Data out of range"',
        NO_ERROR,
    ]


def test_a_full_queue_ends_with_an_overflow_and_keeps_the_first_errors() -> None:
    queue = ErrorQueue(2)
    for code in (-100, -102, -103, -104):
        queue.put(ScpiError(code))
    assert queue.take_all() == '-100,"Command error",-350,"Queue overflow"'
    assert queue.take_all() == NO_ERROR


def test_all_can_be_forgotten() -> None:
    queue = ErrorQueue(2)
    queue.put(ScpiError(-100))
    queue.clear()
    assert queue.take() == NO_ERROR


def test_what_a_client_sent_cannot_break_the_line_that_tells_of_it() -> None:
    text = said_of(-113, 'a"b\nc\x00\u2028' + "x" * 1000)
    assert text.isascii()
    assert text.isprintable()
    assert text.count('"') == 2
    assert len(text) < 450


@pytest.mark.parametrize(("code", "bit"), [(-113, 5), (-222, 4), (-350, 3), (-310, 3), (-410, 2)])
def test_the_hundred_of_an_error_says_which_bit_it_sets(code: int, bit: int) -> None:
    assert code in TEXTS
    assert event_bit(code) == bit
