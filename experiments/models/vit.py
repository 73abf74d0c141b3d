"""A vision Transformer that turns a picture, or what drives one, into a map: tiles of it are its rows.

Every hidden layer of the task is a block of that width; the head reads each row. Where the inputs are no picture,
every row is given all of them, and its place tells it which part of the map it is.

Source: A. Dosovitskiy et al., An Image is Worth 16x16 Words (2021); a LayerNorm at each block's end is ours.
"""

import numpy as np

from experiments.models.attention.chain import Chain, chain_bytes, rows_of
from experiments.models.model import Blueprint, ModelKind

__all__ = ["KIND", "draw_vit"]


def draw_vit(blueprint: Blueprint, rng: np.random.Generator) -> Chain:
    """Return a network with random weights; raises ``ConfigError`` where there is no map, or widths differ."""
    import torch

    from experiments.models.attention.pieces import Block, Head, Tokens

    rows, picture = rows_of(blueprint, KIND.name), blueprint.picture

    class Cut(torch.nn.Module):
        """Cut what goes in into rows."""

        def __init__(self, tokens: Tokens) -> None:
            super().__init__()
            self.tokens = tokens

        def forward(self, x: torch.Tensor, *side: torch.Tensor) -> torch.Tensor:
            """Return (samples, rows, width) for (samples, inputs)."""
            if picture is None:
                values = x.unsqueeze(1).expand(len(x), rows.count, x.shape[1])
            else:
                values = rows.tiles.cut(x, picture[0])
            out: torch.Tensor = self.tokens(values, *side)
            return out

    blocks = [Block(width, rng, rows.side) for width in rows.widths]
    first = Cut(Tokens(rows.inputs, rows.count, blocks[0], rows.width, rng))
    return Chain(rows, [first, *blocks[1:], Head(rows.width, rows.outputs, rng)])


KIND = ModelKind(
    "vit", draw_vit, lambda blueprint, batch: chain_bytes(rows_of(blueprint, "vit"), batch), told=True
)
