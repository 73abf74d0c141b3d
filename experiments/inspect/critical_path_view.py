"""A critical path and the use of resources as tables for a terminal; it computes nothing."""

from rich.console import Console

from emulator.units import format_si, ps_to_s
from experiments.inspect.critical_path import PathReport
from experiments.output.tables import Table, table_of
from experiments.output.terminal import show

__all__ = ["show_path"]


def show_path(found: PathReport, console: Console) -> None:
    """Print what set the run's time, the longest steps and how busy each resource was."""
    for table in (_shares(found), _longest(found), _resources(found)):
        show(table, console)


def _shares(found: PathReport) -> Table:
    rows = [(one.name, format_si(one.s, "s"), f"{100 * one.share:.1f} %") for one in found.shares]
    rows.append(("sum = elapsed", format_si(found.elapsed_s, "s"), ""))
    title = f"Critical path: {found.steps:,} steps"
    return table_of(title, ("span", "time", "share"), rows, total=True)


def _longest(found: PathReport) -> Table:
    headings = ("step", "from", "lasting", "command", "mostly")
    rows = (
        (
            one.name,
            format_si(ps_to_s(one.from_ps), "s", 6),
            format_si(one.s, "s"),
            "" if one.command < 0 else one.command,
            f"{one.most} {100 * one.most_share:.0f} %",
        )
        for one in found.longest
    )
    return table_of("Its longest steps", headings, rows)


def _resources(found: PathReport) -> Table:
    headings = ("resource", "busy", "utilisation", "overlap", "idle", "spans")
    rows = (
        (
            one.resource,
            format_si(one.busy_s, "s"),
            f"{100 * one.utilisation:.1f} %",
            format_si(one.overlap_s, "s"),
            format_si(one.idle_s, "s"),
            one.spans,
        )
        for one in found.resources
    )
    note = "overlap: two spans or more at once; the host is busy while an agent thinks, too"
    return table_of("Use of resources", headings, rows, (note,))
