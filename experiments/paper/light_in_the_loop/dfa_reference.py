"""Feedback alignment in plain torch: what electronics alone reach; NO light, instrument, time or energy.

The yardstick for training with light: the same network, batches and optimiser, with the error projected by a matrix
in memory. The ways to train:

- ``backprop``: the true gradient everywhere;
- ``dfa``: the error projected at full precision;
- ``tdfa``: the error first cut to three values, as a micromirror device shows it;
- ``shallow``: no feedback at all, so only the last layer learns.

Source: J. Launay et al., Light-in-the-loop (2020), section III: 784-1024-1024-10, tanh, Adam, 10 epochs, on all of
MNIST 97.7 % (dfa) and 97.6 % (tdfa) at learning rate 0.001. What it does not say is assumed: batches of 128, inputs
in [0, 1], and projections centred over the batch, without which tdfa starts slowly (at a learning rate of 0.01, not
at all).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np

from controllers.feedback_alignment.dfa import FloatArray, Pending, align, backpropagated, backward, forward
from controllers.feedback_alignment.feedback import FeedbackLayout, Sharing, centred, feedback_matrix
from controllers.feedback_alignment.ternary import ternarize
from emulator.errors import ConfigError, nearest
from emulator.streams import stream
from experiments.models.mlp import mlp
from experiments.tasks.pretraining import reproducible
from experiments.tasks.task import Task

if TYPE_CHECKING:
    import torch

__all__ = ["Epoch", "Method", "ReferenceOptions", "train_reference"]

Method = Literal["backprop", "dfa", "tdfa", "shallow"]


@dataclass(frozen=True)
class ReferenceOptions:
    """Say how to train; raises ``ConfigError`` when a value is outside its range."""

    method: Method = "tdfa"
    """Where the hidden layers' gradients come from."""
    epochs: int = 10
    """Passes over the training part, at least 1."""
    learning_rate: float = 1e-3
    """Of Adam, above 0."""
    batch: int = 128
    """Samples a step, at least 1; the last batch of an epoch may be smaller. Assumed: the paper does not say."""
    sharing: Sharing = "slices"
    """Whether the hidden layers read parts of the projection of their own, or the same one."""
    centre: bool = True
    """Whether the projection's mean over the batch is taken off (``feedback.centred`` tells why). Assumed."""
    scale: float | None = None
    """Deviation of the feedback matrix's entries; None is 1/sqrt(classes)."""
    align_every: int = 50
    """Steps between two comparisons with the true gradient, at least 1."""

    def __post_init__(self) -> None:
        if self.method not in get_args(Method):
            hint = nearest(self.method, get_args(Method))
            allowed = ", ".join(get_args(Method))
            raise ConfigError(
                f"reference: method='{self.method}' is unknown; known: {allowed}. {hint}".rstrip()
            )
        for name in ("epochs", "batch", "align_every"):
            if getattr(self, name) < 1:
                raise ConfigError(
                    f"reference: {name}={getattr(self, name)} is not allowed; it must be at least 1"
                )
        if not self.learning_rate > 0.0:
            raise ConfigError(
                f"reference: learning_rate={self.learning_rate} is not allowed; it must be above 0"
            )


class Epoch(NamedTuple):
    """Tell how one epoch ended."""

    test_accuracy: float
    """Share of the test part, in [0, 1]; it steers nothing."""
    val_loss: float
    """Mean cross-entropy of the validation part, in nats."""
    alignment: tuple[float, ...]
    """Cosine between projected and true gradient of each hidden layer's parameters, mean over the epoch."""


def train_reference(task: Task, options: ReferenceOptions | None = None, seed: int = 0) -> tuple[Epoch, ...]:
    """Train a tanh network of the task's sizes on its training part, and tell of every epoch.

    ``seed`` fixes weights, feedback and batches; they are the same for every method. On one machine the same
    arguments give the same numbers. Raises ``DivergedError`` when the loss stops being finite.
    """
    options = options or ReferenceOptions()
    with reproducible():
        return _train(task, options, seed)


def _train(task: Task, options: ReferenceOptions, seed: int) -> tuple[Epoch, ...]:
    import torch

    blocks = mlp(task.layer_sizes, stream(seed, "dfa/weights"))
    feedback = _Feedback.draw(task.layer_sizes, options, seed)
    optimizer = torch.optim.Adam(
        [p for block in blocks for p in block.parameters()], lr=options.learning_rate
    )
    order = stream(seed, "dfa/batches")
    x, y = torch.tensor(task.x_train, dtype=torch.float32), torch.tensor(task.y_train)
    epochs = []
    for _ in range(options.epochs):
        shuffled = torch.from_numpy(order.permutation(len(x)))
        cosines = []
        for step, start in enumerate(range(0, len(x), options.batch)):
            rows = shuffled[start : start + options.batch]
            pending = forward(blocks, x[rows], y[rows])
            signals = feedback.signals(pending)
            if step % options.align_every == 0:
                cosines.append([layer.parameters for layer in align(pending, signals)])
            optimizer.zero_grad()
            backward(pending, signals)
            optimizer.step()
        epochs.append(_epoch(blocks, task, cosines))
    return tuple(epochs)


@dataclass(frozen=True, eq=False)
class _Feedback:
    """The hidden layers' share of the error, by the method asked for."""

    method: Method
    centre: bool
    layout: FeedbackLayout
    matrix: FloatArray

    @classmethod
    def draw(cls, sizes: Sequence[int], options: ReferenceOptions, seed: int) -> "_Feedback":
        layout = FeedbackLayout(tuple(sizes[1:-1]), options.sharing)
        rng = stream(seed, "dfa/feedback")
        matrix = feedback_matrix(sizes[-1], layout.width, rng, options.scale)
        return cls(options.method, options.centre, layout, matrix)

    def signals(self, pending: Pending) -> tuple[FloatArray, ...]:
        if self.method == "backprop":
            return backpropagated(pending)
        if self.method == "shallow":
            return self.layout.split(np.zeros((len(pending.errors), self.layout.width), dtype=np.float32))
        errors = pending.errors
        shown = ternarize(errors).astype(errors.dtype) if self.method == "tdfa" else errors
        projection = shown @ self.matrix
        return self.layout.split(centred(projection) if self.centre else projection)


def _epoch(blocks: "Sequence[torch.nn.Module]", task: Task, cosines: list[list[float]]) -> Epoch:
    import torch

    network = torch.nn.Sequential(*blocks)
    with torch.no_grad():
        seen = network(torch.tensor(task.x_test, dtype=torch.float32))
        held = network(torch.tensor(task.x_val, dtype=torch.float32))
        loss = torch.nn.functional.cross_entropy(held, torch.tensor(task.y_val))
    hits = float((seen.argmax(dim=1).numpy() == task.y_test).mean())
    return Epoch(hits, float(loss), tuple(np.mean(cosines, axis=0).tolist()))
