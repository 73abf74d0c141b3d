"""The two readings of the paper that give its radians (A) and its accuracies (B); no single one gives both.

Each is also a shipped study for the MNIST network, ``paper_power`` and ``paper_accuracy``.
"""

from dataclasses import dataclass
from typing import Final

__all__ = ["READINGS", "A", "B", "Reading"]


@dataclass(frozen=True)
class Reading:
    """One reading: its letter, what it is, the study that ships it, what it changes, and its queries on MNIST."""

    name: str
    title: str
    study: str
    overrides: tuple[str, ...]
    queries: int


A: Final = Reading(
    "a", "A: square, ccw, 8-bit DAC", "paper_power",
    (
        "chip.mesh.shape=square", "chip.mesh.rotation=ccw", "chip.dac.bits=8", "controller.step_floor=dac_step",
        "controller.phase_memory=dac",
    ),
    2_000_000,
)  # fmt: skip
"""Whole unitaries, rotators as in Eq. 2, steps of an 8-bit DAC."""

B: Final = Reading(
    "b", "B: square, cw", "paper_accuracy", ("chip.mesh.shape=square", "chip.mesh.rotation=cw"), 300_000
)
"""Whole unitaries whose phases are small, so that the spread of gamma does little harm."""

READINGS: Final = (A, B)
