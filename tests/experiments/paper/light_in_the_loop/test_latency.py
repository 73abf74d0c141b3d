"""Tests of the latency experiment: a training step as long as on the bench, and late hosts that lose no count."""

from pathlib import Path

import pytest

from emulator.bench import RunResult
from experiments.paper.findings import publish_findings
from experiments.paper.light_in_the_loop.latency import host_of, late_hosts, run_latency, training_ledger
from experiments.presets.opu_rating import opu_preset
from experiments.run.run import run_study
from tests.experiments.light_traces import light_study


def one_step(host: str) -> RunResult:
    """Train one batch of all images of two digits, one epoch long."""
    return run_study(
        light_study(f"host.preset={host}", "controller.batch_size=100000", "controller.epochs=1")
    )


@pytest.mark.parametrize("host", ["workstation", "gpu_p100"])
def test_a_training_step_takes_as_long_as_the_agents_own(host: str) -> None:
    result = one_step(host)
    ledger = training_ledger(opu_preset("light_in_the_loop"), host_of(host), result.queries, (784, 12, 8, 2))
    assert ledger.elapsed_ps / 1e12 == pytest.approx(result.elapsed_s, abs=1e-11)


def test_every_frame_of_a_late_host_is_used_dropped_or_late() -> None:
    found = late_hosts(600)
    for one in found:
        counts = one.ledger.counts
        assert counts.used + counts.dropped + counts.late == counts.sent
    quick = [one for one in found if one.grab_s < one.beat_s]
    slow = [one for one in found if one.grab_s > one.beat_s]
    assert {one.ledger.counts.sent == one.needed for one in quick} == {True}
    assert min(one.ledger.counts.dropped + one.ledger.counts.late for one in slow) > 0
    assert {one.ledger.binds for one in slow} == {"grab"}
    assert max(one.ledger.counts.late for one in slow if one.deadline_s is None) == 0


def test_tables_and_figure_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    publish_findings("latency", run_latency(tmp_path, 1, 300, 1))
    said = capsys.readouterr().out
    assert "required 89% of it: 89.7% at 3,000, met" in said
    assert "every frame sent is used, dropped or late: yes" in said
    names = sorted(path.name for path in (tmp_path / "latency").iterdir())
    assert [name for name in names if name.endswith(".csv")] == [f"latency-table{n}.csv" for n in range(1, 7)]
    assert {"latency.md", "latency.png"} <= set(names)
