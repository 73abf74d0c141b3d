"""Gauss-Newton from finite differences: no model of the chip, but whole readings instead of their losses alone.

A round moves each heater alone, and so learns how every output of one large batch changes with every phase. To
first order the outputs are linear in a step of all phases, and the loss is convex in the outputs: the host
minimises it, with a penalty on the length of the step, by Newton's method. How far along the step the chip is still
nearly linear, a few readings of another batch tell.

A reading holds as many numbers as the batch has outputs, of which a loss keeps one. Method: ours, of standard parts
(J. Nocedal and S. Wright, Numerical Optimization, 2nd ed., chapters 7 and 10).
"""

from collections.abc import Generator
from typing import Annotated, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from controllers.digital_twin.conjugate import conjugate
from controllers.digital_twin.readings import Readings
from controllers.digital_twin.work import NOTHING, Work
from controllers.kind import DEPLOYMENT, Kind, Program, QueryOptions, Setting
from controllers.losses import curvature_of, loss_for, slopes_of
from emulator.commands import Batch, Command, Controller, Log
from emulator.config.models import PositiveInt, Radians

__all__ = ["KIND", "SHARES", "FdGaussNewtonConfig", "best_step", "fd_gauss_newton", "longest", "start"]

Floats = NDArray[np.float64]

SHARES: Final = (0.0, 0.3, 0.6, 1.0, 1.4)
"""Of the step that are tried on another batch; with 0 among them a round does no harm."""

_LEAST: Final = 2 + len(SHARES)
"""Readings that a round needs: one to compare with, one heater, and the lengths."""

_PRODUCTS: Final = 12
"""Conjugate gradients of one Newton step, at most."""

_BYTES: Final = 8


class FdGaussNewtonConfig(QueryOptions):
    """Configure Gauss-Newton steps from finite differences."""

    kind: Literal["fd_gauss_newton"] = "fd_gauss_newton"
    """Which controller this section configures."""
    queries: PositiveInt = 1500
    """Queries after which the controller ends; a round takes one a heater and six more."""
    samples: PositiveInt = 512
    """Samples of a batch, or the whole training set where that is smaller."""
    probe_rad: Annotated[Radians, Field(gt=0, le=1)] = 0.1
    """How far each heater is moved alone, in radians, (0, 1]."""
    penalty: Annotated[float, Field(gt=0, le=1e6)] = 0.1
    """Loss for a squared radian of the step, twice, (0, 1e6]: the lambda of lambda |d|^2 / 2."""
    newton_steps: PositiveInt = 2
    """Newton steps of the host's minimisation."""
    loop: Literal["host", "sequencer"] = "sequencer"
    """Who moves heater after heater: the host, or the chip's sequencer for all of them."""


def fd_gauss_newton(config: FdGaussNewtonConfig, setting: Setting) -> Controller:
    """Tune the chip of ``setting`` from its design phases, until ``config.queries`` do for no further round.

    Where they do not for all heaters, a random part of them is moved. Logs ``train_loss`` before every round and
    ``step_share``, the length that was taken. Names its incumbent, and leaves the chip there.
    """
    readings, phases = Readings(setting, config.queries), setting.phases.copy()
    batches = setting.batches(min(config.samples, len(setting.inputs)), "controller/batches")
    rng = setting.stream("controller/heaters")
    yield readings.named(phases)
    while readings.left >= _LEAST:
        count = min(phases.size, readings.left - _LEAST + 1)
        places = np.sort(rng.choice(phases.size, count, replace=False))
        batch = next(batches)
        step, work, loss = yield from _step(config, readings, phases, places, batch)
        yield work.paid("solve")
        phases, share = yield from longest(readings, phases, step, next(batches), config.loop)
        yield readings.named(phases)
        yield Log("step_share", share)
        yield Log("train_loss", loss)
    yield from readings.left_at(phases)


def _step(
    config: FdGaussNewtonConfig, readings: Readings, phases: Floats, places: NDArray[np.int64], batch: Batch
) -> Generator[Command, Any, tuple[Floats, Work, float]]:
    """Return the step (n,) that the linear outputs call for, what it took to find, and the loss before it."""
    before = yield from readings.read(phases, batch)
    there = readings.remembered(phases + config.probe_rad)
    moved = yield from readings.one_by_one(phases, there, places, batch, config.loop)
    turned = np.mod(there - before.driven + np.pi, 2 * np.pi) - np.pi  # what the DAC made of it
    slopes = (moved - before.outputs) / turned[places][:, None, None]
    found, work = best_step(before.outputs, slopes, batch.labels, config.penalty, config.newton_steps)
    step = np.zeros(phases.size)
    step[places] = found
    return step, work, loss_for(batch.labels)(before.outputs, batch.labels)


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


def longest(
    readings: Readings, phases: Floats, step: Floats, batch: Batch, loop: Literal["host", "sequencer"]
) -> Generator[Command, Any, tuple[Floats, float]]:
    """Return the phases of least loss on ``batch`` along ``step``, and at which of ``SHARES`` of it they lie."""
    tried = np.stack([phases + share * step for share in SHARES])
    outputs = yield from readings.each_of(tried, batch, loop)
    losses = [loss_for(batch.labels)(each, batch.labels) for each in outputs]
    best = int(np.argmin(losses))
    return tried[best], SHARES[best]


def start(options: FdGaussNewtonConfig, setting: Setting) -> Program:
    """Return the rounds from the design phases."""
    return Program(fd_gauss_newton(options, setting), options.queries, "recovering")


KIND = Kind("fd_gauss_newton", FdGaussNewtonConfig, needs=frozenset({"chip", DEPLOYMENT}), start=start)
