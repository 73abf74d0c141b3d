"""Points run in processes of their own: a failed or killed one costs itself only and is run again."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.config.models import digest, to_toml
from emulator.errors import ConfigError, PhysicsError, TaskError
from emulator.instruments.chip.state import ChipCore
from emulator.trace.writing.journal import journal_path, lock
from experiments.output.statistics import stat
from experiments.output.tables import Column, Table
from experiments.paper import main
from experiments.paper.szo_scd.alpha import ALPHA
from experiments.paper.szo_scd.outcome import read_outcome
from experiments.paper.szo_scd.power import POWER
from experiments.paper.szo_scd.receiver import RECEIVER
from experiments.paper.szo_scd.settling import SETTLING
from experiments.run.study import study_from_text
from experiments.sweep import engine as farm
from experiments.sweep import worker as point
from experiments.sweep.points import Experiment, Job, Point, Results, jobs_of

TINY = ("task.name=vowel", "controller.queries=200", "controller.sparsity=0.6", "evaluation.every_queries=50")
POINTS = (
    Point("sparse", (*TINY, "chip.preset=paper", "deployment.alpha=0.15")),
    Point("dense", (*TINY, "chip.preset=paper", "deployment.alpha=1.0")),
)


def tiny_tables(results: Results) -> tuple[Table, ...]:
    rows = tuple((name, stat(one.final for one in found)) for name, found in results.by_point)
    return (Table("tiny", (Column("point"), Column("final %", 1, 100.0)), rows),)


def tiny_figure(results: Results, path: Path) -> None:
    path.write_bytes(b"drawn")


TINY_EXPERIMENT = Experiment("tiny", 200, lambda queries: POINTS, tiny_tables, tiny_figure)


@pytest.fixture
def tiny_jobs(tmp_path: Path) -> tuple[Job, ...]:
    return jobs_of("tiny", POINTS, 1, tmp_path)


def said() -> tuple[list[str], Callable[[str], None]]:
    lines: list[str] = []
    return lines, lines.append


def test_a_tiny_grid_runs_and_a_second_call_runs_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main.run_experiment(TINY_EXPERIMENT, tmp_path, seeds=1, queries=None, jobs=2)
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
    main.run_experiment(TINY_EXPERIMENT, tmp_path, seeds=1, queries=None, jobs=2)
    second = capsys.readouterr()
    assert "2 of 2 runs are finished already; 0 to go" in second.err
    assert second.out == first.out
    assert [path.stat().st_mtime_ns for path in traces] == stamps


def test_a_failed_point_is_reported_and_costs_itself_only(tiny_jobs: tuple[Job, ...]) -> None:
    lines, say = said()
    failures = farm.run_jobs(tiny_jobs, 2, say, [sys.executable, "-c", "raise SystemExit('no luck')"])
    assert [failure.job for failure in failures] != []
    assert {failure.reason for failure in failures} == {"exit code 1: no luck"}
    assert len(failures) == len(tiny_jobs)
    assert any("FAILED" in line for line in lines)


def test_a_killed_point_says_so(tiny_jobs: tuple[Job, ...]) -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    failures = farm.run_jobs(tiny_jobs[:1], 1, said()[1], [sys.executable, "-c", code])
    assert failures[0].reason == "killed by signal 9"


def test_what_a_dead_run_left_is_cleared_and_a_live_one_is_left_alone(tiny_jobs: tuple[Job, ...]) -> None:
    journal = journal_path(tiny_jobs[0].trace)
    journal.write_bytes(b"dead")
    with journal.open("rb") as file:
        assert lock(file.fileno())
        failures = farm.run_jobs(tiny_jobs[:1], 1, said()[1], [sys.executable, "-c", ""])
        assert failures[0].reason == "another process is running it"
        assert journal.exists()
    farm.run_jobs(tiny_jobs[:1], 1, said()[1], [sys.executable, "-c", ""])
    assert not journal.exists()


def test_compiled_kernels_are_kept_by_source(tiny_jobs: tuple[Job, ...], tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    code = f"import os; open({str(seen)!r}, 'w').write(os.environ['NUMBA_CACHE_DIR'])"
    farm.run_jobs(tiny_jobs[:1], 1, said()[1], [sys.executable, "-c", code])
    folder = Path(seen.read_text())
    assert folder.is_absolute()
    assert folder.name == f"kernels-{farm.source_of(tiny_jobs[0])}"
    assert len(farm.source_of(tiny_jobs[0])) == 16


def test_kernels_that_compute_something_else_are_refused(
    tiny_jobs: tuple[Job, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    point.check_kernels(tiny_jobs[0].study)
    true = ChipCore.observe
    monkeypatch.setattr(ChipCore, "observe", lambda self, *rest: 1.001 * true(self, *rest))
    with pytest.raises(PhysicsError, match="away from the electronic network"):
        point.check_kernels(tiny_jobs[0].study)


def test_failures_raise_after_what_is_there_was_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main, "run_jobs", lambda jobs, *rest: [farm.Failure(job, "x") for job in jobs])
    with pytest.raises(TaskError, match="2 of 2 runs failed"):
        main.run_experiment(TINY_EXPERIMENT, tmp_path, 1, None, 1)
    assert os.listdir(tmp_path / "tiny") == []


def test_traces_of_other_settings_lie_side_by_side(tmp_path: Path) -> None:
    names = {
        job.trace.name
        for queries in (100, 200)
        for job in jobs_of("alpha", ALPHA.points(queries), 2, tmp_path)
    }
    assert len(names) == 2 * 2 * 3


@pytest.mark.parametrize("experiment", [ALPHA, POWER, SETTLING, RECEIVER], ids=lambda e: e.name)
def test_every_point_is_a_valid_study_that_survives_its_file(experiment: Experiment, tmp_path: Path) -> None:
    jobs = jobs_of(experiment.name, experiment.points(1000), 1, tmp_path)
    assert len({job.digest for job in jobs}) == len(jobs)
    for job in jobs:
        assert digest(study_from_text(to_toml(job.study))) == job.digest


@pytest.mark.parametrize(
    ("name", "seeds", "queries", "jobs", "message"),
    [
        ("alhpa", 1, 1, 1, "did you mean 'alpha'"),
        ("alpha", 0, 1, 1, "seeds=0"),
        ("alpha", 1, 0, 1, "queries=0"),
        ("alpha", 1, 1, 0, "jobs=0"),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(
    tmp_path: Path, name: str, seeds: int, queries: int, jobs: int, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        main.run_paper(name, tmp_path / "out", seeds, queries, jobs)
    assert not (tmp_path / "out").exists()
