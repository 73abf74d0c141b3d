"""The in-situ adjoint method: the chip's own light tells the gradient of the loss by every active phase.

T. W. Hughes, M. Minkov, Y. Shi and S. Fan, Optica 5, 864 (2018), the adjoint variable method. A step takes three
readings of one mini-batch by the monitors at the heaters: forward light; the error, which the host computes from
the outputs, sent backwards; and both at once. What the third intensity has beyond the other two is the gradient by
the phase that the light meets (docs/physics.md has the derivation). Adam follows it (Kingma and Ba, ICLR 2015).

Backward light meets the same imperfect chip as forward light, so that gamma errors, crosstalk and dead neighbours
are in the gradient. What it does not tell is how far a phase moves per driven radian, gamma_i/gamma, and whom else
the heater warms: both are taken for 1 and nobody. Each of the three readings counts as a query.
"""

import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from controllers.kind import DEPLOYMENT, Kind, Program, Setting, TuningOptions
from controllers.losses import loss_for, slopes_of
from controllers.phases import total_rad, wrapped
from emulator.commands import Batch, Command, Compute, Controller, Log, Monitor, Monitored, SetPhases, Settle
from emulator.config.models import PositiveInt, Radians

__all__ = ["KIND", "AvmConfig", "avm", "start"]

Floats = NDArray[np.float64]

_SETTLE = Settle()
_READINGS = 3
_FLOPS_A_PHASE = 20
"""Operations of a step on one phase: the difference of intensities, and Adam."""
_FLOPS_AN_OUTPUT = 10
"""Operations of a softmax, or of a difference, and what follows from it for one output."""


class AvmConfig(TuningOptions):
    """Configure the adjoint method; its three readings a step are Hughes's, the rest is ours."""

    kind: Literal["avm"] = "avm"
    """Which controller this section configures."""
    queries: PositiveInt = 6000
    """Queries after which the controller ends; a step takes three."""
    step_rad: Annotated[Radians, Field(gt=0, le=math.pi)] = 0.02
    """Adam's first step, in radians, (0, pi]."""
    step_end: Annotated[float, Field(gt=0, le=1)] = 0.05
    """The last step over the first, (0, 1]; it falls in between as half a cosine."""
    beta_mean: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """Adam's memory of gradients, a share a step, [0, 1)."""
    beta_square: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """Adam's memory of their squares, a share a step, [0, 1)."""


class _Adam:
    """Adam's memory of one set of phases."""

    def __init__(self, config: AvmConfig, size: int) -> None:
        self._config = config
        self._mean, self._square = np.zeros(size), np.zeros(size)
        self._count = 0

    def step(self, gradient: Floats, length: float) -> Floats:
        """Return by how much phases move down ``gradient`` (phases,), each by about ``length``."""
        mean, square = self._config.beta_mean, self._config.beta_square
        self._count += 1
        self._mean = mean * self._mean + (1 - mean) * gradient
        self._square = square * self._square + (1 - square) * np.square(gradient)
        unbiased = self._mean / (1 - mean**self._count)
        size = np.sqrt(self._square / (1 - square**self._count))
        return np.asarray(-length * unbiased / (size + np.finfo(np.float64).tiny))


def avm(
    config: AvmConfig, heaters: NDArray[np.int64], phases: Floats, batches: Iterator[Batch]
) -> Controller:
    """Tune ``heaters`` (n,), ascending, from ``phases`` (n,) on, until ``config.queries`` leave no step more.

    Logs ``train_loss``, ``active_phase_rad`` (the sum of phi mod 2 pi over active heaters), ``step_rad`` and
    ``gradient_norm`` (root mean square over the phases, per radian) every step.
    """
    phases = wrapped(phases)
    adam, steps = _Adam(config, phases.size), config.queries // _READINGS
    for number, batch in zip(range(steps), batches, strict=False):
        forward: Monitored = yield Monitor("forward", batch)
        outputs, labels = forward.outputs, batch.labels
        loss = loss_for(labels)(outputs, labels)
        yield _work(_FLOPS_AN_OUTPUT * outputs.size, "error")
        errors = slopes_of(outputs, labels).astype(np.float32)
        adjoint: Monitored = yield Monitor("adjoint", batch, errors)
        both: Monitored = yield Monitor("both", batch)
        gradient = both.worth * (both.intensities - forward.intensities - adjoint.intensities)
        length = config.step_rad * _falling(number / steps, config.step_end)
        phases = wrapped(phases + adam.step(gradient, length))
        yield _work(_FLOPS_A_PHASE * phases.size, "update")
        yield SetPhases(heaters.tolist(), phases.tolist())
        yield _SETTLE
        yield Log("train_loss", loss)
        yield Log("active_phase_rad", total_rad(phases))
        yield Log("step_rad", length)
        yield Log("gradient_norm", float(np.sqrt(np.square(gradient).mean())))


def _falling(passed: float, end: float) -> float:
    """Return the step over the first one after a share ``passed`` of all steps."""
    return end + (1 - end) * (1 + math.cos(math.pi * passed)) / 2


def _work(flops: int, activity: str) -> Command:
    return Compute(flops, 8 * flops, activity)


def start(options: AvmConfig, setting: Setting) -> Program:
    """Return the descent from the design phases; raises ``ConfigError`` for a batch beyond the training set."""
    batches: Any = setting.batches(options.batch_size)
    return Program(avm(options, setting.heaters, setting.phases, batches), options.queries, "recovering")


KIND = Kind(
    "avm", AvmConfig, needs=frozenset({"chip", DEPLOYMENT}), start=start, fits=("chip.monitors.fitted=true",)
)
