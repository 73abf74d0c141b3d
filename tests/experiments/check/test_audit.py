"""Tests of the audit: it passes a sound trace and notices a joule or a picosecond too many."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from emulator.bench_config import TraceConfig
from emulator.errors import TaskError
from emulator.trace.schema import Power
from experiments.check.audit import audit_table, audit_trace, exact_energy_j
from experiments.output.tables import to_markdown
from experiments.run.run import run_study
from experiments.run.study import Study


def test_a_sound_trace_passes_to_the_last_picosecond(small_trace: Path) -> None:
    audit = audit_trace(small_trace)
    assert audit.passes
    assert audit.energy_j > 0
    assert audit.meter_error is not None
    assert audit.meter_error <= 1e-12
    assert (audit.commands_ps, audit.ledger_ps, audit.spans_ps) == (0, 0, 0)
    assert "| yes |" in to_markdown(audit_table([audit]))


@pytest.mark.usefixtures("in_room")
def test_a_loop_that_the_sequencer_closes_passes_too(small_study: Study, tmp_path: Path) -> None:
    beside = small_study.controller.model_copy(update={"loop": "sequencer", "queries": 100})
    run_study(small_study.model_copy(update={"controller": beside}), tmp_path / "run.h5")
    audit = audit_trace(tmp_path / "run.h5")
    assert audit.passes
    assert (audit.commands_ps, audit.ledger_ps, audit.spans_ps) == (0, 0, 0)


@pytest.mark.parametrize(
    "flaw",
    [{"meter_error": 2e-12}, {"ledger_error": 1e-6}, {"commands_ps": 1}, {"ledger_ps": -1}, {"spans_ps": 1}],
)
def test_a_small_flaw_does_not_pass(small_trace: Path, flaw: dict[str, float]) -> None:
    audit = replace(audit_trace(small_trace), **flaw)
    assert not audit.passes
    assert "| NO |" in to_markdown(audit_table([audit]))


def test_energy_is_the_exact_integral_of_the_steps() -> None:
    component = np.array([0, 1, 0, 0], dtype=np.uint8)
    power = Power(component, np.array([0, 5, 10, 10]), np.array([0.1, 2.0, 7.0, 0.3]))
    energy = exact_energy_j(power, ("a", "b", "silent"), 20)
    assert energy["a"] == (Fraction(0.1) * 10 + Fraction(0.3) * 10) / 10**12
    assert energy["b"] == Fraction(30, 10**12)
    assert energy["silent"] == 0


@pytest.mark.usefixtures("in_room")
def test_a_trace_without_powers_is_refused(small_study: Study, tmp_path: Path) -> None:
    out = tmp_path / "summary.h5"
    short = small_study.controller.model_copy(update={"queries": 20})
    summary = small_study.model_copy(update={"trace": TraceConfig(detail="summary"), "controller": short})
    run_study(summary, out)
    with pytest.raises(TaskError, match="summary"):
        audit_trace(out)
