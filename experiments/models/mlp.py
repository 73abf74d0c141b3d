"""Fully connected networks as lists of blocks, with weights from a named stream; NOT torch's own random state."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from controllers.feedback_alignment.work import NetworkWork
from data.sets import FloatArray
from emulator.errors import ConfigError
from experiments.models.mlp_work import network_work, parameter_count
from experiments.models.model import ModelKind

if TYPE_CHECKING:
    import torch

__all__ = ["KIND", "Mlp", "mlp", "training_bytes"]

_SINGLE_BYTES: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Mlp:
    """A network of ``sizes`` (inputs, hidden..., outputs), and what a training of it asks of the host."""

    sizes: tuple[int, ...]
    blocks: "list[torch.nn.Module]"

    @classmethod
    def drawn(cls, sizes: Sequence[int], rng: np.random.Generator) -> "Mlp":
        """Return a network with random weights; raises ``ConfigError`` when it has no hidden layer."""
        if len(sizes) < 3:
            raise ConfigError(
                "task.hidden: a network that is trained from scratch needs at least one hidden layer; allowed: one "
                "or more"
            )
        return cls(tuple(sizes), mlp(sizes, rng))

    @property
    def hidden(self) -> tuple[int, ...]:
        """Return the units of each hidden layer."""
        return self.sizes[1:-1]

    @property
    def outputs(self) -> int:
        """Return the units of the last layer."""
        return self.sizes[-1]

    @property
    def rows(self) -> int:
        """Return 1: a sample is one vector."""
        return 1

    def work(self, batch: int) -> NetworkWork:
        """Return what ``batch`` samples ask of the host."""
        return network_work(self.sizes, batch)

    def answers(self, x: FloatArray, side: "Sequence[torch.Tensor]" = ()) -> NDArray[np.float32]:
        """Return the outputs (samples, outputs) for ``x`` (samples, inputs); it has no use for ``side``."""
        import torch

        del side

        with torch.no_grad():
            signal = torch.tensor(x, dtype=torch.float32)
            for block in self.blocks:
                signal = block(signal)
            outputs: NDArray[np.float32] = signal.numpy()
        return outputs


def mlp(
    sizes: Sequence[int],
    rng: np.random.Generator,
    activation: "Callable[[], torch.nn.Module] | None" = None,
) -> "list[torch.nn.Module]":
    """Build the blocks of a network of ``sizes`` (inputs, hidden..., outputs): linear, activation; the last linear.

    ``activation`` None is tanh. Weights and biases are uniform within 1/sqrt(inputs of the layer), as torch's own
    ``Linear`` has them. Raises ``ConfigError`` unless there are two sizes or more, all at least 1.
    """
    import torch

    if len(sizes) < 2 or min(sizes) < 1:
        raise ConfigError(f"network: sizes={tuple(sizes)} is not allowed; give two or more sizes >= 1")
    blocks: list[torch.nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layer = torch.nn.utils.skip_init(torch.nn.Linear, inputs, outputs)  # type: ignore[no-untyped-call]
        bound = 1.0 / math.sqrt(inputs)
        with torch.no_grad():
            for parameter in (layer.weight, layer.bias):
                parameter.copy_(torch.from_numpy(rng.uniform(-bound, bound, parameter.shape)))
        blocks.append(layer)
    act = torch.nn.Tanh if activation is None else activation
    return [torch.nn.Sequential(layer, act()) for layer in blocks[:-1]] + blocks[-1:]


def training_bytes(sizes: Sequence[int], batch: int) -> int:
    """Return the bytes of weights, gradients and Adam's two means, of what is drawn, and of a batch's signals."""
    drawn = max((inputs + 1) * outputs for inputs, outputs in pairwise(sizes))
    kept = _SINGLE_BYTES * (4 * parameter_count(sizes) + 3 * batch * sum(sizes))
    return kept + 2 * _SINGLE_BYTES * drawn


KIND = ModelKind(
    "mlp",
    lambda blueprint, rng: Mlp.drawn(blueprint.sizes, rng),
    lambda blueprint, batch: training_bytes(blueprint.sizes, batch),
)
