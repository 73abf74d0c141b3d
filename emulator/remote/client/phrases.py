"""What can be said of each command of the vocabulary, and what its reply may hold: what a dialect puts into words.

A command becomes values by name; answers by name become its reply, and what an instrument does not tell has the
value that the emulator would give it where nothing is to tell.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from emulator.commands import (
    Batch,
    Compute,
    Computed,
    Forward,
    FrameCounts,
    Incumbent,
    Monitor,
    Monitored,
    PhasesSet,
    Probe,
    Project,
    Projection,
    Reading,
    Readings,
    Reply,
    Sequence,
    SetPhases,
    Settle,
    Settled,
)
from emulator.errors import WireError
from emulator.remote.client.templates import Sort
from emulator.units import ps_to_s, s_to_ps

__all__ = ["DRIVEN", "PHRASES", "READ", "Found", "Phrase", "Values", "values_of_batch"]

Values = dict[str, Any]
Found = Mapping[str, Any]
"""Answers by their names."""


class Phrase(NamedTuple):
    """Hold what a command has to say and to be told.

    ``says`` are its values and their sorts, ``told`` the names of what its reply may hold, ``needs`` those without
    which there is none. ``reply`` makes the reply of the command and what was found.
    """

    says: Mapping[str, Sort]
    told: tuple[str, ...]
    needs: tuple[str, ...]
    reply: Callable[[Any, Found], Reply]


DRIVEN: Final[Mapping[str, Sort]] = {"channels": "channels", "radians": "numbers"}
"""What is said of a command that drives heaters; with a law of heaters, also their volts."""
READ: Final = ("outputs", "saturated", "power_w", "reference")
"""What a reading of all outputs may tell."""


def _rows(found: Found, name: str, rows: int) -> Any:
    """Return numbers as ``rows`` rows that nobody writes to; raises ``WireError`` where they are not as many."""
    numbers = np.asarray(found[name], dtype=np.float64)
    if rows == 0 or numbers.size % rows or numbers.size == 0:
        raise WireError(f"{name}: {numbers.size} numbers are not as many for each of {rows} samples")
    shaped = numbers.reshape(rows, -1)
    shaped.setflags(write=False)
    return shaped


def _phases_set(command: SetPhases, found: Found) -> PhasesSet:
    del command
    return PhasesSet(found.get("power_w", math.nan))


def _settled(command: Settle, found: Found) -> Settled:
    if "duration_s" in found:
        return Settled(s_to_ps(found["duration_s"]))
    return Settled(command.duration_ps or 0)


def _reading(command: Forward | Probe, found: Found) -> Reading:
    return Reading(
        _rows(found, "outputs", len(command.batch.inputs)),
        found.get("saturated", 0),
        found.get("power_w", math.nan),
        found.get("reference", 1.0),
    )


def _readings(command: Sequence, found: Found) -> Readings:
    samples, outputs = len(command.batch.inputs), found.get("outputs", np.empty(0))
    decided = command.decide is not None
    rows = 0 if decided else len(command.heaters)
    if rows:
        outputs = _rows(found, "outputs", rows * samples).reshape(rows, samples, -1)
    return Readings(
        outputs,
        found.get("visited_radians", np.empty(0)),
        found.get("loss", math.nan),
        found.get("readings", rows),
        found.get("accepted", 0),
        found.get("tied", 0),
        found.get("pruned", 0),
        found.get("power_w", math.nan),
    )


def _monitored(command: Monitor, found: Found) -> Monitored:
    intensities = np.asarray(found["intensities"])
    intensities.setflags(write=False)
    outputs = found.get("outputs", np.empty(0))
    shape = (len(command.batch.inputs), -1) if outputs.size else (0, 0)
    worth = found.get("worth", np.zeros(len(intensities)))
    return Monitored(
        intensities, outputs.reshape(shape), worth, found.get("saturated", 0), found.get("power_w", math.nan)
    )


def _projection(command: Project, found: Found) -> Projection:
    vectors = len(command.vectors)
    outputs = _rows(found, "outputs", vectors).astype(np.float32)
    outputs.setflags(write=False)
    valid = np.asarray(found.get("valid", np.ones(vectors)), dtype=np.float64)
    if valid.size != vectors:
        raise WireError(f"valid: {valid.size} numbers for {vectors} vectors")
    frames = found.get("frames", (vectors, 0, 0, 0, 0, 0, 0))
    if len(frames) != len(FrameCounts._fields):
        raise WireError(f"frames: {len(frames)} numbers; asked for: {', '.join(FrameCounts._fields)}")
    counts = FrameCounts(*(int(each) for each in frames))
    return Projection(outputs, valid != 0.0, counts, found.get("saturated", 0))


def _computed(command: Compute, found: Found) -> Computed:
    del command
    return Computed(s_to_ps(found.get("duration_s", 0.0)))


def _nothing(command: Incumbent | Batch, found: Found) -> None:
    del command, found


PHRASES: Final[Mapping[type, Phrase]] = {
    Batch: Phrase(
        {"inputs": "numbers", "key": "whole", "labels": "numbers", "rows": "numbers"}, (), (), _nothing
    ),
    SetPhases: Phrase(DRIVEN, ("power_w",), (), _phases_set),
    Settle: Phrase({"seconds": "number"}, ("duration_s",), (), _settled),
    Forward: Phrase({}, READ, ("outputs",), _reading),
    Probe: Phrase(DRIVEN, READ, ("outputs",), _reading),
    Sequence: Phrase(
        {
            "width": "whole", "channels": "channels", "radians": "numbers", "rule": "word", "back": "numbers",
            "home": "numbers", "keep_home": "numbers", "queries": "whole",
        },
        ("outputs", "visited_radians", "loss", "readings", "accepted", "tied", "pruned", "power_w"),
        ("outputs", "visited_radians", "loss", "readings"),
        _readings,
    ),
    Monitor: Phrase(
        {"light": "word", "errors": "numbers"},
        ("intensities", "outputs", "worth", "saturated", "power_w"),
        ("intensities", "worth"),
        _monitored,
    ),
    Incumbent: Phrase(DRIVEN, (), (), _nothing),
    Project: Phrase(
        {"vectors": "numbers", "draw": "whole"},
        ("outputs", "valid", "frames", "saturated"),
        ("outputs",),
        _projection,
    ),
    Compute: Phrase(
        {"flops": "whole", "bytes": "whole", "activity": "text"}, ("duration_s",), (), _computed
    ),
}  # fmt: skip
"""The commands that can be put into words; a Batch is what is brought to the inputs before it is read."""


def values_of_batch(batch: Batch) -> Values:
    """Return what is said of a batch; rows are left out where it comes from no task."""
    rows = batch.samples if len(batch.samples) else None
    return {"inputs": batch.inputs, "key": batch.key, "labels": batch.labels, "rows": rows}


def seconds_of(duration_ps: int | None) -> float | None:
    """Return ``duration_ps`` in seconds, or None where it is."""
    return None if duration_ps is None else ps_to_s(duration_ps)
