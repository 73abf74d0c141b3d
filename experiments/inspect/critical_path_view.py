"""A critical path and the use of resources as tables for a terminal; it computes nothing."""

from rich.console import Console
from rich.table import Table

from emulator.units import format_si, ps_to_s
from experiments.inspect.critical_path import PathReport
from experiments.output.terminal import titled_table

__all__ = ["show_path"]


def show_path(found: PathReport, console: Console) -> None:
    """Print what set the run's time, the longest steps and how busy each resource was."""
    for table in (_shares(found), _longest(found), _resources(found)):
        console.print(table)


def _shares(found: PathReport) -> Table:
    table = titled_table(f"\nCritical path: {found.steps:,} steps", "span", "time", "share")
    for one in found.shares:
        table.add_row(one.name, format_si(one.s, "s"), f"{100 * one.share:.1f} %")
    table.add_row("sum = elapsed", format_si(found.elapsed_s, "s"), "", style="bold")
    return table


def _longest(found: PathReport) -> Table:
    table = titled_table("\nIts longest steps", "step", "from", "lasting", "command", "mostly")
    for one in found.longest:
        command = "" if one.command < 0 else f"{one.command:,}"
        most = f"{one.most} {100 * one.most_share:.0f} %"
        table.add_row(one.name, format_si(ps_to_s(one.from_ps), "s", 6), format_si(one.s, "s"), command, most)
    return table


def _resources(found: PathReport) -> Table:
    table = titled_table("\nUse of resources", "resource", "busy", "utilisation", "overlap", "idle", "spans")
    table.caption = "overlap: two spans or more at once; the host is busy while an agent thinks, too"
    table.caption_justify = "left"
    for one in found.resources:
        table.add_row(
            one.resource,
            format_si(one.busy_s, "s"),
            f"{100 * one.utilisation:.1f} %",
            format_si(one.overlap_s, "s"),
            format_si(one.idle_s, "s"),
            f"{one.spans:,}",
        )
    return table
