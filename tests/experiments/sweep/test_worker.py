"""An order carried out: numbers of the run, or a failure with its reason; stale kernels are refused."""

from pathlib import Path

import pytest

from emulator.config.models import to_toml
from emulator.errors import PhysicsError
from emulator.instruments.chip.state import ChipCore
from emulator.trace.open import open_trace
from experiments.output.source import source_digest
from experiments.run.study import Study
from experiments.sweep import worker
from experiments.sweep.worker import FAILED, Order, carry_out, check_kernels


@pytest.mark.usefixtures("in_room", "small_trace")
def test_the_numbers_are_those_of_the_trace(small_study: Study, tmp_path: Path) -> None:
    out = tmp_path / "kept.h5"
    outcome = carry_out(Order(to_toml(small_study), str(out)), alone=True)
    numbers = dict(outcome.numbers)
    with open_trace(out) as trace:
        assert (outcome.status, outcome.source) == ("complete", source_digest())
        assert (numbers["queries"], numbers["elapsed_s"]) == (trace.queries, trace.elapsed_s)
        selected = float(trace.metrics()["selected_test_accuracy"].value[-1])
        assert numbers["accuracy"] == numbers["selected_test_accuracy"] == selected
        joules = trace.totals()["energy_j"]
    assert numbers["energy_j"] == pytest.approx(sum(joules.values()))
    assert numbers["energy_delay_j_s"] == numbers["energy_j"] * numbers["elapsed_s"]
    assert numbers["energy_j.host"] == joules["host"]
    assert numbers["test_samples"] == 108
    assert carry_out(Order(to_toml(small_study))) == outcome  # no trace is kept, and nothing else differs


def test_a_refused_study_is_a_failure_in_a_line() -> None:
    outcome = carry_out(Order("nonsense = 1"))
    assert outcome.status == FAILED
    assert outcome.reason.startswith("ConfigError: ")
    assert outcome.said == ""


def test_a_fault_of_ours_is_a_failure_with_its_traceback(
    small_study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(worker, "check_kernels", broken)
    outcome = carry_out(Order(to_toml(small_study)))
    assert (outcome.status, outcome.reason) == (FAILED, "ZeroDivisionError: ours")
    assert "Traceback" in outcome.said


@pytest.mark.usefixtures("in_room", "small_trace")
def test_kernels_that_compute_something_else_are_refused(
    small_study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_kernels(small_study)
    true = ChipCore.observe
    monkeypatch.setattr(ChipCore, "observe", lambda self, *rest: 1.001 * true(self, *rest))
    with pytest.raises(PhysicsError, match="away from the electronic network"):
        check_kernels(small_study)
