"""What a model is to a run: what trains it, what it answers, and a name to be chosen by; it builds none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from controllers.feedback_alignment import work
from data.sets import FloatArray
from experiments.models.tiles import Tiles

if TYPE_CHECKING:
    import torch

__all__ = ["Blueprint", "Model", "ModelKind"]


@dataclass(frozen=True)
class Blueprint:
    """Say of what sizes a network is to be."""

    sizes: tuple[int, ...]
    """Values a sample that go in, units of hidden layers where the model has such, and values that come out, of
    each row where a sample has several."""
    picture: tuple[int, int, int] | None = None
    """Channels, height and width of what goes in, where it is a picture."""
    side: tuple[int, ...] = ()
    """Values a sample of each input that every block is given beside the row."""
    tiles: Tiles | None = None
    """How the map that comes out is cut into the rows of a model that has such."""
    heads: int | None = None
    """Among how many heads of attention a row's values are shared, where the model has such; None is its own."""


class Model(work.Model, Protocol):
    """A network that a controller trains and that whoever watches may ask."""

    def answers(self, x: FloatArray, side: "Sequence[torch.Tensor]" = ()) -> NDArray[np.float32]:
        """Return the outputs (samples, outputs), or (samples, rows, outputs), for ``x`` (samples, inputs)."""


@dataclass(frozen=True)
class ModelKind:
    """Name a kind of model, what draws one by a blueprint, and what that takes."""

    name: str
    draw: Callable[[Blueprint, np.random.Generator], Model]
    training_bytes: Callable[[Blueprint, int], int]
    """Memory that training such a one on batches of so many samples takes, in bytes; nothing is drawn."""
    told: bool = False
    """Whether its blocks take side inputs."""
    tokens: bool = False
    """Whether it looks up tokens, and so learns text and nothing else."""
