"""Feedback alignment as its equations have it, in plain torch: what an agent is compared with; no test lives here.

Nothing of ``controllers`` is used. Source: J. Launay et al., Light-in-the-loop (2020), Eq. 3 and 4:
dW_i = [(B_i e) * f'(a_i)] h_(i-1)^T, averaged over samples, with f = tanh and e = softmax - one-hot.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = [
    "Batches",
    "Feedback",
    "PlainTraining",
    "exact_feedback",
    "parameters_of",
    "shuffled",
    "ternary_feedback",
]

Blocks = Sequence[torch.nn.Module]
Batches = Iterable[tuple[torch.Tensor, torch.Tensor]]
Feedback = Callable[[torch.Tensor], Sequence[torch.Tensor]]
"""From errors (samples, classes) to the gradients (samples, units) of each hidden layer's outputs."""


def shuffled(
    x: torch.Tensor, y: torch.Tensor, size: int, epochs: int, rng: np.random.Generator
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield batches of ``size``, the last of an epoch with what is left."""
    for _ in range(epochs):
        for rows in torch.split(torch.from_numpy(rng.permutation(len(y))), size):
            yield x[rows], y[rows]


def exact_feedback(
    matrix: NDArray[np.floating],
    hidden: Sequence[int],
    centre: bool = True,
    shared: bool = False,
    lost: Sequence[int] = (),
) -> Feedback:
    """Return errors times ``matrix`` (classes, width), cut to the layers; rows ``lost`` of a batch give zeros.

    With ``centre`` the mean over the rows that are left is taken off.
    """
    numbers = torch.from_numpy(np.asarray(matrix, dtype=np.float64))

    def project(errors: torch.Tensor) -> Sequence[torch.Tensor]:
        kept = torch.ones(len(errors), dtype=torch.bool)
        kept[list(lost)] = False
        seen = torch.zeros(len(errors), numbers.shape[1], dtype=torch.float64)
        seen[kept] = errors[kept].double() @ numbers
        if centre and kept.any():
            seen[kept] -= seen[kept].sum(0) / kept.sum()
        seen = seen.to(errors.dtype)
        return [seen[:, :units] for units in hidden] if shared else torch.split(seen, list(hidden), dim=1)

    return project


def ternary_feedback(
    matrix: NDArray[np.floating], hidden: Sequence[int], threshold: float = 0.1, **options: object
) -> Feedback:
    """Return as ``exact_feedback`` does, after every error has become -1, 0 or 1."""
    project = exact_feedback(matrix, hidden, **options)  # type: ignore[arg-type]
    return lambda errors: project(torch.where(errors.abs() > threshold, errors.sign(), 0.0))


class PlainTraining:
    """Train a copy of ``blocks``, each one linear layer with or without a tanh, with torch's own Adam."""

    def __init__(self, blocks: Blocks, learning_rate: float) -> None:
        self.parameters = parameters_of(blocks)
        self.errors: list[torch.Tensor] = []
        self.losses: list[float] = []
        self._adam = torch.optim.Adam(self.parameters, lr=learning_rate)

    def train(self, batches: Batches, feedback: Feedback, late: bool = False) -> "PlainTraining":
        """Make a step for every batch; if ``late``, only when the next batch's gradients are known."""
        waiting: list[list[torch.Tensor]] = []
        for x, y in batches:
            waiting.append(self._gradients(x, y, feedback))
            if len(waiting) > late:
                self._step(waiting.pop(0))
        for gradients in waiting:
            self._step(gradients)
        return self

    def _gradients(self, x: torch.Tensor, y: torch.Tensor, feedback: Feedback) -> list[torch.Tensor]:
        """Return the gradients of weights and bias of every layer in turn, and note errors and mean loss."""
        layers = list(pairwise(self.parameters))[::2]
        inputs = [x]
        for weights, bias in layers[:-1]:
            inputs.append(torch.tanh(inputs[-1] @ weights.T + bias))
        weights, bias = layers[-1]
        logits = inputs[-1] @ weights.T + bias
        log_softmax = logits - torch.logsumexp(logits, dim=1, keepdim=True)
        target = torch.eye(logits.shape[1], dtype=logits.dtype)[y]
        errors = log_softmax.exp() - target
        self.errors.append(errors)
        self.losses.append(-(log_softmax * target).sum().item() / len(y))
        signals = [s * (1 - h**2) for s, h in zip(feedback(errors), inputs[1:], strict=True)]
        gradients = []
        for signal, given in zip([*signals, errors], inputs, strict=True):
            gradients += [signal.T @ given / len(y), signal.sum(0) / len(y)]
        return gradients

    def _step(self, gradients: Sequence[torch.Tensor]) -> None:
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = gradient
        self._adam.step()


def parameters_of(blocks: Blocks) -> list[torch.Tensor]:
    """Return copies of weights and bias of every layer in turn."""
    return [parameter.detach().clone() for block in blocks for parameter in block.parameters()]
