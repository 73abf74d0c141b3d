"""Gauss-Newton steps in random subspaces: all heaters are probed at once, along a few directions at right angles.

A round reads a mini-batch at the phases as they are and at ``directions`` others, each a step of one length along
a random direction of all heaters; the directions are orthonormal. In their span the linear model of the outputs
has a least loss; a few shares of the step there are tried on another mini-batch, and the best is taken, none among
them. Nothing is known of the chip: a reading of b samples and c outputs holds b c numbers, of which controllers
that know the loss keep one.

The method is known as random subspace Gauss-Newton (C. Cartis, J. Fowkes and Z. Shao, arXiv 2211.09873), without
derivatives as RSDFO (C. Cartis and L. Roberts, Math. Program. 199, 461, 2023); its use on a chip, for cross-entropy
and on mini-batches is ours. What this module does not do: it looks for no dead heaters, which have no slope.
"""

import math
from collections.abc import Generator
from functools import partial
from typing import Annotated, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from controllers.digital_twin.readings import Readings
from controllers.digital_twin.work import Work
from controllers.gauss_newton.rounds import Step, best_step, rounds
from controllers.kind import DEPLOYMENT, Kind, Program, QueryOptions, Setting
from controllers.losses import loss_for
from controllers.reading import Asker
from emulator.commands import Batch, Command, Controller
from emulator.config.models import PositiveInt, Radians

__all__ = ["KIND", "SubspaceNewtonConfig", "start", "subspace_newton"]

Floats = NDArray[np.float64]

_BYTES: Final = 8


class SubspaceNewtonConfig(QueryOptions):
    """Configure Gauss-Newton steps in random subspaces."""

    kind: Literal["subspace_newton"] = "subspace_newton"
    """Which controller this section configures."""
    queries: PositiveInt = 1500
    """Queries after which the controller ends; the last round takes fewer directions where they run out."""
    samples: PositiveInt = 256
    """Samples of a batch, or the whole training set where that is smaller."""
    directions: PositiveInt = 64
    """Directions of a round, or the number of heaters where that is smaller."""
    probe_rad: Annotated[Radians, Field(gt=0, le=math.pi)] = 0.35
    """Length of a probe: root of the sum of squares over all heaters, in radians, (0, pi]."""
    penalty: Annotated[float, Field(gt=0, le=1e6)] = 0.3
    """Loss for a squared radian of the step, twice, (0, 1e6]: the lambda of lambda |d|^2 / 2."""
    newton_steps: PositiveInt = 3
    """Newton steps of the host's minimisation."""
    loop: Asker = "sequencer"
    """Who drives one probe after the other: the host, or the chip's sequencer all of them."""


def subspace_newton(config: SubspaceNewtonConfig, setting: Setting) -> Controller:
    """Tune the chip of ``setting`` from its design phases, until ``config.queries`` do for no further round.

    ``rounds`` says what is logged and named.
    """
    readings, phases = Readings(setting, config.queries), setting.phases.copy()
    batches = setting.batches(min(config.samples, len(setting.inputs)), "controller/batches")
    find = partial(_step, config, readings, setting.stream("controller/directions"))
    yield from rounds(readings, phases, find, config.directions, batches, config.loop)


def _directions(size: int, count: int, rng: np.random.Generator) -> Floats:
    """Return ``count`` random orthonormal directions of ``size`` heaters, (count, size)."""
    basis, _ = np.linalg.qr(rng.standard_normal((size, count)))
    return np.ascontiguousarray(basis.T)


def _step(
    config: SubspaceNewtonConfig,
    readings: Readings,
    rng: np.random.Generator,
    phases: Floats,
    count: int,
    batch: Batch,
) -> Generator[Command, Any, Step]:
    """Return the step in the span of ``count`` random directions.

    Where the DAC is coarse, they are what it made of them, no longer quite at right angles.
    """
    ways = _directions(phases.size, count, rng)
    probes = np.vstack([phases, phases + config.probe_rad * ways])
    outputs = yield from readings.each_of(probes, batch, config.loop)
    driven = np.stack([readings.remembered(each) for each in probes])
    went = (np.mod(driven[1:] - driven[0] + np.pi, 2 * np.pi) - np.pi) / config.probe_rad
    before, slopes = np.ascontiguousarray(outputs[0]), (outputs[1:] - outputs[0]) / config.probe_rad
    found, work = best_step(before, slopes, batch.labels, config.penalty, config.newton_steps)
    loss = float(loss_for(batch.labels)(before, batch.labels))
    return Step(found @ went, work.plus(_own_work(ways, slopes)), loss)


def _own_work(ways: Floats, slopes: Floats) -> Work:
    """Return the work of directions by QR, 4 n m^2, of the way back from them, and of slopes from readings."""
    flops = 4 * ways.size * len(ways) + 2 * ways.size + 2 * slopes.size
    return Work(flops, _BYTES * (3 * ways.size + 2 * slopes.size))


def start(options: SubspaceNewtonConfig, setting: Setting) -> Program:
    """Return the rounds from the design phases."""
    return Program(subspace_newton(options, setting), options.queries, "recovering")


KIND = Kind("subspace_newton", SubspaceNewtonConfig, frozenset({"chip", DEPLOYMENT}), start)
