"""A chain of blocks of attention, from the values of rows to the values of rows: what ViT and DiT share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from controllers.feedback_alignment.work import NOTHING, BlockWork, NetworkWork, Work
from data.sets import FloatArray
from emulator.errors import ConfigError
from experiments.models.attention.work import (
    block_parameters,
    block_work,
    head_work,
    heads_of,
    tokens_work,
)
from experiments.models.model import Blueprint
from experiments.models.tiles import Tiles

if TYPE_CHECKING:
    import torch

__all__ = ["Chain", "Rows", "chain_bytes", "rows_of"]

_BYTES: Final = 4
_AT_ONCE: Final = 250
"""Samples that are asked together, so that scores of all heads need little memory."""

_KEPT: Final = 30
"""Values a row and unit of width that a block keeps for its gradients: its products' inputs, norms, GELU."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Say how a map is cut into rows, how many values go into one and come out, and the width of each block."""

    tiles: Tiles
    inputs: int
    outputs: int
    widths: tuple[int, ...]
    side: int = 0

    @property
    def count(self) -> int:
        """Return the rows of a sample."""
        return self.tiles.count

    @property
    def width(self) -> int:
        """Return the width of all blocks."""
        return self.widths[0]


def rows_of(blueprint: Blueprint, model: str) -> Rows:
    """Return the rows of ``model``; raises ``ConfigError`` where a task has none, or widths differ.

    The hidden layers of the task are the blocks. Where what goes in is no picture, every row is given all of it.
    """
    tiles, widths = blueprint.tiles, blueprint.sizes[1:-1]
    if tiles is None:
        raise ConfigError(
            f"task.model = {model!r} is refused: what this task is to give is no map that could be cut into rows; "
            "allowed with a task of maps or pictures: climate_na, climate_bench, mnist16_diffusion, ..."
        )
    if not widths or len(set(widths)) > 1:
        raise ConfigError(
            f"task.hidden = {list(widths)} is refused with task.model = {model!r}: its residual blocks are of one "
            "width; allowed: the width of each block, such as [64, 64, 64, 64]"
        )
    channels = 0 if blueprint.picture is None else blueprint.picture[0]
    inputs = channels * tiles.places if channels else blueprint.sizes[0]
    return Rows(tiles, inputs, blueprint.sizes[-1] // tiles.count, widths, sum(blueprint.side))


def chain_bytes(rows: Rows, batch: int) -> int:
    """Return the bytes of weights, gradients and Adam's two means, and of what a batch's blocks keep."""
    parameters = sum(block.parameters for block in _works(rows, 1))
    scores = 3 * rows.count * heads_of(rows.width)
    kept = len(rows.widths) * batch * rows.count * (_KEPT * rows.width + scores)
    return _BYTES * (4 * parameters + kept)


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """A network of rows whose ``blocks`` are in order; how samples become rows is the blocks' own."""

    shape: Rows
    blocks: "list[torch.nn.Module]"

    @property
    def rows(self) -> int:
        """Return how many rows a sample has."""
        return self.shape.count

    @property
    def hidden(self) -> tuple[int, ...]:
        """Return the width of each block."""
        return self.shape.widths

    @property
    def outputs(self) -> int:
        """Return the values of a row that comes out."""
        return self.shape.outputs

    def work(self, batch: int) -> NetworkWork:
        """Return what ``batch`` samples ask of the host; the error is a difference and its weight."""
        values = batch * self.shape.count * self.shape.outputs
        return NetworkWork(_works(self.shape, batch), Work(3 * values, 4 * _BYTES * values))

    def answers(self, x: FloatArray, side: "Sequence[torch.Tensor]" = ()) -> NDArray[np.float32]:
        """Return the outputs (samples, rows, values) for ``x`` (samples, inputs)."""
        import torch

        found = []
        with torch.no_grad():
            for first in range(0, len(x), _AT_ONCE):
                part = slice(first, first + _AT_ONCE)
                signal = torch.tensor(x[part], dtype=torch.float32)
                for block in self.blocks:
                    signal = block(signal, *(one[part] for one in side))
                found.append(signal.numpy())
        return np.concatenate(found)


def _works(rows: Rows, batch: int) -> tuple[BlockWork, ...]:
    """Return the work of each block; that of making rows belongs to the first."""
    block = block_work(batch, rows.count, rows.width, rows.side)
    made = tokens_work(batch, rows.count, rows.inputs, rows.width)
    first = BlockWork(
        block.forward + made.forward,
        block.local_gradient + block.input_gradient + made.local_gradient,
        NOTHING,
        block_parameters(rows.width, rows.side) + made.parameters,
    )
    return (first, *(block,) * (len(rows.widths) - 1), head_work(batch, rows.count, rows.width, rows.outputs))
