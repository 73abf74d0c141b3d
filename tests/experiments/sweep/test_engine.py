"""Jobs handed to a runner: a failed or killed one costs itself only, and what a dead run left is cleared."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from emulator.errors import TaskError
from emulator.trace.writing.journal import journal_path, lock
from experiments.sweep import engine
from experiments.sweep.points import Job, Point, jobs_of
from experiments.sweep.runners import Pool
from experiments.sweep.worker import FAILED, Order, Outcome
from tests.experiments.sweep.runs import Here

TINY = ("task.name=vowel", "controller.queries=200", "controller.sparsity=0.6", "evaluation.every_queries=50")
POINTS = (
    Point("sparse", (*TINY, "chip.preset=paper", "deployment.alpha=0.15")),
    Point("dense", (*TINY, "chip.preset=paper", "deployment.alpha=1.0")),
)


class Answers:
    """A runner that gives the same outcome to every order, or raises."""

    at_once = 1

    def __init__(self, outcome: Outcome | Exception) -> None:
        self._outcome = outcome

    def start(self, order: Order) -> "Future[Outcome]":
        future: Future[Outcome] = Future()
        if isinstance(self._outcome, Exception):
            future.set_exception(self._outcome)
        else:
            future.set_result(self._outcome)
        return future


def failing(reason: str, said: str = "") -> Answers:
    return Answers(Outcome(FAILED, reason, source=engine.source_digest(), said=said))


@pytest.fixture
def tiny_jobs(tmp_path: Path) -> tuple[Job, ...]:
    return jobs_of("tiny", POINTS, 1, tmp_path)


def said() -> tuple[list[str], Callable[[str], None]]:
    lines: list[str] = []
    return lines, lines.append


def test_a_failed_point_is_reported_with_its_reason_and_its_traceback(tiny_jobs: tuple[Job, ...]) -> None:
    lines, say = said()
    failures = engine.run_jobs(tiny_jobs, 2, say, failing("ValueError: no luck", "Traceback"))
    assert {failure.reason for failure in failures} == {"ValueError: no luck"}
    assert len(failures) == len(tiny_jobs)
    assert sum("FAILED" in line for line in lines) == len(tiny_jobs)
    assert tiny_jobs[0].trace.with_suffix(".log").read_text() == "Traceback"


def test_an_outcome_without_its_trace_is_a_failure(tiny_jobs: tuple[Job, ...]) -> None:
    outcome = Outcome("complete", source=engine.source_digest())
    failures = engine.run_jobs(tiny_jobs[:1], 1, said()[1], Answers(outcome))
    assert failures[0].reason == "it ended with status 'complete'"


def test_what_a_worker_elsewhere_dies_of_is_the_failure_of_its_point(tiny_jobs: tuple[Job, ...]) -> None:
    failures = engine.run_jobs(tiny_jobs, 1, said()[1], Answers(OSError("gone")))
    assert [failure.reason for failure in failures] == ["OSError: gone"] * 2


def test_a_worker_of_another_source_is_told_from_ours(tiny_jobs: tuple[Job, ...]) -> None:
    failures = engine.run_jobs(tiny_jobs[:1], 1, said()[1], Answers(Outcome("complete", source="older")))
    assert failures[0].reason.startswith("its worker has another source: older, here ")


def test_a_broken_executor_ends_the_call_and_says_that_it_can_go_on(tiny_jobs: tuple[Job, ...]) -> None:
    with pytest.raises(TaskError, match=r"the executor is broken .* goes on from there"):
        engine.run_jobs(tiny_jobs, 1, said()[1], Answers(BrokenProcessPool("a child died")))

    class Shut(Executor):
        def submit(self, *words: object, **named: object) -> "Future[object]":  # type: ignore[override]
            raise RuntimeError("cannot schedule new futures after shutdown")

    with pytest.raises(TaskError, match="after shutdown"):
        engine.run_jobs(tiny_jobs, 1, said()[1], Pool(Shut()))


def test_what_a_dead_run_left_is_cleared_and_a_live_one_is_left_alone(tiny_jobs: tuple[Job, ...]) -> None:
    journal = journal_path(tiny_jobs[0].trace)
    journal.write_bytes(b"dead")
    with journal.open("rb") as file:
        assert lock(file.fileno())
        failures = engine.run_jobs(tiny_jobs[:1], 1, said()[1], failing("never asked"))
        assert failures[0].reason == "another process is running it"
        assert journal.exists()
    engine.run_jobs(tiny_jobs[:1], 1, said()[1], failing("asked"))
    assert not journal.exists()


def test_the_source_of_a_job_stands_beside_its_trace(tiny_jobs: tuple[Job, ...]) -> None:
    assert engine.source_of(tiny_jobs[0]) == ""
    engine.run_jobs(tiny_jobs[:1], 1, said()[1], failing("asked"))
    assert engine.source_of(tiny_jobs[0]) == engine.source_digest()


def test_every_order_is_handed_to_a_runner_without_a_limit_at_once() -> None:
    executor = Here()
    places = [place for place, _ in engine.ended([Order("no study")] * 3, Pool(executor))]
    assert sorted(places) == [0, 1, 2]
    assert executor.submitted == 3
