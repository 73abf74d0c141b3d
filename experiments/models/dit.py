"""A diffusion Transformer: a ``vit`` whose blocks are told time and class beside the picture.

Source: W. Peebles, S. Xie, Scalable Diffusion Models with Transformers (2023); the LayerNorm at a block's end is
ours.
"""

import numpy as np

from emulator.errors import ConfigError
from experiments.models.attention.chain import Chain, chain_bytes, rows_of
from experiments.models.model import Blueprint, ModelKind
from experiments.models.vit import draw_vit

__all__ = ["KIND", "draw_dit"]


def draw_dit(blueprint: Blueprint, rng: np.random.Generator) -> Chain:
    """Return a network with random weights; raises ``ConfigError`` where there is nothing to tell its blocks."""
    if not blueprint.side:
        raise ConfigError(
            "task.model = 'dit' is refused: this task tells blocks nothing beside the picture; allowed: 'vit'"
        )
    return draw_vit(blueprint, rng)


KIND = ModelKind(
    "dit", draw_dit, lambda blueprint, batch: chain_bytes(rows_of(blueprint, "dit"), batch), told=True
)
