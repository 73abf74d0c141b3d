"""Look for dead heaters: one reading for each of them, or a few readings of all of them together.

A dead heater stays cold, so that its device has no phase at all. Alone it is found without any model: no reading
moves. Together they are found through the twin. Heaters are driven to small random phases, at which a cold device
and a warm one differ little, so that the chip is close to what the twin says whoever is dead; then readings are
nearly linear in what each heater makes of its radian, which is fitted: about 1, or about 0. Attenuators are driven
to where they pass a third of what they can, or the light would be too strong for the activations.

A heater that is taken for dead is driven to 0 from then on. If it is sound after all, the twin is still right.
"""

from collections.abc import Generator, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from controllers.deployment import Deployment
from controllers.digital_twin.fit import Effort, refit
from controllers.digital_twin.readings import Readings
from controllers.digital_twin.twin import Record, Twin
from emulator.commands import Batch, Command

__all__ = ["poke_each", "poke_together"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_SMALL_RAD: Final = 1.2
"""Largest phase of a rotator in a poke of all together."""

_ATTENUATED_RAD: Final = (1.0, 1.4)
"""Least and largest phase of an attenuator then: it passes 0.54 to 0.17 of its most."""

_GAIN_SD: Final = 0.5
"""Standard deviation of the prior of a heater's gain: between working and dead lie two of them."""

_DEAD_BELOW: Final = 0.6
"""Fitted gain below which a heater counts as dead: the prior draws gains towards 1, and to miss one is worse."""

_NOISE: Final = 1.5
_FAINT: Final = 0.02
"""A heater moves readings if they change by more than 1.5 times their noise and 2 % of the median change."""


def poke_together(
    twin: Twin,
    readings: Readings,
    deployment: Deployment,
    batches: Iterator[Batch],
    count: int,
    reading_sd: float,
    effort: Effort,
    rng: np.random.Generator,
) -> Generator[Command, Any, list[Record]]:
    """Let ``twin`` bury the heaters that ``count`` readings of random phases show to be dead; return the records.

    The fit takes twice the steps and products of ``effort``: it begins farther off. What the twin believes of its
    devices, and of the phase that all share, begins anew, as it was fitted to dead heaters, too.
    """
    attenuates = _attenuators(deployment)[readings.heaters]
    records = []
    for _ in range(min(count, readings.left)):
        small = rng.uniform(0.0, _SMALL_RAD, attenuates.size)
        phases = np.where(attenuates, rng.uniform(*_ATTENUATED_RAD, attenuates.size), small)
        record = yield from readings.read(phases, next(batches))
        records.append(record)
    twin.forget()
    harder = Effort(2 * effort.steps, 2 * effort.products)
    work = refit(twin, records, reading_sd, harder, _GAIN_SD)
    twin.bury(twin.gains < _DEAD_BELOW)
    twin.forget()
    yield work.paid("poke")
    return records


def poke_each(
    twin: Twin, readings: Readings, phases: Floats, batch: Batch, poke_rad: float
) -> Generator[Command, Any, None]:
    """Let ``twin`` bury the heaters that move no reading when they go ``poke_rad`` from ``phases`` (n,).

    Each takes one reading, and two more tell the noise; where the budget has not as many, the rest are not poked.
    """
    count = min(phases.size, readings.left - 2)
    if count < 1:
        return
    first = yield from readings.read(phases, batch)
    second = yield from readings.read(phases, batch)
    there = readings.remembered(phases + poke_rad)
    outputs = yield from readings.one_by_one(phases, there, np.arange(count), batch, "sequencer")
    base = 0.5 * (first.outputs + second.outputs)
    moved = np.sqrt(np.square(outputs - base).mean(axis=(1, 2)))
    noise = float(np.sqrt(np.square(first.outputs - second.outputs).mean() / 2.0))
    dead = np.zeros(phases.size, dtype=np.bool_)
    dead[:count] = moved <= np.maximum(_NOISE * noise, _FAINT * np.median(moved))
    twin.bury(dead)


def _attenuators(deployment: Deployment) -> Bools:
    """Return which devices (devices,) of a deployment are attenuators."""
    parts = [
        np.repeat([False, True, False], [layer.v.size, layer.sigma.size, layer.u.size])
        for layer in deployment.layers
    ]
    return np.concatenate(parts)
