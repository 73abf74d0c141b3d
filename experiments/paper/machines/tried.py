"""Ideas that were tried against SZO-SCD and lost, or won too little to stay: small controllers of one's own.

They are kept so that their table can be made again, and are no kinds: nothing here is offered to a study.
"""

from collections.abc import Generator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from controllers.kind import Setting
from controllers.losses import cross_entropy
from controllers.phases import wrapped
from emulator.commands import (
    Command,
    Compute,
    Controller,
    Descent,
    Forward,
    Incumbent,
    Log,
    Probe,
    Reading,
    Readings,
    Sequence,
    SetPhases,
    Settle,
)

__all__ = ["blocks", "by_importance", "spsa"]

Floats = NDArray[np.float64]

_UNLIMITED = 10**9
_POKE_RAD = 0.1
_BYTES = 8


def spsa(
    setting: Setting,
    rule: Literal["sign", "adam"],
    total: int,
    first_rad: float,
    last_rad: float,
    batch: int = 128,
    pairs: int = 4,
    probe_rad: float = 0.02,
) -> Controller:
    """Follow a running mean of slopes along random directions of all heaters.

    A step is the sign of the mean (momentum 0.9), or the mean over its root mean square (Adam); it falls from
    ``first_rad`` to ``last_rad`` in ``total`` queries. ``pairs`` of readings go before each, in one Sequence.
    """
    size, phases, rng = setting.heaters.size, setting.phases.copy(), setting.rng
    mean, square = np.zeros(size), np.zeros(size)
    yield Incumbent(wrapped(phases), setting.heaters)
    for step, drawn in enumerate(setting.batches(batch), 1):
        ways = rng.choice((-1.0, 1.0), (pairs, size))
        rows = wrapped(np.concatenate([phases + probe_rad * ways, phases - probe_rad * ways]))
        readings: Readings = yield Sequence(np.tile(setting.heaters, (2 * pairs, 1)), rows, drawn)
        losses = np.array([cross_entropy(each, drawn.labels) for each in readings.outputs])
        slope = (losses[:pairs] - losses[pairs:]) / (2 * probe_rad) @ ways / pairs
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        length = first_rad * (last_rad / first_rad) ** min(1.0, 2 * pairs * step / total)
        way = np.sign(mean)
        if rule == "adam":
            way = mean / (1 - 0.9**step) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
        phases -= length * way
        yield Compute(20 * size * (pairs + 1), 4 * _BYTES * size * pairs, "optimise")
        yield Incumbent(wrapped(phases), setting.heaters)
        yield Log("train_loss", float(losses.mean()))


def blocks(setting: Setting, heaters: int = 4, visits: int = 35, step_rad: float = 0.02) -> Controller:
    """Descend as SZO-SCD, but visit ``heaters`` at once: all up or down by lot, else the other way round."""
    phases, rng, decay = wrapped(setting.phases), setting.rng, 0.985 ** (1 / 1875)
    for drawn in setting.batches:
        reading: Reading = yield Forward(drawn)
        loss = cross_entropy(reading.outputs, drawn.labels)
        for _ in range(visits):
            chosen = rng.choice(len(phases), heaters, replace=False)
            moves, home, before = step_rad * rng.choice((-1.0, 1.0), heaters), phases[chosen], loss
            for way in (moves, -moves):
                phases[chosen] = wrapped(home + way)
                reading = yield Probe(setting.heaters[chosen].tolist(), phases[chosen].tolist(), drawn)
                loss = cross_entropy(reading.outputs, drawn.labels)
                if loss < before:
                    break
        step_rad *= decay
        yield Log("train_loss", loss)


def by_importance(
    setting: Setting, power: float = 1.0, pruned: float = 0.0, step_rad: float = 0.02, measured: int = 256
) -> Controller:
    """Descend as SZO-SCD, but visit a heater by how much the outputs move with it, to this ``power``.

    That is measured once on a batch of ``measured``, one heater after the other; a share ``pruned`` of them, the
    least, is never visited.
    """
    heaters, phases, rng = setting.heaters, wrapped(setting.phases), setting.rng
    moved = yield from _sensitivities(setting, phases, measured)
    weights = moved**power
    weights[np.argsort(moved)[: int(pruned * len(phases))]] = 0.0
    count = min(round(0.1 * len(phases)), int(np.count_nonzero(weights)))
    decay = 0.985 ** (1 / 1875)
    for drawn in setting.batches:
        places = np.sort(rng.choice(len(phases), count, replace=False, p=weights / weights.sum()))
        home = phases[places]
        rule = Descent(
            "step_back", wrapped(home - step_rad), home, np.zeros(count, dtype=np.bool_), _UNLIMITED
        )
        forth = wrapped(home + step_rad)[:, np.newaxis]
        found: Readings = yield Sequence(heaters[places][:, np.newaxis], forth, drawn, rule)
        phases[places] = found.radians
        step_rad *= decay
        yield Log("train_loss", found.loss)


def _sensitivities(setting: Setting, phases: Floats, samples: int) -> Generator[Command, Any, Floats]:
    """Return how far the outputs move (root mean square) when each heater alone is moved; all end at home."""
    heaters = setting.heaters
    pairs = np.stack([np.append(heaters[-1:], heaters), np.append(heaters[:1], np.roll(heaters, 1))], axis=1)
    ways = np.stack(
        [np.append(phases[-1:], wrapped(phases + _POKE_RAD)), np.append(phases[:1], np.roll(phases, 1))],
        axis=1,
    )
    readings: Readings = yield Sequence(pairs, ways, next(setting.batches(samples, "tries/importance")))
    yield SetPhases([int(heaters[-1])], [float(phases[-1])])
    yield Settle()
    outputs = readings.outputs
    yield Compute(3 * outputs.size, 2 * _BYTES * outputs.size, "optimise")
    return np.asarray(np.sqrt(((outputs[1:] - outputs[0]) ** 2).mean(axis=(1, 2))))
