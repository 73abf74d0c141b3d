"""``lightloop check kills``: ``kill -9`` over the whole life of a run, and what is left of it.

Run after run is killed at a random moment: while it records, while its trace is converted, or too late. Half of the
time only the run dies, half of the time its converting child as well. Then ``lightloop inspect OUT --json`` must
answer within a time limit, and every table must be a bit-for-bit prefix of the clean run's.
"""

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emulator.config.models import to_toml
from emulator.errors import TaskError
from emulator.processes import child_environment, module_command
from emulator.streams import stream
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import Trace
from emulator.trace.reading.views import columns
from emulator.trace.schema import TABLES
from emulator.trace.writing.journal import journal_path, lock
from experiments.check.determinism import vowel_study
from experiments.output.files import write_text
from experiments.output.tables import Column, Table, to_markdown
from experiments.sweep import worker
from experiments.sweep.trial import Size, Trial

__all__ = ["KILLS", "Kill", "kill_many", "prefix_faults", "run_kills"]

_KILLS_A_SEED: Final = 8
_QUERIES: Final = 12_000
_INSPECT_S: Final = 30.0
_START_S: Final = 120.0
_FIXED_STATES: Final = ("active", "design_phases", "initial_phases")


@dataclass(frozen=True)
class Kill:
    """Hold what became of one killed run; ``phase`` is what it was doing, ``fault`` is empty when all is well."""

    moment_s: float
    phase: str
    whole_group: bool
    status: str
    rows: int
    inspect_s: float
    fault: str


def kill_many(folder: Path, kills: int, queries: int, jobs: int, seed: int = 0) -> list[Kill]:
    """Kill ``kills`` runs, ``jobs`` at a time, at one random moment in each of as many equal slices of a life."""
    study = folder / "study.toml"
    study.write_text(to_toml(vowel_study(queries, seed)), encoding="utf-8")
    _clean_life_s(study, folder / "first.h5")  # compiles kernels, which is no part of a life
    with ThreadPoolExecutor(jobs) as pool:
        # As many clean runs as will share the machine, so that a life is as long as it will be.
        lives = list(pool.map(lambda n: _clean_life_s(study, folder / f"clean{n}.h5"), range(jobs)))
        moments = (np.arange(kills) + stream(seed, "paper/kills").random(kills)) / kills * max(lives)
        jobs_left = [
            pool.submit(_kill, study, folder / f"{number}.h5", float(moment), number % 2 == 0)
            for number, moment in enumerate(moments)
        ]
        with open_trace(folder / "clean0.h5") as clean:
            return [
                _judge(job.result(), clean, folder / f"{number}.h5") for number, job in enumerate(jobs_left)
            ]


@contextlib.contextmanager
def _started(study: Path, out: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a run in a session of its own and wait until its journal lies there: the run has begun."""
    process = subprocess.Popen(
        module_command(worker.__name__, str(study), str(out)),
        env=child_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline_s = time.monotonic() + _START_S
        while not journal_path(out).exists():
            if process.poll() is not None or time.monotonic() > deadline_s:
                raise TaskError(f"kills: {out.name} did not begin (exit code {process.poll()})")
            time.sleep(0.001)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _clean_life_s(study: Path, out: Path) -> float:
    with _started(study, out) as process:
        began_s = time.monotonic()
        if process.wait() != 0:
            raise TaskError(f"kills: the clean run failed with exit code {process.returncode}")
        return time.monotonic() - began_s


@dataclass(frozen=True)
class _Left:
    moment_s: float
    phase: str
    whole_group: bool
    inspect_s: float
    status: str
    fault: str


def _kill(study: Path, out: Path, moment_s: float, whole_group: bool) -> _Left:
    with _started(study, out) as process:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=moment_s)
        phase = _phase(process, out)
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if whole_group else os.kill)(process.pid, signal.SIGKILL)
        process.wait()
        _await_child(out)
    began_s = time.monotonic()
    status, fault = _inspect(out)
    return _Left(moment_s, phase, whole_group, time.monotonic() - began_s, status, fault)


def _phase(process: "subprocess.Popen[bytes]", out: Path) -> str:
    if process.poll() is not None:
        return "over"
    if not journal_path(out).exists():
        return "converted"
    children = Path(
        f"/proc/{process.pid}/task/{process.pid}/children"
    )  # the converter is the only child (Linux)
    return "converting" if children.exists() and children.read_text() else "recording"


def _await_child(out: Path) -> None:
    """Wait until nobody holds the journal: a converting child outlives its parent, or dies a moment later."""
    deadline_s = time.monotonic() + _START_S
    while time.monotonic() < deadline_s:
        try:
            with journal_path(out).open("rb") as journal:
                if lock(journal.fileno()):
                    return
        except FileNotFoundError:
            return
        time.sleep(0.01)
    raise TaskError(f"kills: the journal of {out.name} is still held")


def _inspect(out: Path) -> tuple[str, str]:
    """Ask ``lightloop inspect`` about ``out``; return the status that it tells, and what is wrong."""
    try:
        done = subprocess.run(
            module_command("lightloop", "inspect", str(out), "--json"),
            env=child_environment(),
            capture_output=True,
            text=True,
            timeout=_INSPECT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "", f"inspect hung for {_INSPECT_S:g} s"
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        return "", f"inspect: exit code {done.returncode}: {said[-1] if said else 'nothing said'}"
    status = str(json.loads(done.stdout)["status"])
    return status, "" if status in ("killed", "complete") else f"status {status}"


def _judge(left: _Left, clean: Trace, out: Path) -> Kill:
    fault, rows = left.fault, 0
    if not fault:
        with open_trace(out) as trace:
            rows = len(trace.commands.t_done)
            faults = prefix_faults(clean, trace)
            if trace.status == "complete" and trace.digest != clean.digest:
                faults.append("the digest is not the clean run's")
        fault = "; ".join(faults)
        out.unlink()
    return Kill(left.moment_s, left.phase, left.whole_group, left.status, rows, left.inspect_s, fault)


def prefix_faults(clean: Trace, left: Trace) -> list[str]:
    """Return in what ``left`` is not a bit-for-bit prefix of ``clean``; nothing when it is one."""
    faults = [
        f"{name}: {len(mine)} rows are no prefix of {len(whole)}"
        for (name, whole), (_, mine) in zip(_columns(clean), _columns(left), strict=True)
        if len(mine) > len(whole) or mine.tobytes() != whole[: len(mine)].tobytes()
    ]
    for column in ("commands.agent", "commands.kind", "spans.activity", "power.component", "metrics.name"):
        whole, mine = clean.labels(column), left.labels(column)
        if mine != whole[: len(mine)]:
            faults.append(f"names of {column} differ")
    fixed = [name for name in _FIXED_STATES if name in left.states]
    faults += [f"state {n} differs" for n in fixed if left.state(n).tobytes() != clean.state(n).tobytes()]
    if left.config_text != clean.config_text or left.seed != clean.seed:
        faults.append("configuration or seed differ")
    return faults


def _columns(trace: Trace) -> list[tuple[str, NDArray[Any]]]:
    """Return every column of every table, by name."""
    return [
        (f"{table.name}.{column.name}", values)
        for table in TABLES
        for column, values in columns(trace, table.name)
    ]


def run_kills(out: Path, seeds: int, queries: int, jobs: int) -> None:
    """Kill 8 runs of ``queries`` queries of each of ``seeds`` studies, and print what was left of them.

    Raises ``TaskError`` when one of them could not be inspected or is no prefix of the clean run.
    """
    folder = out / "kills"
    folder.mkdir(parents=True, exist_ok=True)
    found: list[Kill] = []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory(dir=folder) as place:
            found += kill_many(Path(place), _KILLS_A_SEED, queries, jobs, seed)
    text = to_markdown(_table(found))
    print(text)
    write_text(folder / "kills.md", text)
    if faulty := [kill for kill in found if kill.fault]:
        raise TaskError(
            f"check kills: {len(faulty)} of {len(found)} kills left a fault, first: {faulty[0].fault}"
        )


def _table(kills: Sequence[Kill]) -> Table:
    columns = (
        Column("killed while"), Column("kills"), Column("whole group"), Column("status"), Column("fewest rows"),
        Column("most rows"), Column("slowest inspect (s)", 2), Column("faults"),
    )  # fmt: skip
    rows = []
    for phase in ("recording", "converting", "converted", "over"):
        mine = [kill for kill in kills if kill.phase == phase]
        if not mine:
            continue
        counted = Counter(kill.status or "none" for kill in mine)
        told = ", ".join(f"{number} {status}" for status, number in sorted(counted.items()))
        lengths = [kill.rows for kill in mine]
        rows.append(
            (
                phase, len(mine), sum(kill.whole_group for kill in mine), told, min(lengths), max(lengths),
                max(kill.inspect_s for kill in mine), sum(bool(kill.fault) for kill in mine),
            )
        )  # fmt: skip
    faults = tuple(f"at {kill.moment_s:.3f} s ({kill.phase}): {kill.fault}" for kill in kills if kill.fault)
    note = f"{len(kills)} runs killed; rows are those of /commands; inspect includes the start of Python."
    return Table("kill -9 at random moments", columns, tuple(rows), (note, *faults))


KILLS: Final = Trial(
    "kills", "what kill -9 leaves of a run", Size("queries", "queries of a run", _QUERIES), run_kills
)
