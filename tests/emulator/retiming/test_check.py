"""A recording's times are checked against its links and prices, for any number of instruments."""

import numpy as np
import pytest

from emulator.errors import TraceError
from emulator.retiming import check as check_module
from emulator.retiming.check import Links, Times, check, narrow
from emulator.retiming.prices import PriceRows

SERIAL = (0, 1, 3, 7)
"""Places of serial instruments: more than anybody has registered yet."""

END_PS = 1000


@pytest.fixture(autouse=True)
def _in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the pass uncompiled: there an index beyond an array's end is an error, and not another's memory."""
    monkeypatch.setattr(check_module, "_check", check_module._check.py_func)


def two_commands_each(late_ps: int) -> tuple[Links, PriceRows, Times]:
    """Return two commands of 10 ps on each instrument, all asked for at 0; the second starts ``late_ps`` late."""
    count = len(SERIAL)
    plan = np.tile(np.arange(count, dtype=np.uint16), 2)
    nothing = np.empty(0, dtype=np.int64)
    cause = np.full(2 * count, -1, dtype=np.int64)
    links = narrow(plan, cause, np.zeros(2 * count, dtype=np.uint8), nothing, nothing, "test")
    lasting = np.full(count, 10, dtype=np.int64)
    flags = np.array(SERIAL, dtype=np.uint8), np.zeros(count, dtype=np.uint8)
    none = np.zeros(count, dtype=np.bool_)
    prices = PriceRows(lasting, lasting, *flags, none, none, np.full(count, -1, dtype=np.int64))
    started = np.repeat([0, 10 + late_ps], count)
    return links, prices, Times(np.zeros(2 * count, dtype=np.int64), started, started + 10)


def test_each_of_many_serial_instruments_has_a_queue_of_its_own() -> None:
    links = check(*two_commands_each(late_ps=0), END_PS, "test")
    assert (links.residue.size, links.late.size) == (0, 0)


def test_a_command_near_the_end_may_queue_behind_one_that_was_not_recorded() -> None:
    links = check(*two_commands_each(late_ps=3), 13, "test")
    np.testing.assert_array_equal(links.late, [0] * len(SERIAL) + [3] * len(SERIAL))


@pytest.mark.parametrize("late_ps", [-1, 1])
def test_a_command_that_did_not_start_when_its_instrument_was_free_is_named(late_ps: int) -> None:
    with pytest.raises(TraceError, match=f"commands row {len(SERIAL)}: it was not started when"):
        check(*two_commands_each(late_ps), END_PS, "test")
