"""A sweep of real runs: what is missing is run, what is there is kept, and tables and figures come of all of it.

Everything is checked before anything is written. Stopped and called again, a sweep goes on where it was, and ends
with the same bytes as one that was never stopped.
"""

import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final

from emulator.arguments import checked_kind, checked_mapping, checked_path, checked_whole, shown
from emulator.config.models import to_toml
from emulator.errors import ConfigError, TaskError
from experiments.figure.sweep import beside, draw_front, draw_sweep
from experiments.output.json import to_json
from experiments.output.pareto import Goal, goals_of
from experiments.output.source import source_digest
from experiments.output.statistics import share_interval
from experiments.output.tables import to_markdown
from experiments.run.changes import Changes, overrides
from experiments.run.study import Study
from experiments.sweep.engine import clear, ended
from experiments.sweep.folder import Folder, Record, locked
from experiments.sweep.plan import Plan, Run, plan_of
from experiments.sweep.results import Row, columns_of, to_csv, write_parquet
from experiments.sweep.runners import RUNNERS, Runner, runner_of
from experiments.sweep.summary import Summary, summarize, summary_tables
from experiments.sweep.worker import FAILED, Order, Outcome

__all__ = ["Manner", "Swept", "run_sweep", "sweep"]

_ABOUT: Final = "sweep.json"
_RESULTS: Final = "results.csv"

Say = Callable[[int, int, int], None]
"""Is told how many runs have ended, of how many, and how many of them failed."""


@dataclass(frozen=True)
class Manner:
    """Say how a sweep is run.

    ``executor`` is a name of ``RUNNERS`` or an executor of ``concurrent.futures``, ``workers`` how many work at
    once, ``scheduler`` the address of a Dask scheduler. A point that failed ``attempts`` times is not tried again.
    ``keep_traces``, ``parquet`` and ``figures`` say what is written beside the tables.
    """

    executor: Executor | str = RUNNERS[0]
    workers: int = 2
    scheduler: str | None = None
    attempts: int = 3
    keep_traces: bool = True
    parquet: bool = False
    figures: bool = True

    def check(self) -> None:
        """Raise ``ConfigError`` for a number that is out of range."""
        for name, value in (("workers", self.workers), ("attempts", self.attempts)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ConfigError(f"--{name} {value!r} is refused; allowed: a whole number, >= 1")


@dataclass(frozen=True)
class Swept:
    """Hold what a sweep left in the folder ``out``: its rows, its summary, and the signal that stopped it, or 0."""

    out: Path
    plan: Plan
    rows: tuple[Row, ...]
    summary: Summary
    stopped: int = 0
    files: tuple[str, ...] = field(default=())

    @property
    def failed(self) -> tuple[Row, ...]:
        """Return the rows of runs that failed."""
        return tuple(row for row in self.rows if row.status == FAILED)

    @property
    def missing(self) -> int:
        """Return how many runs have not been made yet."""
        return len(self.plan.runs) - len(self.rows)

    def raise_failures(self) -> None:
        """Raise ``TaskError`` when runs failed; it names the first."""
        if self.failed:
            first = self.failed[0]
            pairs = zip(self.plan.paths, first.run.values, strict=True)
            where = ", ".join(f"{path} = {value}" for path, value in (*pairs, ("seed", first.run.seed)))
            raise TaskError(
                f"sweep: {len(self.failed)} of {len(self.plan.runs)} runs failed, first {where}: {first.reason}; "
                "the same call tries them again"
            )

    def to_json(self) -> str:
        """Return everything as one JSON object; a number that is not finite becomes null."""
        columns = columns_of(self.rows, self.plan.paths)
        rows = [{name: row.value(name, self.plan.paths) for name in columns} for row in self.rows]
        head = {"out": str(self.out), "study": self.plan.study, "paths": self.plan.paths}
        state = {"runs": len(self.plan.runs), "missing": self.missing, "stopped": self.stopped}
        return to_json({**head, **state, "rows": rows, "points": self.summary.points, "files": self.files})


def sweep(  # noqa: PLR0913  (each is an option of the command)
    study: Study | str | Path,
    sweeps: Mapping[str, Sequence[object]] | Sequence[str],
    out: str | Path,
    seeds: int = 1,
    changes: Changes | None = None,
    executor: Executor | str = RUNNERS[0],
    workers: int = 2,
    pareto: str = "",
    controller: str | None = None,
) -> Swept:
    """Run ``study`` at every point of ``sweeps`` with ``seeds`` seeds, into the folder ``out``; return its table.

    ``sweeps`` has the values of each dotted key, or texts as after ``--sweep``; ``changes`` hold at every point.
    ``executor`` is "processes", "threads", "dask", or any executor of ``concurrent.futures``, whose workers see the
    same ``out``. What ``out`` holds already is not run again. A run that fails is a row with its reason.
    ``controller`` is one of your own in the place of the study's, by a text that workers can load: FILE.py:NAME, or
    what an installed package offers.

    Raises ``ConfigError`` for what is refused, before anything is written, and ``KeyboardInterrupt`` when stopped.
    """
    if not isinstance(study, Study):
        checked_path("sweep: study", study)
    folder = checked_path("sweep: out", out)
    checked_whole("sweep: seeds", seeds, 1)
    checked_kind("sweep: pareto", pareto, str, "a text of goals")
    if controller is not None:
        checked_kind("sweep: controller", controller, str, "FILE.py:NAME, a text: workers load it by it")
    if isinstance(sweeps, str) or not isinstance(sweeps, Mapping | Sequence):
        raise ConfigError(
            f"sweep: sweeps = {shown(sweeps)} is refused; allowed: the values of each dotted key, such as "
            "{'chip.dac.bits': [6, 8]}, or a list of texts as after --sweep"
        )
    texts = _axes_of(sweeps) if isinstance(sweeps, Mapping) else tuple(sweeps)
    asked = str(study) if isinstance(study, Path) else study
    plan = plan_of(asked, texts, seeds, overrides(changes), controller=controller)
    found = run_sweep(plan, folder, Manner(executor, workers), pareto)
    if found.stopped:
        raise KeyboardInterrupt
    return found


def _axes_of(sweeps: Mapping[str, Sequence[object]]) -> tuple[str, ...]:
    checked_mapping(
        "sweep: sweeps", sweeps, "the values of each dotted key, such as {'chip.dac.bits': [6, 8]}"
    )
    for path, values in sweeps.items():
        if isinstance(values, str) or not isinstance(values, Sequence):
            raise ConfigError(f"sweep: {path} = {shown(values)} is refused; allowed: a list of values")
    return tuple(
        f"{path}={','.join(text.partition('=')[2] for value in values for text in overrides({path: value}))}"
        for path, values in sweeps.items()
    )


def run_sweep(
    plan: Plan, out: Path, manner: Manner | None = None, pareto: str = "", say: Say = lambda *_: None
) -> Swept:
    """Run what is missing of ``plan`` in the folder ``out``, and write tables and figures of all that is there.

    ``pareto`` names the goals of a front. Raises ``ConfigError`` before anything is written for a folder that is no
    sweep's, one in which another sweep works, and numbers that are refused; runs that fail are rows that say why.
    """
    manner = manner or Manner()
    manner.check()
    goals = goals_of(pareto) if pareto else ()
    _check_folder(out)
    # The runner comes first: what it refuses leaves no folder behind.
    with runner_of(manner.executor, manner.workers, manner.scheduler) as runner, locked(out) as folder:
        folder.write_text(_ABOUT, _about(plan))
        records = {run.name: folder.read(run.name, manner.keep_traces) for run in plan.runs}
        with _stoppable() as stop:
            _run_missing(plan, folder, runner, manner, records, say)
        return _written(folder, plan, records, goals, manner, stop.number)


def _run_missing(
    plan: Plan, folder: Folder, runner: Runner, manner: Manner, records: dict[str, Record | None], say: Say
) -> None:
    """Run what ``records`` lack, and put each record there as it comes."""
    waiting = [run for run in plan.in_order if _is_wanted(records[run.name], manner.attempts)]
    failed = sum(_is_over(records[run.name], manner.attempts) for run in plan.runs)
    done = len(plan.runs) - len(waiting)
    say(done, len(plan.runs), failed)
    orders = [_order(folder, run, manner.keep_traces, plan.controller) for run in waiting]
    for place, outcome in ended(orders, runner):
        run, order = waiting[place], orders[place]
        before = records[run.name]
        attempts = 1 + (before.attempts if before is not None else 0)
        records[run.name] = folder.write(run.name, _checked(outcome, order), attempts)
        done, failed = done + 1, failed + (outcome.status == FAILED)
        say(done, len(plan.runs), failed)


def _is_wanted(record: Record | None, attempts: int) -> bool:
    return record is None or not (record.finished or _is_over(record, attempts))


def _is_over(record: Record | None, attempts: int) -> bool:
    """Tell whether a point has failed as often as it may."""
    return record is not None and not record.finished and record.attempts >= attempts


def _order(folder: Folder, run: Run, keep: bool, controller: str) -> Order:
    if not keep:
        return Order(to_toml(run.study), controller=controller)
    trace = folder.trace(run.name).absolute()
    trace.parent.mkdir(parents=True, exist_ok=True)
    clear(trace)  # the folder is locked: what lies here was left by a run that died
    return Order(to_toml(run.study), str(trace), controller)


def _checked(outcome: Outcome, order: Order) -> Outcome:
    """Return ``outcome``, or a failure where its trace is not there: a worker elsewhere has another disk."""
    if outcome.status == FAILED or not order.trace or Path(order.trace).is_file():
        return outcome
    reason = f"its worker wrote no trace to {order.trace}: share the folder with workers, or keep no traces"
    return Outcome(FAILED, reason, source=outcome.source)


def _written(
    folder: Folder,
    plan: Plan,
    records: dict[str, Record | None],
    goals: Sequence[Goal],
    manner: Manner,
    stopped: int,
) -> Swept:
    pairs = ((run, records[run.name]) for run in plan.runs)
    rows = tuple(Row.of(run, record, share_interval) for run, record in pairs if record is not None)
    found = summarize(plan, rows, plan.title, goals)
    files = [folder.write_text(_RESULTS, to_csv(rows, plan.paths))]
    if manner.parquet:
        files.append(folder.path / "results.parquet")
        write_parquet(rows, plan.paths, files[-1])
    files.append(folder.write_text("summary.csv", found.to_csv()))
    files.append(folder.write_text("summary.md", "\n".join(map(to_markdown, summary_tables(found)))))
    if manner.figures and any(row.numbers for row in rows):
        files += draw_sweep(found, beside(folder.path / "sweep"))
        if goals:
            files += draw_front(found, beside(folder.path / "pareto"))
    return Swept(folder.path, plan, rows, found, stopped, tuple(path.name for path in files))


def _about(plan: Plan) -> str:
    """Return what the folder is of, as JSON."""
    return to_json({
        "study": plan.study,
        "title": plan.title,
        "sweeps": plan.sweeps,
        "settings": plan.settings,
        **({"controller": plan.controller} if plan.controller else {}),
        "seeds": plan.seeds,
        "source": source_digest(),
        "runs": [{"name": run.name, "point": run.point, "seed": run.seed} for run in plan.runs],
    }) + "\n"  # fmt: skip


def _check_folder(out: Path) -> None:
    """Refuse a folder in which something lies that no sweep has put there."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise ConfigError(f"{out}: what lies here is no folder; choose another with --out")
    strange = [path.name for path in out.iterdir() if path.name != ".lock"] if out.is_dir() else []
    if strange and _ABOUT not in strange:
        raise ConfigError(
            f"{out}: this is no folder of a sweep: it holds {sorted(strange)[0]!r}; choose another with --out"
        )


class _StoppedError(BaseException):
    """A signal asks the sweep to stop."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class _Stop:
    """Remember which signal has stopped the sweep; 0 is none."""

    number = 0


@contextmanager
def _stoppable() -> Iterator[_Stop]:
    """End the block at the first SIGINT or SIGTERM, and say which it was; the second does what it always does."""
    found = _Stop()
    if threading.current_thread() is not threading.main_thread():
        yield found  # only the main thread hears signals
        return

    def stop(number: int, frame: FrameType | None) -> None:
        del frame
        restore()
        raise _StoppedError(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        while before:
            number, handler = before.popitem()
            signal.signal(number, handler)

    try:
        yield found
    except _StoppedError as error:
        found.number = error.number
    finally:
        restore()
