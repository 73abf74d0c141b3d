"""An estimate as a table for a terminal, or as JSON."""

from emulator.units import format_si
from experiments.output.json import to_json
from experiments.output.streams.screen import Screen
from experiments.output.streams.standard import say
from experiments.output.tables import Column, Table, table_of
from experiments.output.terminal import show
from experiments.run.own.own import Own
from experiments.run.preflight.estimate import Estimate, estimate
from experiments.run.study import Study

__all__ = ["estimate_table", "show_estimate"]

_WORDS = Column("", words=True)


def show_estimate(study: Study, as_json: bool, own: Own | None = None) -> None:
    """Print what running ``study``, with ``own``, would take; raises ``LightloopError`` for what is refused."""
    found = estimate(study, own)
    if as_json:
        say(to_json(found) + "\n")
    else:
        show(estimate_table(found), Screen())


def estimate_table(found: Estimate) -> Table:
    """Return what ``found`` says, a line an amount."""
    network = found.network or "-".join(map(str, found.layer_sizes))
    if found.phases:
        network += f", {found.phases:,} phases, {found.heaters:,} of them with a heater"
    free = f" of {format_si(found.available_bytes, 'B', 3)} to be had" if found.available_bytes else ""
    parts = (
        ("preparing", found.preparing_s), ("running", found.running_s), ("measuring", found.watching_s),
    )  # fmt: skip
    rows = (
        ("network", network),
        ("queries", f"{found.queries:,}, ended by {found.ends}"),
        ("emulated time", format_si(found.emulated_s, "s", 3)),
        ("energy", format_si(found.energy_j, "J", 3)),
        (
            "wall time",
            f"{_wall(found.wall_s)}: " + ", ".join(f"{name} {_wall(time)}" for name, time in parts),
        ),
        ("memory", f"{format_si(found.memory_bytes, 'B', 3)}{free}"),
        ("trace", format_si(found.trace_bytes, "B", 3)),
    )
    notes = ("Estimates, good to a factor of two; nothing was written.",)
    return table_of(found.title or "A run of this study", (_WORDS, _WORDS), rows, notes)


def _wall(seconds: float) -> str:
    """Return ``seconds`` as people tell time."""
    if seconds < 100:
        return f"{seconds:.2g} s"
    minutes = seconds / 60
    return f"{minutes:.2g} min" if minutes < 100 else f"{minutes / 60:.2g} h"
