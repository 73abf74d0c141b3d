"""What is said to a chip, made into its commands: channels into devices, numbers into arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator.commands import (
    Batch,
    Command,
    Descent,
    Forward,
    Incumbent,
    Monitor,
    Probe,
    Sequence,
    SetPhases,
    Settle,
)
from emulator.errors import CommandError
from emulator.instruments.chip.chip import Chip
from emulator.instruments.wire import Said

__all__ = [
    "BATCH",
    "batch_of",
    "channels",
    "forward",
    "incumbent",
    "loaded",
    "monitor",
    "phases_set",
    "probe",
    "reset",
    "sequence",
    "settle",
]

Notes = Mapping[str, Any]

BATCH = "batch"
"""The note that holds what a client has put on the inputs."""


def channels(chip: Chip) -> NDArray[np.int64]:
    """Return the devices (heaters,) that are channels 1, 2, ...: the active heaters, in ascending order."""
    return chip.core.design.heaters


def batch_of(chip: Chip, said: Said, notes: Notes) -> Batch:
    """Return what was said as a batch: inputs sample by sample, its key, labels or values, rows of the task."""
    del notes
    modes, inputs = chip.core.design.values, said["inputs"]
    if inputs.size == 0 or inputs.size % modes:
        raise CommandError(
            f"INPut: {inputs.size} numbers are no samples; allowed: a multiple of {modes}, sample by sample"
        )
    inputs = inputs.reshape(-1, modes)
    labels = said.get("labels", np.zeros(len(inputs)))
    rows = said.get("rows", np.empty(0))
    if labels.size % len(inputs):
        raise CommandError(
            f"INPut: {labels.size} labels for {len(inputs)} samples; allowed: as many for each"
        )
    values = chip.core.layers[-1].outputs if labels.size != len(inputs) else 1
    if values == 1 and chip.core.layers[-1].outputs > 1:
        labels = _whole(labels, np.int64, "labels")
    else:
        labels = labels.reshape(len(inputs), -1)
    return Batch(said.get("key", 0), inputs, labels, _whole(rows, np.int32, "rows"))


def _whole(numbers: NDArray[np.float64], sort: type, what: str) -> NDArray[Any]:
    limits = np.iinfo(sort)
    if not ((np.rint(numbers) == numbers) & (numbers >= limits.min) & (numbers <= limits.max)).all():
        raise CommandError(f"INPut: {what} hold a number that is no index; allowed: whole numbers")
    return numbers.astype(sort)


def loaded(batch: object) -> Batch:
    """Return the batch that a client has put on the inputs; raises ``CommandError`` where there is none."""
    if not isinstance(batch, Batch):
        raise CommandError("this client has put nothing on the inputs; allowed after CHIP:INPut")
    return batch


def _radians(said: Said) -> list[float]:
    """Return a phase for each heater that was named: one said for many is the same for all."""
    radians: list[float] = said["radians"].tolist()
    count = len(said["heaters"])
    return radians * count if len(radians) == 1 else radians


def phases_set(chip: Chip, said: Said, notes: Notes) -> SetPhases:
    """Return the setting of the heaters that were named."""
    del chip, notes
    return SetPhases(said["heaters"], _radians(said))


def incumbent(chip: Chip, said: Said, notes: Notes) -> Incumbent:
    """Return the phases at which a search would end now."""
    del chip, notes
    return Incumbent(_radians(said), said["heaters"])


def settle(chip: Chip, said: Said, notes: Notes) -> Settle:
    """Return the wait for what was said, or for the configured time."""
    del chip, notes
    return Settle(said.get("duration"))


def forward(chip: Chip, said: Said, notes: Notes) -> Forward:
    """Return the query of the batch on the inputs."""
    del chip, said
    return Forward(loaded(notes.get(BATCH)))


def probe(chip: Chip, said: Said, notes: Notes) -> Probe:
    """Return the query of the batch on the inputs, at phases that are set before."""
    del chip
    return Probe(said["heaters"], _radians(said), loaded(notes.get(BATCH)))


def sequence(chip: Chip, said: Said, notes: Notes) -> Sequence:
    """Return the probes that were said, ``width`` channels and phases each; with a rule, those that decide."""
    width, radians = said["width"], said["radians"]
    if width < 1 or radians.size % width or said["channels"].size != radians.size:
        raise CommandError(
            f"SEQuence: {said['channels'].size} channels and {radians.size} phases for probes of {width}; allowed: "
            "as many of both, a multiple of the width"
        )
    heaters, known = _whole(said["channels"], np.int64, "channels"), channels(chip)
    if heaters.size and not (heaters.min() >= 1 and heaters.max() <= len(known)):
        raise CommandError(f"SEQuence: a channel is none of 1..{len(known)}")
    shape = (-1, width)
    decide = None
    if "rule" in said:
        lacking = [name for name in ("back", "home", "keep_home", "queries") if name not in said]
        if lacking:
            raise CommandError(f"SEQuence: a rule needs {', '.join(lacking)} as well")
        decide = Descent(said["rule"], said["back"], said["home"], said["keep_home"] != 0.0, said["queries"])
    return Sequence(
        known[heaters - 1].reshape(shape), radians.reshape(shape), loaded(notes.get(BATCH)), decide
    )


def monitor(chip: Chip, said: Said, notes: Notes) -> Monitor:
    """Return the pass of light that was said, of the batch on the inputs; errors are rows of outputs."""
    errors = said.get("errors")
    if errors is not None:
        outputs = chip.core.layers[-1].outputs
        if errors.size % outputs:
            raise CommandError(f"MONitor: {errors.size} errors; allowed: a multiple of {outputs} outputs")
        errors = errors.astype(np.float32).reshape(-1, outputs)
    return Monitor(said["light"], loaded(notes.get(BATCH)), errors)


def driven(chip: Chip) -> tuple[Command, ...]:
    """Return what drives all heaters to the phases that they are driven to."""
    heaters = channels(chip)
    return (SetPhases(heaters.tolist(), chip.core.driven_phases()[heaters].tolist()),)


def reset(chip: Chip) -> tuple[Command, ...]:
    """Return what sets all heaters to the phases that the run began with, or nothing where they are there."""
    heaters, design = channels(chip), chip.core.design.phases()
    initial = design[heaters]
    if np.array_equal(chip.core.driven_at(heaters, initial), chip.core.driven_phases()):
        return ()
    return (SetPhases(heaters.tolist(), initial.tolist()),)
