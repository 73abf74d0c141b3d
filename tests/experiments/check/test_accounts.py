"""Tests of the accounts of a trace: they hold every view, and tell where two traces differ."""

import math
from pathlib import Path

from emulator.trace import Header, Recorder
from experiments.check.accounts import Accounts, accounts_of, differences


def test_the_accounts_of_a_run_hold_every_view_and_agree_with_themselves(small_trace: Path) -> None:
    found = accounts_of(small_trace)
    assert found.faults == []
    assert differences(found, accounts_of(small_trace)) == []
    views = {
        "ledger", "critical path", "utilisation", "waterfall", "frames", "timeline", "what-if", "sliders, time",
        "counter power", "compare", "report, usage",
    }  # fmt: skip
    assert views <= found.exact.keys()
    assert {"energy: host", "what-if, energy: host", "compare, energy: host"} <= found.rounded.keys()


def test_a_run_that_did_nothing_has_accounts_too(tmp_path: Path) -> None:
    Recorder.create(tmp_path / "run.h5", Header.now("", 0)).close("complete", "", 0, 0)
    assert accounts_of(tmp_path / "run.h5").faults == []


def test_a_difference_of_a_picosecond_or_of_an_energy_is_named() -> None:
    one = Accounts({"ledger": {"a.b": 7}}, {"energy: host": 1.0})
    assert differences(one, Accounts({"ledger": {"a.b": 7}}, {"energy: host": 1.0 + 1e-13})) == []
    assert differences(one, Accounts({"ledger": {"a.b": 8}}, {"energy: host": 1.0})) == ["ledger"]
    assert differences(one, Accounts({"ledger": {"a.b": 7}}, {"energy: host": 1.0 + 1e-11})) != []
    assert differences(one, Accounts({"ledger": {"a.b": 7}}, {})) == ["energy: host: 1.0 and nan"]


def test_what_does_not_add_up_is_a_fault_also_when_it_is_no_number() -> None:
    found = Accounts()
    found.must("sum", 1.0, 1.0 + 1e-13, 1e-12)
    found.must("ps", 3, 4)
    found.must("broken", math.nan, 1.0, 1e-12)
    assert [fault.split(":")[0] for fault in found.faults] == ["ps", "broken"]
