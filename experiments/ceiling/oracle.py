"""An oracle that tunes a chip by its true gradient: it has what no controller can, so its best is a ceiling.

Adam (D. Kingma and J. Ba, ICLR 2015) on the active phases, by the derivative of the task's loss through the chip as
it was made: every gamma, all crosstalk, dead heaters, losses, settled heat; light without noise, and DACs without
steps, as between two codes there is no derivative. States are judged by the chip itself, with its noise and steps.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from controllers.batches import mini_batches
from controllers.losses import slopes_of
from controllers.phases import wrapped
from emulator.instruments.chip.state import ChipCore
from emulator.instruments.chip.truth.settled import SettledChip
from emulator.physics.chip.adjoint import MeshNetwork, forward, pull_back
from experiments.tasks.task import Task

__all__ = ["LOOK_EVERY", "STEPS", "Oracle", "Scores"]

Floats = NDArray[np.float64]

STEPS: Final = 2000
"""Steps of the climb: on the shipped studies more change nothing beyond the spread over seeds."""

LOOK_EVERY: Final = 50
"""Steps between two looks at the validation part, of which the state of least loss is kept."""

_BATCH: Final = 128
_FIRST_RAD: Final = 0.03
_MEAN, _SQUARE = 0.9, 0.999


@dataclass(frozen=True)
class Scores:
    """Hold what the chip itself gives in one state: the task's metric on both parts, and the validation loss."""

    test: float
    val: float
    val_loss: float


class Oracle:
    """Know one chip, ``core``, as it was made, and the ``task`` that it shall do; the chip is not changed."""

    def __init__(self, core: ChipCore, task: Task) -> None:
        self.core, self._task = core, task
        self.settled = SettledChip(core)
        receiver = core.config.receiver
        self._network = MeshNetwork(
            core.layers,
            tuple(core.gains),
            core.loss_amplitude,
            core.config.activation_clip,
            receiver.full_scale_output if receiver.adc_bits else np.inf,
            core.design.feeds,
        )

    def gradient(self, radians: Floats, inputs: Floats, targets: NDArray[np.generic]) -> Floats:
        """Return the derivatives (n,) of the task's loss by what the heaters are driven to, ``radians`` (n,)."""
        at = forward(self._network, self.settled.phases(radians), inputs)
        return self.settled.pull_back(pull_back(self._network, at, slopes_of(at.outputs, targets)))

    def scores(self, radians: Floats) -> Scores:
        """Return what the chip itself gives when it is driven to ``radians`` (n,), and has settled."""
        task, split = self._task, len(self._task.x_val)
        inputs = np.concatenate([task.x_val, task.x_test])
        outputs = self.core.observe_settled(inputs, 0, self.settled.heaters, radians)
        val, test = outputs[:split], outputs[split:]
        return Scores(
            task.metric.of_arrays(test, task.y_test),
            task.metric.of_arrays(val, task.y_val),
            task.loss.of_arrays(val, task.y_val),
        )

    def climb(self, rng: np.random.Generator, steps: int, told: Callable[[int], None]) -> Floats:
        """Return the state (n,) of least validation loss on the way of Adam, the first one included.

        ``told`` hears how many of ``steps`` have been made.
        """
        task, radians = self._task, self.settled.radians.copy()
        mean, square = np.zeros_like(radians), np.zeros_like(radians)
        best: Floats = radians
        least = self._val_loss(best)
        batches = mini_batches(task.x_train, task.y_train, min(_BATCH, len(task.x_train)), rng)
        for number, batch in zip(range(1, steps + 1), batches, strict=False):
            slopes = self.gradient(radians, batch.inputs, batch.labels)
            mean = _MEAN * mean + (1 - _MEAN) * slopes
            square = _SQUARE * square + (1 - _SQUARE) * np.square(slopes)
            length = _FIRST_RAD * (1 + np.cos(np.pi * number / steps)) / 2
            size = np.sqrt(square / (1 - _SQUARE**number)) + np.finfo(np.float64).tiny
            moved = radians - length * mean / (1 - _MEAN**number) / size
            radians = wrapped(moved)
            if number % LOOK_EVERY == 0 or number == steps:
                told(number)
                loss = self._val_loss(radians)
                if loss < least:
                    best, least = radians, loss
        return best

    def _val_loss(self, radians: Floats) -> float:
        task = self._task
        outputs = self.core.observe_settled(task.x_val, 0, self.settled.heaters, radians)
        return task.loss.of_arrays(outputs, task.y_val)
