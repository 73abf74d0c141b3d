"""The engine of many runs: hands orders to a runner, says how each ended, and leaves what is finished alone.

A point that is killed costs itself only: the next call of the same command runs what is missing.
"""

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emulator.config.models import to_toml
from emulator.errors import TaskError, TraceError
from emulator.trace.open import open_trace
from emulator.trace.writing.journal import journal_path, lock
from emulator.trace.writing.recover import part_path
from experiments.output.source import source_digest
from experiments.sweep.points import Job
from experiments.sweep.runners import Runner, runner_of
from experiments.sweep.worker import FAILED, Order, Outcome

__all__ = ["FINISHED", "Failure", "clear", "ended", "is_finished", "run_jobs", "source_of"]

FINISHED: Final = ("complete", "budget", "diverged")
"""The states of a run that has ended by itself."""

_SOURCE: Final = "# source "


@dataclass(frozen=True)
class Failure:
    """A job that left no finished trace, and why."""

    job: Job
    reason: str


def ended(orders: Sequence[Order], runner: Runner) -> Iterator[tuple[int, Outcome]]:
    """Hand ``orders`` to ``runner`` and yield the place of each with its outcome, as they end.

    Raises ``TaskError`` when the executor behind ``runner`` breaks.
    """
    waiting = deque(enumerate(orders))
    under_way: dict[Future[Outcome], int] = {}
    try:
        while waiting or under_way:
            while waiting and (runner.at_once is None or len(under_way) < runner.at_once):
                place, order = waiting.popleft()
                under_way[_started(runner, order)] = place
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                yield under_way.pop(future), _outcome(future)
    finally:
        for future in under_way:
            future.cancel()


def _started(runner: Runner, order: Order) -> "Future[Outcome]":
    try:
        return runner.start(order)
    except (BrokenExecutor, RuntimeError) as error:
        raise TaskError(_broken(error)) from error


def _outcome(future: "Future[Outcome]") -> Outcome:
    try:
        found = future.result()
    except BrokenExecutor as error:
        raise TaskError(_broken(error)) from error
    except Exception as error:  # noqa: BLE001  (what a worker elsewhere dies of is the failure of its point)
        return Outcome(FAILED, f"{type(error).__name__}: {error}")
    if found.source != source_digest():
        return Outcome(FAILED, f"its worker has another source: {found.source}, here {source_digest()}")
    return found


def _broken(error: BaseException) -> str:
    return (
        f"sweep: the executor is broken ({type(error).__name__}: {error}); what is finished is kept, and the same "
        "call goes on from there"
    )


def is_finished(job: Job) -> bool:
    """Return whether the trace of ``job`` is there, whole, of this very study, and ended by itself."""
    if not job.trace.exists():
        return False
    try:
        with open_trace(job.trace) as trace:
            return trace.config_digest == job.digest and trace.status in FINISHED
    except TraceError:
        return False


def run_jobs(
    jobs: Sequence[Job], at_once: int, say: Callable[[str], None], runner: Runner | None = None
) -> tuple[Failure, ...]:
    """Run the jobs that are not finished, at most ``at_once`` at a time, and return those that failed.

    ``say`` gets a line of progress for each; ``runner`` stands in for processes, for tests.
    """
    waiting = [job for job in jobs if not is_finished(job)]
    say(f"{len(jobs) - len(waiting)} of {len(jobs)} runs are finished already; {len(waiting)} to go")
    if not waiting:
        return ()
    free = [job for job in waiting if clear(job.trace)]
    failures = [Failure(job, "another process is running it") for job in waiting if job not in free]
    began_s = time.monotonic()
    with runner_of(workers=at_once) if runner is None else contextlib.nullcontext(runner) as chosen:
        orders = [_order(job) for job in free]
        for done, (place, outcome) in enumerate(ended(orders, chosen), start=1):
            job = free[place]
            reason = _reason(job, outcome)
            if reason:
                failures.append(Failure(job, reason))
            left_s = (time.monotonic() - began_s) / done * (len(free) - done)
            how = f"FAILED, {reason}" if reason else "done"
            say(f"{done}/{len(free)} {job.trace.stem}: {how} ({left_s / 60:.1f} min left)")
    return tuple(failures)


def clear(trace: Path) -> bool:
    """Remove what an unfinished run of the same job left behind; return False if it is still running."""
    journal = journal_path(trace)
    with contextlib.suppress(FileNotFoundError), journal.open("rb") as file:
        if not lock(file.fileno()):
            return False
        journal.unlink()
    for left in (trace, part_path(trace)):
        left.unlink(missing_ok=True)
    return True


def _order(job: Job) -> Order:
    """Return the order of ``job``, whose study lies beside its trace from then on."""
    text = to_toml(job.study)
    job.trace.with_suffix(".toml").write_text(f"{_SOURCE}{source_digest()}\n{text}", encoding="utf-8")
    return Order(text, str(job.trace))


def source_of(job: Job) -> str:
    """Return the digest of the source that made the trace of ``job``; empty when nobody noted it."""
    try:
        first = job.trace.with_suffix(".toml").read_text(encoding="utf-8").partition("\n")[0]
    except OSError:
        return ""
    return first.removeprefix(_SOURCE) if first.startswith(_SOURCE) else ""


def _reason(job: Job, outcome: Outcome) -> str:
    """Return why the run failed, or the empty string; what nobody foresaw is written to a log beside it."""
    log = job.trace.with_suffix(".log")
    if outcome.said:
        log.write_text(outcome.said, encoding="utf-8")
    else:
        log.unlink(missing_ok=True)
    if outcome.status != FAILED:
        return "" if is_finished(job) else f"it ended with status {outcome.status!r}"
    return outcome.reason
