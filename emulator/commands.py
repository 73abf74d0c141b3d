"""The vocabulary: what a controller may ask of the bench, and what it is told in reply.

A controller is a plain generator: it yields commands and is sent replies. The same frozen dataclasses are
served by the instruments, stored by the recorder and re-issued by a replay; none of them knows SimPy or a file.
Replies are named tuples, because three are made in every query.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Batch",
    "Command",
    "Controller",
    "Forward",
    "Join",
    "Keep",
    "Log",
    "PhasesSet",
    "Reading",
    "Reply",
    "SetPhases",
    "Settle",
    "Settled",
    "Start",
    "Ticket",
]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Hold input vectors that are sent through the chip together.

    ``key`` names the batch in the trace: the same key always means the same inputs. ``inputs`` has shape
    (samples, modes), activation units, float64. ``labels`` has shape (samples,), int64; no instrument looks
    at them. ``samples`` are the rows of the task's training set, where the batch comes from one.
    """

    key: int
    inputs: NDArray[np.float64]
    labels: NDArray[np.int64]
    samples: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, dtype=np.int32))


@dataclass(frozen=True, slots=True)
class SetPhases:
    """Ask the chip to drive ``heaters`` (indices of active devices) to the phases ``radians``."""

    heaters: Sequence[int]
    radians: Sequence[float]


@dataclass(frozen=True, slots=True)
class Settle:
    """Ask the chip to wait for ``duration_ps``, or for its configured settling time when that is None."""

    duration_ps: int | None = None


@dataclass(frozen=True, slots=True)
class Forward:
    """Ask the chip to send ``batch`` through all layers once: this is one query."""

    batch: Batch


@dataclass(frozen=True, slots=True)
class Log:
    """Ask the bench to record ``value`` under ``name`` at the present emulated time; it takes no time."""

    name: str
    value: float


@dataclass(frozen=True, slots=True, eq=False)
class Keep:
    """Ask the bench to keep ``values`` in the trace's states under ``name``; a later Keep replaces it."""

    name: str
    values: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Start:
    """Ask the bench to begin ``command`` and to reply at once with a ticket."""

    command: "SetPhases | Settle | Forward"


@dataclass(frozen=True, slots=True)
class Ticket:
    """Name a command that has been started; yield ``Join(ticket)`` for its reply."""

    number: int


@dataclass(frozen=True, slots=True)
class Join:
    """Ask the bench to wait for the command behind ``ticket`` and to reply with that command's reply."""

    ticket: Ticket


class PhasesSet(NamedTuple):
    """Tell what the heaters draw, in watts, now that the phases are set."""

    power_w: float


class Settled(NamedTuple):
    """Tell how long the chip has waited, in picoseconds."""

    duration_ps: int


class Reading(NamedTuple):
    """Return what the receivers read: ``outputs`` (samples, classes) in activation units, not to be written to.

    ``saturated`` counts the conversions, over all layers, that hit the end of the ADC's range.
    """

    outputs: NDArray[np.float64]
    saturated: int


Command = SetPhases | Settle | Forward | Log | Keep | Start | Join
Reply = PhasesSet | Settled | Reading | Ticket | None
Controller = Generator[Command, Any, None]
