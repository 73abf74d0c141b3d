"""Registers of IEEE 488.2 and SCPI: what happened stays until it is read, and what counts asks for service."""

import pytest

from emulator.remote.scpi.faults import ScpiError
from emulator.remote.scpi.status import OPERATION_COMPLETE, POWER_ON, SETTLING, Register, Status


def test_events_stay_until_they_are_read() -> None:
    status = Status()
    assert status.take_events() == 1 << POWER_ON
    status.note(OPERATION_COMPLETE)
    status.note(5)
    assert (status.take_events(), status.take_events()) == (33, 0)


def test_an_event_that_counts_is_in_the_status_byte_and_asks_for_service_if_that_counts() -> None:
    status = Status()
    status.take_events()
    status.note(5)
    assert status.byte(errors=False) == 0
    status.let(32)
    assert status.byte(errors=False) == 1 << 5
    status.request_by(0xFF)
    assert status.request == 0xFF & ~(1 << 6)
    assert status.byte(errors=True) == 1 << 2 | 1 << 5 | 1 << 6


def test_a_condition_that_rises_is_an_event_and_one_that_falls_is_none() -> None:
    register = Register()
    register.let(1 << SETTLING)
    register.set(SETTLING, True)
    register.set(SETTLING, False)
    assert (register.condition, register.summary, register.take_event(), register.summary) == (
        0,
        True,
        2,
        False,
    )


def test_the_two_registers_of_scpi_are_summed_up_in_the_status_byte() -> None:
    status = Status()
    status.operation.let(2)
    status.questionable.let(1)
    status.operation.set(1, True)
    status.questionable.set(0, True)
    assert status.byte(errors=False) == 1 << 7 | 1 << 3
    status.preset()
    assert status.byte(errors=False) == 0
    status.clear()
    assert status.operation.take_event() == 0


@pytest.mark.parametrize("mask", [-1, 256])
def test_a_mask_that_a_byte_does_not_hold_is_refused(mask: int) -> None:
    for change in (Status().let, Status().request_by):
        with pytest.raises(ScpiError, match=r"-222.*allowed: 0 to 255"):
            change(mask)
    with pytest.raises(ScpiError, match="32767"):
        Register().let(0x8000)
