"""Rerun: the embedded configuration once more, and the first number in which the new trace differs, if any."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError, TraceError
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import Trace
from emulator.trace.schema import Table, tables_of
from experiments.replay.origin import refuse_replay
from experiments.run.elsewhere.traces import refuse_elsewhere
from experiments.run.laboratory import study_of
from experiments.run.own.own import Own, recalled
from experiments.run.run import run_study

__all__ = ["Difference", "Rerun", "first_difference", "rerun"]

_FINISHED: Final = ("complete", "budget", "diverged")
_STORED: Final = {"metrics": "metric_rows", "power": "power_levels", "totals": "total_rows"}
"""Tables that a trace offers under another name, as they are stored."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Say where two traces differ first: ``table`` may be "states" or "attributes", and ``row`` -1, for none."""

    table: str
    row: int
    column: str
    then: str
    now: str


@dataclass(frozen=True, slots=True)
class Rerun:
    """Hold the outcome of a rerun; ``out`` is None when the new trace was not kept.

    ``versions_differ`` are packages whose versions differ, a possible reason for a difference. A rerun that is
    identical cannot name its mode in the trace: it is the same trace.
    """

    mode: str
    trace: str
    digest: str
    out: str | None
    identical: bool
    first_difference: Difference | None
    versions_differ: tuple[str, ...]


def rerun(
    path: Path, out: Path, kept: bool, overrides: tuple[str, ...] = (), own: Own | None = None
) -> Rerun:
    """Run the study of the trace at ``path`` again, into ``out``, and compare.

    ``own`` is the controller, where that was one's own. Raises ``ConfigError`` when there are ``overrides`` or
    ``own`` is not what ran, and ``TraceError`` when the trace is a replay or cut off.
    """
    if overrides:
        raise ConfigError(
            f"replay --mode rerun: --set {overrides[0][:80]} is refused, a rerun changes nothing; use --mode "
            "closed, --mode timed or lightloop run"
        )
    with open_trace(path) as trace:
        refuse_replay(trace, "rerun")
        refuse_elsewhere(trace, "replay --mode rerun")
        if trace.status not in _FINISHED:
            raise TraceError(
                f"{path}: its run was cut off (status {trace.status!r}), and a rerun would go on; rerun takes a "
                f"trace of status {', '.join(_FINISHED)}"
            )
        study = study_of(trace)
        run_study(study, out, own=recalled(study, own))
        with open_trace(out) as again:
            difference = first_difference(trace, again)
            versions = tuple(
                f"{name}: {then}, now {now}"
                for name, then, now in _both(dict(trace.versions), dict(again.versions))
                if then != now
            )
        where = str(out) if kept else None
        return Rerun("rerun", str(path), trace.digest, where, difference is None, difference, versions)


def first_difference(then: Trace, now: Trace) -> Difference | None:
    """Return where ``now`` differs first from ``then``, bit for bit, in tables, attributes and states.

    Tables are those of the older schema; ``created``, versions and the configuration's text are left out.
    """
    return next(_differences(then, now), None)


def _differences(then: Trace, now: Trace) -> Iterator[Difference]:
    for table in tables_of(min(then.schema_version, now.schema_version)):
        yield from _table_differences(table, then, now)
    for name in ("status", "elapsed_ps", "queries", "seed", "detail"):
        values = getattr(then, name), getattr(now, name)
        if values[0] != values[1]:
            yield Difference("attributes", -1, name, *map(str, values))
    if not set(then.states) <= set(now.states):  # what a later version keeps besides is no difference
        yield Difference("states", -1, "names", ", ".join(then.states), ", ".join(now.states))
    for name in sorted({*then.states} & {*now.states}):
        yield from _state_differences(name, then.state(name), now.state(name))


def _table_differences(table: Table, then: Trace, now: Trace) -> Iterator[Difference]:
    """Yield the first row that differs, and a difference in length."""
    rows = [getattr(trace, _STORED.get(table.name, table.name)) for trace in (then, now)]
    found: list[Difference] = []
    lengths = [len(getattr(each, table.columns[0].name)) for each in rows]
    for column in table.columns:
        values = [getattr(each, column.name) for each in rows]
        at = _first(*(each[: min(lengths)] for each in values))
        if column.vocabulary:
            names = [trace.labels(f"{table.name}.{column.name}") for trace in (then, now)]
            if names[0] != names[1]:
                yield Difference(table.name, -1, f"{column.name} names", *(", ".join(each) for each in names))
        if at is not None:
            found.append(Difference(table.name, at, column.name, *(str(each[at]) for each in values)))
    if found:
        yield min(found, key=lambda each: each.row)
    if lengths[0] != lengths[1]:
        yield Difference(table.name, min(lengths), "rows", *map(str, lengths))


def _state_differences(name: str, then: NDArray[Any], now: NDArray[Any]) -> Iterator[Difference]:
    if then.shape != now.shape or then.dtype != now.dtype:
        yield Difference("states", -1, name, f"{then.dtype} {then.shape}", f"{now.dtype} {now.shape}")
        return
    at = _first(then.ravel(), now.ravel())
    if at is not None:
        yield Difference("states", at, name, str(then.ravel()[at]), str(now.ravel()[at]))


def _first(then: NDArray[Any], now: NDArray[Any]) -> int | None:
    """Return the first place whose bits differ."""
    if then.dtype.kind == "f":
        then, now = (np.ascontiguousarray(each).view(np.int64) for each in (then, now))
    differs = then != now
    return int(differs.argmax()) if differs.any() else None


def _both(then: dict[str, str], now: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    for name in sorted(then.keys() | now.keys()):
        yield name, then.get(name, "absent"), now.get(name, "absent")
