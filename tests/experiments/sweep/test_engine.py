"""Points run in processes of their own: a failed or killed one costs itself only and is run again."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.errors import PhysicsError
from emulator.instruments.chip.state import ChipCore
from emulator.trace.writing.journal import journal_path, lock
from experiments.sweep import engine
from experiments.sweep import worker as point
from experiments.sweep.points import Job, Point, jobs_of

TINY = ("task.name=vowel", "controller.queries=200", "controller.sparsity=0.6", "evaluation.every_queries=50")
POINTS = (
    Point("sparse", (*TINY, "chip.preset=paper", "deployment.alpha=0.15")),
    Point("dense", (*TINY, "chip.preset=paper", "deployment.alpha=1.0")),
)


@pytest.fixture
def tiny_jobs(tmp_path: Path) -> tuple[Job, ...]:
    return jobs_of("tiny", POINTS, 1, tmp_path)


def said() -> tuple[list[str], Callable[[str], None]]:
    lines: list[str] = []
    return lines, lines.append


def test_a_failed_point_is_reported_and_costs_itself_only(tiny_jobs: tuple[Job, ...]) -> None:
    lines, say = said()
    failures = engine.run_jobs(tiny_jobs, 2, say, [sys.executable, "-c", "raise SystemExit('no luck')"])
    assert [failure.job for failure in failures] != []
    assert {failure.reason for failure in failures} == {"exit code 1: no luck"}
    assert len(failures) == len(tiny_jobs)
    assert any("FAILED" in line for line in lines)


def test_a_killed_point_says_so(tiny_jobs: tuple[Job, ...]) -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    failures = engine.run_jobs(tiny_jobs[:1], 1, said()[1], [sys.executable, "-c", code])
    assert failures[0].reason == "killed by signal 9"


def test_what_a_dead_run_left_is_cleared_and_a_live_one_is_left_alone(tiny_jobs: tuple[Job, ...]) -> None:
    journal = journal_path(tiny_jobs[0].trace)
    journal.write_bytes(b"dead")
    with journal.open("rb") as file:
        assert lock(file.fileno())
        failures = engine.run_jobs(tiny_jobs[:1], 1, said()[1], [sys.executable, "-c", ""])
        assert failures[0].reason == "another process is running it"
        assert journal.exists()
    engine.run_jobs(tiny_jobs[:1], 1, said()[1], [sys.executable, "-c", ""])
    assert not journal.exists()


def test_compiled_kernels_are_kept_by_source(tiny_jobs: tuple[Job, ...], tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    code = f"import os; open({str(seen)!r}, 'w').write(os.environ['NUMBA_CACHE_DIR'])"
    engine.run_jobs(tiny_jobs[:1], 1, said()[1], [sys.executable, "-c", code])
    folder = Path(seen.read_text())
    assert folder.is_absolute()
    assert folder.name == f"kernels-{engine.source_of(tiny_jobs[0])}"
    assert len(engine.source_of(tiny_jobs[0])) == 16


def test_kernels_that_compute_something_else_are_refused(
    tiny_jobs: tuple[Job, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    point.check_kernels(tiny_jobs[0].study)
    true = ChipCore.observe
    monkeypatch.setattr(ChipCore, "observe", lambda self, *rest: 1.001 * true(self, *rest))
    with pytest.raises(PhysicsError, match="away from the electronic network"):
        point.check_kernels(tiny_jobs[0].study)
