"""Fully connected networks as lists of blocks, with weights from a named stream; NOT torch's own random state."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from emulator.errors import ConfigError

if TYPE_CHECKING:
    import torch

__all__ = ["mlp"]


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
