"""A finished job is read and never run again; the same in processes of their own is marked slow in its room."""

from pathlib import Path

import pytest

from experiments.paper.outcome import read_outcome
from experiments.sweep.engine import is_finished, run_jobs
from experiments.sweep.points import Point, jobs_of
from experiments.sweep.runners import Pool
from tests.experiments.sweep.runs import Here

TINY = ("task.name=vowel", "controller.queries=40", "controller.sparsity=0.6", "evaluation.every_queries=20")
POINTS = (
    Point("sparse", (*TINY, "deployment.alpha=0.15")),
    Point("dense", (*TINY, "deployment.alpha=1.0")),
)


@pytest.mark.usefixtures("in_room", "small_trace")  # the room's cache then holds the network
def test_finished_jobs_are_read_and_started_no_more(tmp_path: Path) -> None:
    jobs = jobs_of("tiny", POINTS, 1, tmp_path)
    assert not any(map(is_finished, jobs))
    assert run_jobs(jobs, 1, lambda line: None, Pool(Here())) == ()
    assert all(map(is_finished, jobs))
    sparse, dense = (read_outcome(job.trace) for job in jobs)
    assert sparse.active < dense.active
    for one in (sparse, dense):
        assert one.status == "complete"
        assert one.visited >= one.accepted + one.pruned
        assert one.visited - one.accepted >= one.tied
        assert one.queries[-1] in (40, 41)  # the last coordinate may ask once more
        assert one.initial_rad.shape == one.final_rad.shape == (one.active,)
    stamps, lines = [job.trace.stat().st_mtime_ns for job in jobs], list[str]()
    executor = Here()
    assert run_jobs(jobs, 2, lines.append, Pool(executor)) == ()
    assert executor.submitted == 0
    assert lines == ["2 of 2 runs are finished already; 0 to go"]
    assert [job.trace.stat().st_mtime_ns for job in jobs] == stamps


@pytest.mark.usefixtures("in_room", "small_trace")
def test_a_trace_of_other_settings_is_no_finished_job(tmp_path: Path, small_trace: Path) -> None:
    job = jobs_of("tiny", POINTS, 1, tmp_path)[0]
    job.trace.write_bytes(small_trace.read_bytes())
    assert not is_finished(job)
    job.trace.write_bytes(b"damaged")
    assert not is_finished(job)
