"""Tests of energy by span and component, against both ledgers; of the division itself, see test_intervals."""

from pathlib import Path

import pytest

from emulator.instruments.host.config import HostConfig
from emulator.trace import Detail
from emulator.trace.analysis import attribution
from emulator.trace.analysis.attribution import Attribution, attribute_energy
from emulator.trace.open import open_trace
from experiments.inspect.inspection import inspect_trace
from tests.bench_lab import queries
from tests.emulator.retiming.retiming_lab import chip_lab, run, with_configs
from tests.experiments.report.report_traces import hostile_trace, pipelined_trace


def attributed(path: Path) -> Attribution:
    ledgers = inspect_trace(path)
    with open_trace(path) as trace:
        return attribute_energy(trace, ledgers.latency_by_span_s, ledgers.energy_by_component_j)


@pytest.mark.parametrize("detail", ["commands", "full", "summary"])
def test_the_columns_add_up_to_the_energy_ledger(detail: Detail, tmp_path: Path) -> None:
    path = pipelined_trace(tmp_path / "run.h5", detail)
    found, energy = attributed(path), inspect_trace(path).energy_by_component_j
    assert found.components == tuple(energy)
    assert found.energy_j.sum(axis=0) == pytest.approx(list(energy.values()), rel=1e-9)
    assert found.measured == (detail != "summary")


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the trace of 100 queries of a chip, whose host draws 100 W while it computes and else 40 W."""
    host = HostConfig(overhead_s=5e-6, idle_power_w=40.0, active_power_w=100.0)
    return run(
        with_configs(chip_lab(), host=host),
        lambda: {"a": queries(100)},
        tmp_path_factory.mktemp("a") / "a.h5",
    ).path


def test_a_chips_energy_is_split_by_the_power_of_each_span(tuned: Path) -> None:
    found, ledger = attributed(tuned), inspect_trace(tuned)
    host = found.components.index("host")
    mean_w = dict(zip(found.spans, found.energy_j[:, host] / found.time_s.clip(min=1e-30), strict=True))
    assert mean_w["host.think"] == pytest.approx(100.0, rel=1e-6)
    assert mean_w["heaters.settling"] == pytest.approx(40.0, rel=1e-6)
    assert found.energy_j.sum() == pytest.approx(ledger.energy_j, rel=1e-9)


def test_overlapping_spans_share_the_energy_as_the_latency_ledger_shares_the_time(tmp_path: Path) -> None:
    found = attributed(pipelined_trace(tmp_path / "run.h5"))
    opu, host = (found.energy_j[:, found.components.index(name)] for name in ("opu", "host"))
    assert opu == pytest.approx(30.0 * found.time_s, rel=1e-9, abs=1e-18)  # constant power: energy is time
    compute = found.spans.index("host.update")
    assert host[compute] == pytest.approx(100.0 * found.time_s[compute], rel=1e-9)


def test_a_long_trace_is_read_in_pieces_with_the_same_result(
    tuned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = attributed(tuned)
    monkeypatch.setattr(attribution, "_CHUNK", 50)
    assert attributed(tuned).energy_j == pytest.approx(whole.energy_j, rel=1e-12)


def test_time_that_no_span_covers_keeps_its_energy(tmp_path: Path) -> None:
    found = attributed(hostile_trace(tmp_path / "run.h5"))
    assert found.energy_j.sum() == pytest.approx(10 * 150e-9 * (1.0 + 2.0), rel=1e-9)
    assert found.energy_j[found.spans.index("idle")].sum() > 0
