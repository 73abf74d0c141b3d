"""Tests of the training experiment: its runs, its verdicts, and the cost of the paper's epoch."""

import math
from pathlib import Path

import numpy as np
import pytest

from experiments.output.tables import to_markdown
from experiments.paper import findings
from experiments.paper.findings import publish_findings
from experiments.paper.light_in_the_loop import light
from experiments.paper.light_in_the_loop.light import light_jobs, run_light, tables_of
from experiments.paper.light_in_the_loop.training_outcome import TrainingOutcome, read_training
from experiments.sweep.points import Job
from tests.experiments.light_traces import light_study, record_light


def outcome(final: float, aligned: float, lit: bool = False) -> TrainingOutcome:
    """Return a made-up run of two epochs of 1000 samples."""
    return TrainingOutcome(
        seed=0, status="complete", created="2026-01-01T00:00:00+00:00", study=light_study(),
        accuracy=np.array([0.1, 0.5, final]), t_s=np.array([0.0, 2.0, 4.0]), selected=final,
        alignment=np.full((2, 2), aligned), vectors=2000 if lit else 0, box_j=120.0 if lit else 0.0, host_j=80.0,
        frames=4000 if lit else 0,
    )  # fmt: skip


def test_every_way_is_planned_on_both_tasks_with_its_learning_rate(tmp_path: Path) -> None:
    jobs = light_jobs(2, 10, tmp_path)
    assert len({job.trace for job in jobs}) == len(jobs) == 2 * 15
    studies = {job.point.name: job.study for job in jobs}
    optical, ternary, field = (studies[f"mnist-{name}"] for name in ("optical", "tdfa", "field"))
    for study in (optical, ternary, field):
        assert study.task.hidden == (1024, 1024)
    assert (optical.controller.learning_rate, ternary.controller.learning_rate) == (0.01, 0.001)
    assert (optical.opu.fidelity, field.opu.fidelity) == ("statistical", "field")
    assert (optical.controller.epochs, field.controller.epochs) == (10, 1)


def test_verdicts_say_what_is_met_and_what_is_missed() -> None:
    found = {
        "mnist-dfa": [outcome(0.95, 0.9)],
        "mnist-tdfa": [outcome(0.94, 0.5)],
        "mnist-optical": [outcome(0.93, -0.1, lit=True)],
    }
    text = "".join(to_markdown(table) for table in tables_of(found))
    assert "tdfa is 1.00 points below dfa; allowed: 0.5: MISSED" in text
    assert "optical is 1.00 points below tdfa; allowed: 2.5: met" in text
    assert "least alignment of any layer and run, last epoch: -0.100; positive: MISSED" in text


def test_the_papers_epoch_costs_80_s_and_2_4_kj() -> None:
    *_, costs = tables_of({"mnist-optical": [outcome(0.9, 0.5, lit=True)]})
    cells = dict(zip((column.heading for column in costs.columns), costs.rows[0], strict=True))
    assert cells["samples"] == "1,000"
    assert cells["frames"] == "2,000"
    assert cells["frames' time (s)"] == pytest.approx(2000 / 1500)
    assert cells["for 60,000 samples (s)"] == pytest.approx(80)
    assert cells["and (kJ)"] == pytest.approx(2400)


def test_the_runs_are_made_once_and_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run_here(jobs: tuple[Job, ...], at_once: int, say: object) -> tuple[()]:
        del at_once, say
        for job in jobs:
            small = ("task.name=mnist", f"controller.feedback={job.study.controller.feedback}")
            if not job.trace.exists():
                record_light(job.trace, *small, "controller.epochs=1", "trace.detail=summary")
        return ()

    monkeypatch.setattr(findings, "run_jobs", run_here)
    monkeypatch.setattr(light, "light_tasks", lambda: (("mnist", "MNIST"),))
    publish_findings("light", run_light(tmp_path, seeds=1, epochs=1, jobs=2))
    said = capsys.readouterr().out
    assert "| optical DFA | 1 | 1 |" in said
    assert "field minus statistical after 1 epoch(s): +0.00 points" in said
    assert (tmp_path / "light" / "light.png").is_file()
    traces = [path for path in (tmp_path / "light").iterdir() if path.suffix == ".h5"]
    assert len(traces) == 8
    assert all(math.isfinite(read_training(path).final) for path in traces)
