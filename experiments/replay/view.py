"""The outcome of a replay in words and tables for a terminal; it computes nothing but percentages."""

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from emulator.trace.analysis.ledger import IDLE
from emulator.units import format_si
from experiments.output.tables import Table, table_of
from experiments.output.terminal import show
from experiments.replay.closed import Closed
from experiments.replay.modes import ReplayResult
from experiments.replay.rerun import Rerun
from experiments.replay.timed import Timed

__all__ = ["show_replay"]


def show_replay(found: ReplayResult, console: Console) -> None:
    """Print what came out, its mode first."""
    console.print(Text(f"replay --mode {found.mode}: {found.trace} ({found.digest[:12]})", style="bold"))
    if isinstance(found, Rerun):
        lines = _rerun(found)
    elif isinstance(found, Timed):
        lines = _timed(found)
    else:
        lines = _closed(found)
    for line in lines:
        if isinstance(line, str):
            console.print(Text(line))
        else:
            show(line, console)
    if found.out is not None:
        console.print(Text(f"trace {found.out}"))


def _rerun(found: Rerun) -> Iterable[str | Table]:
    yield f"identical: {'true' if found.identical else 'false'}"
    first = found.first_difference
    if first is not None:
        row = f" row {first.row}" if first.row >= 0 else ""
        yield f"first difference: {first.table}{row}, {first.column}: {first.then} then, {first.now} now"
        reason = "; ".join(found.versions_differ) or "the versions are the same"
        yield f"software: {reason}"


def _timed(found: Timed) -> Iterable[str | Table]:
    yield from _changed(found.changed)
    late = f"{found.late} issued late, by up to {format_si(found.latest_s, 's')}"
    yield f"{found.commands} commands: {late}; {found.refused} refused"
    yield (
        f"{found.readings} readings: sums differ by {found.readings_rms_difference:.4g} rms from the recorded ones "
        f"of {found.readings_rms:.4g} rms"
    )
    rows = [(name, f"{pair.then:.6g}", f"{pair.now:.6g}") for name, pair in found.metrics.items()]
    if rows:
        yield table_of("", ("at the end", "then", "now"), rows)


def _closed(found: Closed) -> Iterable[str | Table]:
    yield from _changed(found.changed)
    amounts = (
        ("time", "s", found.recorded_s, found.elapsed_s),
        ("energy", "J", found.recorded_j, found.energy_j),
        ("energy * delay", "J s", found.recorded_s * found.recorded_j, found.elapsed_s * found.energy_j),
    )
    rows = (
        (name, format_si(then, unit), format_si(now, unit), f"x {now / then:.4g}" if then else "")
        for name, unit, then, now in amounts
    )
    yield table_of("", ("", "recorded", "re-timed", "ratio"), rows)
    yield _ledger("Latency, re-timed", found.latency_by_span_s, "s")
    yield _ledger("Energy, re-timed", found.energy_by_component_j, "J")
    queues = (
        (name, totals.commands, format_si(totals.served_s, "s"), format_si(totals.waited_s, "s"))
        for name, totals in found.by_instrument.items()
    )
    yield table_of("Instruments", ("", "commands", "in service", "in the queue"), queues)
    yield f"binds: {found.binds}"
    yield from (f"warning: {warning}" for warning in found.warnings)


def _changed(changed: dict[str, str]) -> Iterable[str]:
    yield from (f"{path} = {value}" for path, value in changed.items())


def _ledger(title: str, amounts: dict[str, float], unit: str) -> Table:
    whole = sum(amounts.values())
    rows = (
        (name, format_si(amounts[name], unit), f"{100 * amounts[name] / whole:.1f} %" if whole else "")
        for name in sorted(amounts, key=lambda each: (each == IDLE, -amounts[each]))
    )
    return table_of(title, ("", unit, "share"), rows)
