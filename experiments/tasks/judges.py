"""What a task wants of outputs: a loss to learn by and a metric for people, each on arrays; the loss also in torch.

A task with another aim brings objects of its own that fit these protocols.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from controllers import losses
from controllers.feedback_alignment.dfa import Presenter
from data.sets import FloatArray

if TYPE_CHECKING:
    import torch

__all__ = [
    "ACCURACY",
    "CROSS_ENTROPY",
    "Accuracy",
    "CrossEntropy",
    "Loss",
    "Metric",
    "Side",
    "Targets",
    "loss_in_torch",
    "shown_in_torch",
]

Targets = NDArray[Any]
"""Labels (samples,), int64, or values (samples, outputs), float64."""


Side = Sequence["torch.Tensor"]
"""What every block of a network is given besides the signal."""


class Loss(Protocol):
    """A mean over samples of what is wrong with outputs (samples, outputs); less is better."""

    def of_arrays(self, outputs: FloatArray, targets: Targets) -> float:
        """Return the loss of ``outputs`` (samples, outputs)."""

    def of_tensors(self, outputs: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
        """Return the same in torch, to be differentiated."""


class Metric(Protocol):
    """A number for people; it steers nothing."""

    @property
    def name(self) -> str:
        """Return what it is called behind ``val_`` and ``test_`` in a trace."""

    def of_arrays(self, outputs: NDArray[np.floating], targets: Targets) -> float:
        """Return the metric of ``outputs`` (samples, outputs)."""

    def text(self, value: float) -> str:
        """Return ``value`` in a few characters."""

    def of_values_times(self, factor: float) -> "Metric":
        """Return the metric that gives the same where outputs and values are ``factor`` times what they were."""


class CrossEntropy:
    """Mean cross-entropy of the outputs' softmax against labels, in nats."""

    def of_arrays(self, outputs: FloatArray, targets: Targets) -> float:
        """Return it by the kernel that controllers use."""
        return float(losses.cross_entropy(np.ascontiguousarray(outputs), np.ascontiguousarray(targets)))

    def of_tensors(self, outputs: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
        """Return it in torch."""
        from torch.nn.functional import cross_entropy

        return cross_entropy(outputs, targets)


class Accuracy:
    """Share of samples, in [0, 1], whose greatest output is that of their label."""

    name = "accuracy"

    def of_arrays(self, outputs: NDArray[np.floating], targets: Targets) -> float:
        """Return the share; of equal outputs the first counts."""
        return float((outputs.argmax(axis=1) == targets).mean())

    def text(self, value: float) -> str:
        """Return ``value`` in percent."""
        return f"{100 * value:.1f} %"

    def of_values_times(self, factor: float) -> "Accuracy":
        """Return itself: labels have no scale."""
        del factor
        return self


def loss_in_torch(loss: Loss, outputs: NDArray[np.floating], targets: Targets) -> float:
    """Return ``loss`` of ``outputs`` (samples, outputs) as a training in torch has it, in their precision."""
    import torch

    return float(loss.of_tensors(torch.from_numpy(outputs), torch.from_numpy(np.array(targets))).item())


def shown_in_torch(
    present: Presenter, x: FloatArray, targets: Targets, rng: np.random.Generator
) -> tuple[NDArray[Any], Targets, Side]:
    """Return what ``present`` makes of samples ``x`` and ``targets`` with draws of ``rng``, and side inputs."""
    import torch

    shown = present(torch.tensor(x, dtype=torch.float32), torch.tensor(targets), rng)
    return shown.inputs.numpy(), shown.targets.numpy(), shown.side


CROSS_ENTROPY = CrossEntropy()
ACCURACY = Accuracy()
