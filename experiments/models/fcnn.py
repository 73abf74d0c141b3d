"""Fully connected networks whose steps do not grow with their inputs; NOT those of ``mlp``.

Adam changes every weight by the learning rate, so a unit of 55,296 correlated inputs moves by 55,296 times that and
tanh saturates at once. Here a layer of more than 64 inputs learns numbers of which its weights are 64/inputs:
a step moves no unit by more than 64 learning rates times its inputs. The first weights are as ``mlp`` draws them.

Source: the scaling of learning rates with 1/inputs under Adam is that of G. Yang et al., Tensor Programs V (2022);
64 is assumed.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from controllers.feedback_alignment.work import BlockWork, NetworkWork, Work
from experiments.models.mlp import Mlp, training_bytes
from experiments.models.mlp_work import network_work
from experiments.models.model import ModelKind

if TYPE_CHECKING:
    import torch

__all__ = ["KIND", "Fcnn", "share_of"]

_FREE_INPUTS: Final = 64
_BYTES: Final = 4


def share_of(inputs: int) -> float:
    """Return what a layer's weight is of the number that is learnt, (0, 1]."""
    return min(1.0, _FREE_INPUTS / inputs)


class Fcnn(Mlp):
    """A network of ``sizes`` (inputs, hidden..., outputs) with tanh, each layer fed ``share_of`` its inputs."""

    @classmethod
    def drawn(cls, sizes: Sequence[int], rng: np.random.Generator) -> "Fcnn":
        """Return a network with random weights; raises ``ConfigError`` when it has no hidden layer."""
        drawn = super().drawn(sizes, rng)
        return cls(
            drawn.sizes, [_fed(block, share_of(n)) for block, n in zip(drawn.blocks, sizes, strict=False)]
        )

    def work(self, batch: int) -> NetworkWork:
        """Return what ``batch`` samples ask of the host: a product more for each input that is scaled."""
        plain = network_work(self.sizes, batch)
        inputs = [batch * n if share_of(n) < 1.0 else 0 for n, _ in pairwise(self.sizes)]
        return plain._replace(blocks=tuple(map(_scaled, plain.blocks, inputs)))


def _scaled(block: BlockWork, values: int) -> BlockWork:
    more = Work(values, 2 * _BYTES * values)
    return block._replace(forward=block.forward + more, input_gradient=block.input_gradient + more)


def _fed(block: "torch.nn.Module", share: float) -> "torch.nn.Module":
    """Return ``block``, its input scaled by ``share`` and its matrix by the inverse."""
    import torch

    if share == 1.0:
        return block

    class Scaled(torch.nn.Module):
        """Scale what goes into a block."""

        def __init__(self) -> None:
            super().__init__()
            self.block = block

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            """Return what the block makes of its share."""
            out: torch.Tensor = self.block(x * share)
            return out

    with torch.no_grad():
        next(parameter for parameter in block.parameters() if parameter.ndim == 2).div_(share)
    return Scaled()


KIND = ModelKind(
    "fcnn",
    lambda blueprint, rng: Fcnn.drawn(blueprint.sizes, rng),
    lambda blueprint, batch: training_bytes(blueprint.sizes, batch),
)
