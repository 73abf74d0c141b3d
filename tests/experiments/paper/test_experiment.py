"""Tests of the papers' experiments: their points are studies, a second call runs nothing, failures are told."""

import os
from pathlib import Path

import pytest

from emulator.config.models import digest, to_toml
from emulator.errors import TaskError
from experiments.output.statistics import stat
from experiments.output.tables import Column, Table
from experiments.paper import findings
from experiments.paper.experiment import Experiment, Results, run_experiment, setting_of
from experiments.paper.findings import publish_findings
from experiments.paper.outcome import read_outcome
from experiments.paper.registry import CHIP
from experiments.paper.szo_scd.alpha import ALPHA
from experiments.paper.szo_scd.power import POWER
from experiments.run.study import study_from_text
from experiments.sweep.engine import Failure
from experiments.sweep.points import Point, jobs_of
from experiments.sweep.trial import Quick

TINY = ("task.name=vowel", "controller.queries=200", "controller.sparsity=0.6", "evaluation.every_queries=50")
POINTS = (
    Point("sparse", (*TINY, "chip.preset=paper", "deployment.alpha=0.15")),
    Point("dense", (*TINY, "chip.preset=paper", "deployment.alpha=1.0")),
)


def tiny_tables(results: Results) -> tuple[Table, ...]:
    rows = tuple((name, stat(one.final for one in found)) for name, found in results.by_point)
    return (Table("tiny", (Column("point"), Column("final %", 1, 100.0)), rows),)


def tiny_figure(results: Results, path: Path, label: str) -> None:
    path.write_text(label, encoding="utf-8")


TINY_EXPERIMENT = Experiment(
    "tiny", "two points", 200, lambda queries: POINTS, tiny_tables, tiny_figure, Quick(1, 20)
)


@pytest.mark.slow  # in this process, and quickly: sweep/test_finished_jobs.py
@pytest.mark.timeout(600)
def test_a_tiny_grid_runs_and_a_second_call_runs_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish_findings("tiny", run_experiment(TINY_EXPERIMENT, tmp_path, seeds=1, queries=200, jobs=2))
    first = capsys.readouterr()
    assert "| sparse |" in first.out
    assert {"tiny.md", "tiny-table1.csv", "tiny.png"} <= {path.name for path in (tmp_path / "tiny").iterdir()}
    traces = sorted((tmp_path / "tiny").glob("*.h5"))
    outcomes = [read_outcome(path) for path in traces]
    assert [one.status for one in outcomes] == ["complete", "complete"]
    for one in outcomes:
        assert one.visited >= one.accepted + one.pruned
        assert one.visited - one.accepted >= one.tied
        assert one.queries[-1] in (200, 201)  # the last coordinate may ask once more
        assert one.initial_rad.shape == one.final_rad.shape == (one.active,)
    stamps = [path.stat().st_mtime_ns for path in traces]
    publish_findings("tiny", run_experiment(TINY_EXPERIMENT, tmp_path, seeds=1, queries=200, jobs=2))
    second = capsys.readouterr()
    assert "2 of 2 runs are finished already; 0 to go" in second.err
    assert second.out == first.out
    assert [path.stat().st_mtime_ns for path in traces] == stamps


def test_failures_raise_after_what_is_there_was_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "run_jobs", lambda jobs, *rest: [Failure(job, "x") for job in jobs])
    with pytest.raises(TaskError, match="2 of 2 runs failed"):
        publish_findings("tiny", run_experiment(TINY_EXPERIMENT, tmp_path, 1, 200, 1))
    assert os.listdir(tmp_path / "tiny") == []


def test_traces_of_other_settings_lie_side_by_side(tmp_path: Path) -> None:
    names = {
        job.trace.name
        for queries in (100, 200)
        for job in jobs_of("alpha", ALPHA.points(queries), 2, tmp_path)
    }
    assert len(names) == 2 * 2 * 4


@pytest.mark.parametrize("experiment", CHIP, ids=lambda e: e.name)
def test_every_point_is_a_valid_study_that_survives_its_file(experiment: Experiment, tmp_path: Path) -> None:
    jobs = jobs_of(experiment.name, experiment.points(1000), 1, tmp_path)
    assert len({job.digest for job in jobs}) == len(jobs)
    for job in jobs:
        assert digest(study_from_text(to_toml(job.study))) == job.digest


def test_a_caption_names_presets_meshes_readings_and_loops_once_each(tmp_path: Path) -> None:
    jobs = jobs_of("power", POWER.points(1000), 1, tmp_path)
    said = setting_of(job.study for job in jobs)
    assert said == (
        "power: preset paper; mesh thin ccw, square ccw, square cw; reading text/wrapped, text/signed, "
        "printed/wrapped; loop sequencer"
    )
