"""What to say of a trace that holds only the beginning of a run, so that nobody takes it for a whole one."""

from emulator.units import format_si

__all__ = ["WHOLE", "fragment_note"]

WHOLE = ("complete", "budget", "diverged")
"""Statuses of runs that ended by themselves."""


def fragment_note(status: str, elapsed_s: float) -> str:
    """Return a note about a trace of ``status`` that ends after ``elapsed_s`` seconds; none where it is whole."""
    if status in WHOLE:
        return ""
    if status == "running":
        return f"a fragment, not a whole study: its run goes on, and had come to {format_si(elapsed_s, 's')}"
    return f"a fragment, not a whole study: its run was cut off ({status}) after {format_si(elapsed_s, 's')}"
