"""Gauss-Newton upon readings: the host's step in a linear model of the outputs, and rounds of such steps.

Slopes of the outputs along some ways are known; in them the outputs are linear, and the loss is convex in the
outputs. The host minimises it, with a penalty on the length, by Newton's method. How far along the step the chip is
still nearly linear, a few readings of another batch tell. Which ways, and how they are read, says the controller.
"""

from collections.abc import Callable, Generator, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from controllers.digital_twin.conjugate import conjugate
from controllers.digital_twin.readings import Readings
from controllers.digital_twin.work import NOTHING, Work
from controllers.losses import curvature_of, loss_for, slopes_of
from controllers.reading import Asker
from emulator.commands import Batch, Command, Controller, Log

__all__ = ["BESIDE", "SHARES", "Step", "best_step", "rounds"]

Floats = NDArray[np.float64]

SHARES: Final = (0.0, 0.3, 0.6, 1.0, 1.4)
"""Of the step that are tried on another batch; with 0 among them a round does no harm."""

BESIDE: Final = 1 + len(SHARES)
"""Readings of a round beside one for each way: one to compare with, and the shares of the step."""

_PRODUCTS: Final = 12
"""Conjugate gradients of one Newton step, at most."""

_BYTES: Final = 8


class Step(NamedTuple):
    """Hold a step of all phases (n,), in radians, what it took to find, and the loss before it."""

    radians: Floats
    work: Work
    loss: float


Finder = Callable[[Floats, int, Batch], Generator[Command, Any, Step]]
"""Finds a step from phases (n,), along so many ways, by readings of a batch."""


def rounds(
    readings: Readings, phases: Floats, find: Finder, most: int, batches: Iterator[Batch], loop: Asker
) -> Controller:
    """Step from ``phases`` (n,) along at most ``most`` ways a round, until the readings do for no further one.

    Where they do not for all ways, a round takes fewer. Logs ``train_loss`` before every round and ``step_share``,
    the length that was taken. Names its incumbent, and leaves the chip there.
    """
    yield readings.named(phases)
    while readings.left > BESIDE:
        count = min(most, phases.size, readings.left - BESIDE)
        step = yield from find(phases, count, next(batches))
        yield step.work.paid("solve")
        phases, share = yield from _longest(readings, phases, step.radians, next(batches), loop)
        yield readings.named(phases)
        yield Log("step_share", share)
        yield Log("train_loss", step.loss)
    yield from readings.left_at(phases)


def best_step(
    outputs: Floats, slopes: Floats, targets: NDArray[Any], penalty: float, newton_steps: int
) -> tuple[Floats, Work]:
    """Return the d (n,) of least loss at ``outputs`` + sum d_i ``slopes``_i, plus penalty |d|^2 / 2, and its work.

    ``outputs`` (samples, outputs), ``slopes`` (n, samples, outputs); the loss is convex in outputs. A Newton step
    that does not help is halved.
    """
    jacobian = slopes.reshape(len(slopes), -1)
    loss_of, step, products = loss_for(targets), np.zeros(len(slopes)), 0

    def at(d: Floats) -> Floats:
        return np.ascontiguousarray(outputs + (d @ jacobian).reshape(outputs.shape))

    def cost(d: Floats) -> float:
        return float(loss_of(at(d), targets)) + 0.5 * penalty * float(d @ d)

    least = cost(step)
    for _ in range(newton_steps):
        here = at(step)
        downhill = -(jacobian @ slopes_of(here, targets).ravel()) - penalty * step

        def curved(way: Floats, here: Floats = here) -> Floats:
            changes = (way @ jacobian).reshape(here.shape)
            return np.asarray(jacobian @ curvature_of(here, targets, changes).ravel() + penalty * way)

        way, used = conjugate(curved, downhill, _PRODUCTS)
        products += 2 * used + 2
        share = 1.0
        while share > 1e-3 and cost(step + share * way) >= least:
            share *= 0.5
            products += 1
        if share <= 1e-3:
            break
        step = step + share * way
        least = cost(step)
    one = Work(2 * jacobian.size + 20 * outputs.size, _BYTES * (jacobian.size + 4 * outputs.size))
    return step, NOTHING.plus(one.times(max(1, products)))


def _longest(
    readings: Readings, phases: Floats, step: Floats, batch: Batch, loop: Asker
) -> Generator[Command, Any, tuple[Floats, float]]:
    """Return the phases of least loss on ``batch`` along ``step``, and at which of ``SHARES`` of it they lie."""
    tried = np.stack([phases + share * step for share in SHARES])
    outputs = yield from readings.each_of(tried, batch, loop)
    losses = [loss_for(batch.labels)(each, batch.labels) for each in outputs]
    best = int(np.argmin(losses))
    return tried[best], SHARES[best]
