"""Settings read one after the other: by the host, probe by probe, or by the chip's sequencer in one go."""

from collections.abc import Generator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from controllers.losses import loss_for
from emulator.commands import Batch, Command, Probe, Reading, Readings, Sequence

__all__ = ["Asker", "losses_at", "outputs_at"]

Floats = NDArray[np.float64]

Asker = Literal["host", "sequencer"]
"""Who asks for the readings."""


def outputs_at(
    heaters: NDArray[np.int64], radians: Floats, batch: Batch, loop: Asker
) -> Generator[Command, Any, Floats]:
    """Have ``heaters`` (n, k) driven to ``radians`` (n, k), row by row; return the (n, samples, outputs)."""
    if loop == "sequencer":
        found: Readings = yield Sequence(heaters, radians, batch)
        return found.outputs
    outputs: list[Floats] = []
    for row, phases in zip(heaters.tolist(), radians.tolist(), strict=True):
        reading: Reading = yield Probe(row, phases, batch)
        outputs.append(reading.outputs)
    return np.stack(outputs)


def losses_at(
    heaters: NDArray[np.int64], radians: Floats, batch: Batch, loop: Asker
) -> Generator[Command, Any, Floats]:
    """Have ``heaters`` (n, k) driven to ``radians`` (n, k), row by row; return the losses (n,)."""
    loss_of = loss_for(batch.labels)
    outputs = yield from outputs_at(heaters, radians, batch, loop)
    return np.array([loss_of(each, batch.labels) for each in outputs])
