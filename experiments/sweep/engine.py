"""Runs jobs, each in a process of its own, a few at once; what is finished is skipped. It reads no result.

A point that is killed costs itself only: the next call of the same command runs what is missing.
"""

import contextlib
import subprocess
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emulator.config.models import to_toml
from emulator.errors import TraceError
from emulator.processes import child_environment, module_command
from emulator.trace.open import open_trace
from emulator.trace.writing.journal import journal_path, lock
from emulator.trace.writing.recover import part_path
from experiments.output.source import source_digest
from experiments.sweep.points import Job
from experiments.tasks.weight_cache import default_folder

__all__ = ["Failure", "is_finished", "run_jobs", "source_of"]

_FINISHED: Final = ("complete", "budget", "diverged")
_POLL_S: Final = 0.05
_SOURCE: Final = "# source "
_ONE_THREAD: Final = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Failure:
    """A job that left no finished trace, and why."""

    job: Job
    reason: str


@dataclass(frozen=True, eq=False)
class _Running:
    job: Job
    process: subprocess.Popen[bytes]
    began_s: float


def is_finished(job: Job) -> bool:
    """Return whether the trace of ``job`` is there, whole, of this very study, and ended by itself."""
    if not job.trace.exists():
        return False
    try:
        with open_trace(job.trace) as trace:
            return trace.config_digest == job.digest and trace.status in _FINISHED
    except TraceError:
        return False


def run_jobs(
    jobs: Sequence[Job], at_once: int, say: Callable[[str], None], command: Sequence[str] = ()
) -> tuple[Failure, ...]:
    """Run the jobs that are not finished, at most ``at_once`` at a time, and return those that failed.

    ``say`` gets a line of progress for each; ``command`` stands in for the point's own, for tests.
    """
    waiting = deque(job for job in jobs if not is_finished(job))
    total, done = len(waiting), 0
    say(f"{len(jobs) - total} of {len(jobs)} runs are finished already; {total} to go")
    running: list[_Running] = []
    failures: list[Failure] = []
    began_s = time.monotonic()
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                job = waiting.popleft()
                if _clear(job.trace):
                    running.append(_start(job, command or module_command(f"{__package__}.worker")))
                else:
                    failures.append(Failure(job, "another process is running it"))
                    done += 1
            for one in [one for one in running if one.process.poll() is not None]:
                running.remove(one)
                done += 1
                reason = _end(one)
                if reason:
                    failures.append(Failure(one.job, reason))
                left_s = (time.monotonic() - began_s) / done * (total - done)
                say(_line(one, done, total, reason, left_s))
            time.sleep(_POLL_S)
    finally:
        for one in running:
            one.process.terminate()
        for one in running:
            one.process.wait()
    return tuple(failures)


def _line(one: _Running, done: int, total: int, reason: str, left_s: float) -> str:
    name = one.job.trace.stem
    spent = f"{time.monotonic() - one.began_s:.0f} s"
    ended = f"FAILED, {reason}" if reason else "done"
    return f"{done}/{total} {name}: {ended} ({spent}; {left_s / 60:.1f} min left)"


def _clear(trace: Path) -> bool:
    """Remove what an unfinished run of the same job left behind; return False if it is still running."""
    journal = journal_path(trace)
    with contextlib.suppress(FileNotFoundError), journal.open("rb") as file:
        if not lock(file.fileno()):
            return False
        journal.unlink()
    for left in (trace, part_path(trace)):
        left.unlink(missing_ok=True)
    return True


def _start(job: Job, command: Sequence[str]) -> _Running:
    study = job.trace.with_suffix(".toml")
    study.write_text(f"{_SOURCE}{source_digest()}\n{to_toml(job.study)}", encoding="utf-8")
    kernels = default_folder() / f"kernels-{source_digest()}"
    with _log(job).open("wb") as log:
        process = subprocess.Popen(
            [*command, str(study), str(job.trace)],
            env=child_environment(**_ONE_THREAD, NUMBA_CACHE_DIR=str(kernels.resolve())),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
    return _Running(job, process, time.monotonic())


def source_of(job: Job) -> str:
    """Return the digest of the source that made the trace of ``job``; empty when nobody noted it."""
    try:
        first = job.trace.with_suffix(".toml").read_text(encoding="utf-8").partition("\n")[0]
    except OSError:
        return ""
    return first.removeprefix(_SOURCE) if first.startswith(_SOURCE) else ""


def _end(one: _Running) -> str:
    """Return why the run failed, or the empty string; a log that says nothing new is removed."""
    log = _log(one.job)
    code = one.process.returncode
    if code == 0 and is_finished(one.job):
        log.unlink(missing_ok=True)
        return ""
    said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
    return f"{how}: {said[-1]}" if said else how


def _log(job: Job) -> Path:
    return job.trace.with_suffix(".log")
