"""Whether the books of a run balance: time, energy, power, spans, queries and limits, each added up apart.

Nothing of the emulator's own accounts is used: integrals are sums of fractions, spans and plans are added as whole
picoseconds. Each function returns what is wrong, in words.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final

import numpy as np

from emulator.bench import RunResult
from emulator.bench_config import BudgetConfig
from emulator.budgets import counted
from emulator.instruments.registry import INSTRUMENTS
from emulator.units import PS_PER_S, s_to_ps
from experiments.check.endurance.rows import Rows, Step

__all__ = ["TOLERANCE", "books"]

TOLERANCE: Final = 1e-12
"""Relative difference of an energy that rounding may make."""

_STATUSES: Final = {"complete", "budget", "diverged"}


def books(rows: Rows, result: RunResult, budget: BudgetConfig, under_way: bool) -> Iterator[str]:
    """Yield what does not balance in ``rows``, recorded in full, of a run with this ``result``.

    Commands that were ``under_way`` when it ended have no row, though what they drew may have stopped it.
    """
    yield from _ending(rows, result)
    steps = list(rows.steps())
    yield from _time(rows)
    yield from _plans(rows, steps)
    yield from _spans(rows, steps, result)
    yield from _energy(rows, steps, result)
    yield from _queries(rows, result)
    yield from _limits(rows, steps, result, budget, under_way)


def _ending(rows: Rows, result: RunResult) -> Iterator[str]:
    footer = rows.footer
    if result.status not in _STATUSES or (result.status == "complete") == bool(result.reason):
        yield f"status: {result.status!r} for {result.reason!r}"
    said = (footer.status, footer.elapsed_ps, footer.queries)
    if said != (result.status, s_to_ps(result.elapsed_s), result.queries):
        yield f"status: the journal ends with {said}, the bench with {result.status}, {result.elapsed_s} s"


def _time(rows: Rows) -> Iterator[str]:
    issued, started, done = (rows.column("commands", name) for name in ("t_issued", "t_started", "t_done"))
    cause, end_ps = rows.column("commands", "cause"), rows.footer.elapsed_ps
    if (issued < 0).any() or (started < issued).any() or (done < started).any() or (done > end_ps).any():
        yield "time: a command ends before it starts, or starts before it is asked for, or lasts beyond the end"
    if (np.diff(done) < 0).any():
        yield "time: a reply stands behind a later one"
    if (cause >= np.arange(len(cause))).any() or (done[np.maximum(cause, 0)] > issued)[cause >= 0].any():
        yield "time: a command is asked for before its cause is answered"
    for table, columns in (("power", ("t",)), ("metrics", ("t",)), ("spans", ("t_start", "t_end"))):
        for column in columns:
            values = rows.column(table, column)
            if ((values < 0) | (values > end_ps)).any():
                yield f"time: {table}.{column} lies outside of the run"
    if (rows.column("spans", "t_end") < rows.column("spans", "t_start")).any():
        yield "time: a span ends before it starts"
    component, t_ps = rows.column("power", "component"), rows.column("power", "t")
    for index in np.unique(component).tolist():
        if (np.diff(t_ps[component == index]) < 0).any():
            yield f"time: the levels of {rows.names['component'][index]} go back in time"
    if (np.diff(rows.column("metrics", "queries")) < 0).any() or (
        np.diff(rows.column("metrics", "t")) < 0
    ).any():
        yield "time: a metric goes back"


def _plans(rows: Rows, steps: Sequence[Step]) -> Iterator[str]:
    """Compare how long commands last with their plans, and that an instrument serves one after the other."""
    ends, free_ps = dict[int, int](), dict[int, int]()
    for step in steps:
        if step.end_ps < step.start_ps:
            yield f"plan: {step.activity} of command {step.row} ends before it starts"
        ends[step.row] = step.end_ps
    done, instrument = (rows.column("commands", name).tolist() for name in ("t_done", "instrument"))
    yield from (
        f"plan: the steps of command {row} end at {end_ps} ps, its reply comes at {done[row]} ps"
        for row, end_ps in ends.items()
        if end_ps != done[row]
    )
    for step in sorted(steps, key=lambda each: each.start_ps):
        if step.held and step.end_ps > step.start_ps:
            if step.start_ps < free_ps.get(instrument[step.row], 0):
                yield "time: an instrument serves two commands at once"
            free_ps[instrument[step.row]] = step.end_ps


def _spans(rows: Rows, steps: Sequence[Step], result: RunResult) -> Iterator[str]:
    """Compare the recorded spans and steps with the bench's count of them, and each span with its command."""
    lasted: Counter[str] = Counter()
    for step in steps:
        lasted[step.activity] += step.end_ps - step.start_ps
    resources, activities = (rows.named("spans", name, name) for name in ("resource", "activity"))
    t_start, t_end, command = (rows.column("spans", name) for name in ("t_start", "t_end", "command"))
    for resource, activity, ps in zip(resources, activities, (t_end - t_start).tolist(), strict=True):
        lasted[f"{resource}.{activity}"] += ps
    counted_ps = {name: s_to_ps(seconds) for name, seconds in result.busy_by_span_s.items()}
    for name in lasted.keys() | counted_ps.keys():
        if lasted[name] != counted_ps.get(name, 0):
            yield f"ledger: {name} lasts {lasted[name]} ps in the trace, {counted_ps.get(name, 0)} ps on the bench"
    whole = command < len(rows.tables["commands"])  # a run may end while a command is under way
    owner = command[whole]
    before = t_start[whole] < rows.column("commands", "t_started")[owner]
    after = t_end[whole] > rows.column("commands", "t_done")[owner]
    if before.any() or after.any():
        yield "ledger: a span lies outside of its command"


def _changes(rows: Rows) -> dict[str, list[tuple[int, float]]]:
    levels: dict[str, list[tuple[int, float]]] = {name: [] for name in rows.names["component"]}
    names = rows.named("power", "component", "component")
    for name, t_ps, watts in zip(
        names, *(rows.column("power", column).tolist() for column in ("t", "watts")), strict=True
    ):
        levels[name].append((t_ps, watts))
    return levels


def _energy(rows: Rows, steps: Sequence[Step], result: RunResult) -> Iterator[str]:
    """Compare the meter with the integral of the recorded power, which is added up without rounding."""
    drawn: dict[str, Fraction] = defaultdict(Fraction)
    for step in steps:
        drawn[step.component] += Fraction(step.watts) * (step.end_ps - step.start_ps)
    end_ps, found = rows.footer.elapsed_ps, {}
    for name, changes in _changes(rows).items():
        total, since, level = Fraction(0), 0, 0.0
        for t_ps, watts in changes:
            total += Fraction(level) * (t_ps - since)
            since, level = t_ps, watts
            if not 0.0 <= watts < np.inf:
                yield f"power: {name} draws {watts!r} W"
                return
        found[name] = (total + Fraction(level) * (end_ps - since) + drawn[name]) / PS_PER_S
    said = result.energy_by_component_j
    if said.keys() != found.keys():
        yield f"energy: the meter knows {sorted(said)}, the trace {sorted(found)}"
    for name in said.keys() & found.keys():
        difference = abs(Fraction(said[name]) - found[name])
        if difference > Fraction(TOLERANCE) * found[name]:
            yield f"energy of {name}: {said[name]!r} J on the meter, {float(found[name])!r} J in /power"
    totals = rows.tables["totals"]
    for kind, part, value in zip(
        rows.named("totals", "total", "total"), rows.named("totals", "part", "part"), totals["value"].tolist(),
        strict=True,
    ):  # fmt: skip
        expected: Mapping[str, float] = said if kind == "energy_j" else result.busy_by_span_s
        if expected.get(part) != value:
            yield f"totals: {kind} of {part} is {value!r}, the bench's is {expected.get(part)!r}"


def _queries(rows: Rows, result: RunResult) -> Iterator[str]:
    found = sum(_counts(rows))
    if result.status != "diverged" and found != result.queries:
        yield f"queries: {found} in the trace, {result.queries} on the bench"
    frames = rows.tables["frames"]
    if (frames["sent"] != frames["used"] + frames["dropped"] + frames["late"]).any():
        yield "frames: sent is not used + dropped + late"
    if (frames["torn"] > frames["dropped"]).any():
        yield "frames: more are torn than dropped"


def _limits(
    rows: Rows, steps: Sequence[Step], result: RunResult, budget: BudgetConfig, under_way: bool
) -> Iterator[str]:
    """Say where a limit was passed by more than what was under way, or stopped a run that had not reached it."""
    issued = rows.column("commands", "t_issued")
    for limit, spent_ps in (
        (budget.time_s, s_to_ps(budget.time_s or 0.0)),
        (budget.queries, _spent_at(rows, budget.queries or 0)),
    ):
        if limit is None or spent_ps > rows.footer.elapsed_ps:
            continue
        if (issued > spent_ps).any():
            yield f"budget: {limit} were spent at {spent_ps} ps, and a command was asked for after that"
        if result.status == "complete" and spent_ps < rows.footer.elapsed_ps:
            yield f"budget: {limit} were spent at {spent_ps} ps, and the run is called complete"
    if budget.energy_j is not None:
        above = result.energy_j - budget.energy_j
        if "energy_j" in result.reason and above < -TOLERANCE * budget.energy_j:
            yield f"budget: {budget.energy_j} J are called spent at {result.energy_j!r} J"
        if result.status == "complete" and above > 0 and _last_reply_j(rows, steps) >= budget.energy_j:
            yield f"budget: {budget.energy_j} J were spent before the last reply, and the run is called complete"
    if budget.peak_power_w is not None:
        yield from _peak(rows, steps, result, budget, under_way)


def _spent_at(rows: Rows, queries: int) -> int:
    """Return the instant at which the queries were spent, or one beyond the end."""
    counts = np.cumsum(_counts(rows))
    done = rows.column("commands", "t_done")
    spent = counts >= queries
    return int(done[np.argmax(spent)]) if spent.any() else rows.footer.elapsed_ps + 1


def _counts(rows: Rows) -> list[int]:
    """Return how many queries each command was."""
    standing = {*rows.names["instrument"]}
    first = next(kind for name, kind in INSTRUMENTS.items() if name in standing)
    found = []
    for number, (instrument, kind) in enumerate(
        zip(*(rows.named("commands", name, name) for name in ("instrument", "kind")), strict=True)
    ):
        column = first.counts.get(kind) if instrument == first.name else None
        found.append(0 if column is None else int(rows.column("commands", column)[number]) if column else 1)
    return found


def _last_reply_j(rows: Rows, steps: Sequence[Step]) -> float:
    """Return what was drawn until the reply before the last instant at which one came."""
    done = np.unique(rows.column("commands", "t_done"))
    if len(done) < 2:
        return 0.0
    until, total = int(done[-2]), Fraction(0)
    for changes in _changes(rows).values():
        since, level = 0, 0.0
        for t_ps, watts in changes:
            total += Fraction(level) * (min(t_ps, until) - min(since, until))
            since, level = t_ps, watts
        total += Fraction(level) * max(0, until - since)
    for step in steps:
        total += Fraction(step.watts) * (min(step.end_ps, until) - min(step.start_ps, until))
    return float(total / PS_PER_S)


def _peak(
    rows: Rows, steps: Sequence[Step], result: RunResult, budget: BudgetConfig, under_way: bool
) -> Iterator[str]:
    """Compare the greatest power with the limit; what changes at one instant changes together."""
    changes = _changes(rows)
    some = counted(budget.components, tuple(changes))
    moved: dict[int, Fraction] = defaultdict(Fraction)
    for name, each in changes.items():
        level = 0.0
        for t_ps, watts in each if some is None or name in some else ():
            moved[t_ps] += Fraction(watts) - Fraction(level)
            level = watts
    for step in steps:
        if some is None or step.component in some:
            moved[step.start_ps] += Fraction(step.watts)
            moved[step.end_ps] -= Fraction(step.watts)
    limit, drawn, above = Fraction(budget.peak_power_w or 0.0), Fraction(0), None
    for t_ps in sorted(moved):
        drawn += moved[t_ps]
        if drawn > limit and above is None:
            above = t_ps
    if above is not None and above < rows.footer.elapsed_ps and result.status == "complete":
        yield f"budget: {budget.peak_power_w} W were passed at {above} ps, and the run is called complete"
    if above is None and "peak_power" in result.reason and not under_way:
        yield "budget: the run was stopped for a peak that is not in its trace"
