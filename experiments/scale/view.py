"""What a step takes, for a terminal."""

from rich.console import Console

from emulator.units import format_si
from experiments.output.tables import Column, table_of
from experiments.output.terminal import show
from experiments.scale.timing import StepTiming

__all__ = ["show_timing"]

_WORDS = Column("", words=True)


def show_timing(found: StepTiming, console: Console) -> None:
    """Print ``found`` as a line an amount."""
    step_s = found.seconds_per_step
    shares = sorted(found.shares_s.items(), key=lambda each: -each[1])
    rows = (
        ("network", found.network),
        ("parameters", format_si(found.parameters, "", 4)),
        ("memory of a GPU", format_si(found.memory_bytes, "B", 4)),
        ("method", f"{found.method}, {found.batch} samples a step, {found.rows} rows"),
        ("a step", f"{format_si(step_s, 's')}, {format_si(found.joules_per_step, 'J')}"),
        (
            "a sample",
            f"{format_si(found.seconds_per_sample, 's')}, {format_si(found.joules_per_sample, 'J')}",
        ),
        ("binds", found.binds),
        *((f"- {word}", f"{100 * part / step_s:.1f} %") for word, part in shares if part > 0),
    )
    notes = (f"{found.steps} steps were timed, {format_si(found.emulated_s, 's')} of emulated time.",)
    show(table_of(found.title or "A training step", (_WORDS, _WORDS), rows, notes), console)
