"""Gauss-Newton from finite differences: no model of the chip, but whole readings instead of their losses alone.

A round moves each heater alone, and so learns how every output of one large batch changes with every phase. To
first order the outputs are linear in a step of all phases, and the loss is convex in the outputs: the host
minimises it, with a penalty on the length of the step, by Newton's method. How far along the step the chip is still
nearly linear, a few readings of another batch tell.

A reading holds as many numbers as the batch has outputs, of which a loss keeps one. Method: ours, of standard parts
(J. Nocedal and S. Wright, Numerical Optimization, 2nd ed., chapters 7 and 10).
"""

from collections.abc import Generator
from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from controllers.digital_twin.readings import Readings
from controllers.gauss_newton.rounds import Step, best_step, rounds
from controllers.kind import DEPLOYMENT, Kind, Program, QueryOptions, Setting
from controllers.losses import loss_for
from controllers.reading import Asker
from emulator.commands import Batch, Command, Controller
from emulator.config.models import PositiveInt, Radians

__all__ = ["KIND", "FdGaussNewtonConfig", "fd_gauss_newton", "start"]

Floats = NDArray[np.float64]


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
    loop: Asker = "sequencer"
    """Who moves heater after heater: the host, or the chip's sequencer for all of them."""


def fd_gauss_newton(config: FdGaussNewtonConfig, setting: Setting) -> Controller:
    """Tune the chip of ``setting`` from its design phases, until ``config.queries`` do for no further round.

    Where they do not for all heaters, a random part of them is moved. ``rounds`` says what is logged and named.
    """
    readings, phases = Readings(setting, config.queries), setting.phases.copy()
    batches = setting.batches(min(config.samples, len(setting.inputs)), "controller/batches")
    find = partial(_step, config, readings, setting.stream("controller/heaters"))
    yield from rounds(readings, phases, find, phases.size, batches, config.loop)


def _step(
    config: FdGaussNewtonConfig,
    readings: Readings,
    rng: np.random.Generator,
    phases: Floats,
    count: int,
    batch: Batch,
) -> Generator[Command, Any, Step]:
    """Return the step that the linear outputs call for, of ``count`` heaters."""
    places = np.sort(rng.choice(phases.size, count, replace=False))
    before = yield from readings.read(phases, batch)
    there = readings.remembered(phases + config.probe_rad)
    moved = yield from readings.one_by_one(phases, there, places, batch, config.loop)
    turned = np.mod(there - before.driven + np.pi, 2 * np.pi) - np.pi  # what the DAC made of it
    turned = turned[places][:, None, None]
    # A heater that the DAC's step keeps where it is tells nothing: its slope is 0, and so is its part of the step.
    slopes = np.divide(moved - before.outputs, turned, out=np.zeros_like(moved), where=turned != 0.0)
    found, work = best_step(before.outputs, slopes, batch.labels, config.penalty, config.newton_steps)
    step = np.zeros(phases.size)
    step[places] = found
    return Step(step, work, loss_for(batch.labels)(before.outputs, batch.labels))


def start(options: FdGaussNewtonConfig, setting: Setting) -> Program:
    """Return the rounds from the design phases."""
    return Program(fd_gauss_newton(options, setting), options.queries, "recovering")


KIND = Kind("fd_gauss_newton", FdGaussNewtonConfig, needs=frozenset({"chip", DEPLOYMENT}), start=start)
