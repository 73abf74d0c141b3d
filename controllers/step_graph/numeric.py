"""A small perceptron of a workload's dimensions, really trained on noise beside the graph that is timed.

It shows that the graph asks for what a training asks for: the errors that it projects are its own, and it learns by
the projections that come back. NOT here: time, and any task worth learning.
"""

from collections import deque
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from controllers.feedback_alignment.dfa import FloatArray, Pending, backpropagate, backward, forward
from controllers.feedback_alignment.ternary import ternarize
from controllers.kind import Setting
from controllers.step_graph.workload import WorkloadConfig
from emulator.errors import ConfigError

if TYPE_CHECKING:
    import torch

__all__ = ["Numbers", "numbers_of"]

_MOST_WEIGHTS: Final = 20_000_000
_LEARNING_RATE: Final = 0.01
_LIT: Final = 0.5
"""Of the root mean square of all errors: what is larger counts as 1 or -1."""


class Numbers:
    """Train a perceptron by what is asked of it in the order of a step; at most two steps are under way."""

    def __init__(self, workload: WorkloadConfig, setting: Setting) -> None:
        import torch

        self._workload = workload
        self._draws = setting.stream("step_graph/samples")
        self._blocks = _perceptron(workload, setting.stream("step_graph/weights"))
        parameters = [each for block in self._blocks for each in block.parameters()]
        kind: Callable[..., torch.optim.Optimizer] = (
            torch.optim.SGD if workload.optimizer == "sgd" else torch.optim.Adam
        )
        self._optimizer = kind(parameters, lr=_LEARNING_RATE)
        shape = (workload.projected, self._projections())
        self._matrix = setting.stream("step_graph/feedback").standard_normal(shape, dtype=np.float32)
        self._pending: deque[Pending] = deque()
        self._found: deque[FloatArray] = deque()

    def _projections(self) -> int:
        shared = self._workload.sharing == "shared"
        return self._workload.width * (1 if shared else self._workload.depth)

    def forward(self) -> float:
        """Run a batch of noise and return its mean squared error against other noise."""
        import torch

        w = self._workload
        x = torch.from_numpy(self._draws.random((w.batch, w.inputs), dtype=np.float32))
        y = torch.from_numpy(self._draws.random((w.batch, w.outputs), dtype=np.float32))
        late = w.schedule == "late"
        self._pending.append(forward(self._blocks, x, y, torch.nn.functional.mse_loss, late))
        return self._pending[-1].loss

    def errors(self) -> NDArray[np.float32]:
        """Return the last batch's errors, cut to three values: what light is shown."""
        return ternarize(self._pending[-1].errors, _LIT, "batch_rms").astype(np.float32)

    def projected(self, outputs: FloatArray) -> None:
        """Take the projections (rows, projections) that light gave."""
        self._found.append(outputs)

    def learn(self) -> None:
        """Make the step of the oldest batch that is under way."""
        pending = self._pending.popleft()
        self._optimizer.zero_grad()
        if self._workload.method == "bp":
            backpropagate(pending)
        else:
            backward(pending, self._signals(pending))
        self._optimizer.step()

    def _signals(self, pending: Pending) -> Sequence[FloatArray]:
        w = self._workload
        found = self._found.popleft() if w.method == "odfa" else pending.errors @ self._matrix
        found = found.astype(np.float32) / np.sqrt(w.projected)
        if w.sharing == "shared":
            return (found,) * w.depth
        return tuple(np.split(found, w.depth, axis=1))


def numbers_of(workload: WorkloadConfig, setting: Setting) -> Numbers:
    """Return the perceptron of ``workload``; raises ``ConfigError`` for one that is too large to be computed."""
    w = workload
    weights = w.inputs * w.width + (w.depth - 1) * w.width**2 + w.width * w.outputs
    if weights > _MOST_WEIGHTS:
        raise ConfigError(
            f"workload.numeric = true is refused: the perceptron has {weights:,} weights; allowed: up to "
            f"{_MOST_WEIGHTS:,}, or workload.numeric = false, which times any size"
        )
    return Numbers(workload, setting)


def _perceptron(w: WorkloadConfig, rng: np.random.Generator) -> "list[torch.nn.Module]":
    import torch

    sizes = (w.inputs, *(w.width,) * w.depth, w.outputs)
    blocks: list[torch.nn.Module] = []
    for number, (inputs, outputs) in enumerate(pairwise(sizes)):
        layer = torch.nn.Linear(inputs, outputs)
        with torch.no_grad():
            drawn = rng.standard_normal((outputs, inputs), dtype=np.float32) / np.sqrt(inputs)
            layer.weight.copy_(torch.from_numpy(drawn))
            layer.bias.zero_()
        blocks.append(layer if number == w.depth else torch.nn.Sequential(layer, torch.nn.Tanh()))
    return blocks
