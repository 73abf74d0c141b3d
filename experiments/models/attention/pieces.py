"""Residual blocks of attention and perceptron, with weights from a named stream; NOT whole networks.

A block ends in a LayerNorm. Without it a residual path only grows under what a random matrix feeds back, drowns the
blocks behind it, and does not learn. Side inputs, where a block has such, become a scale and a shift behind each of
its two inner LayerNorms (adaLN of W. Peebles, S. Xie, Scalable Diffusion Models with Transformers, 2023).

Sources: A. Vaswani et al., Attention Is All You Need (2017); perceptrons of four times the width and GELU as there
and in A. Dosovitskiy et al., An Image is Worth 16x16 Words (2021).
"""

import math
from typing import Final

import numpy as np
import torch
from torch import nn

from experiments.models.attention.work import EXPANSION, heads_of

__all__ = ["Block", "Head", "Tokens", "Words", "linear"]

_POSITION_SPREAD: Final = 0.02


def linear(inputs: int, outputs: int, rng: np.random.Generator, scale: float = 1.0) -> nn.Linear:
    """Return a layer whose weights and biases are uniform within ``scale``/sqrt(inputs)."""
    layer: nn.Linear = nn.utils.skip_init(nn.Linear, inputs, outputs)  # type: ignore[no-untyped-call]
    bound = scale / math.sqrt(inputs)
    with torch.no_grad():
        for parameter in (layer.weight, layer.bias):
            parameter.copy_(torch.from_numpy(rng.uniform(-bound, bound, parameter.shape)))
    return layer


class Attention(nn.Module):
    """Let every row of a sample look at all of them, or, ``causal``, at itself and those before it."""

    def __init__(
        self, width: int, rng: np.random.Generator, heads: int | None = None, causal: bool = False
    ) -> None:
        super().__init__()
        self.heads, self.causal = heads or heads_of(width), causal
        self.into = linear(width, 3 * width, rng)
        self.out = linear(width, width, rng)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (samples, rows, width) for the same."""
        query, key, value = self._parts(x)
        seen = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=self.causal)
        out: torch.Tensor = self.out(seen.transpose(1, 2).reshape(x.shape))
        return out

    def weights(self, x: torch.Tensor) -> torch.Tensor:
        """Return where each row looks, (samples, heads, rows, rows), each row's sum being 1."""
        query, key, _ = self._parts(x)
        scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
        if self.causal:
            later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
            scores = scores.masked_fill(later, -math.inf)
        return scores.softmax(-1)

    def _parts(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Return queries, keys and values, (samples, heads, rows, values of a head)."""
        samples, rows, width = x.shape
        parts = self.into(x).reshape(samples, rows, 3, self.heads, width // self.heads)
        return list(parts.permute(2, 0, 3, 1, 4))


class Block(nn.Module):
    """Attention and a perceptron, each behind a LayerNorm and beside a residual path, and a LayerNorm at the end.

    With ``side`` values a sample beside the rows, which may come in several tensors, they shift and scale both.
    """

    def __init__(
        self,
        width: int,
        rng: np.random.Generator,
        side: int = 0,
        heads: int | None = None,
        causal: bool = False,
    ) -> None:
        super().__init__()
        self.norms = nn.ModuleList(
            [nn.LayerNorm(width, elementwise_affine=last) for last in (False, False, True)]
        )
        self.attention = Attention(width, rng, heads, causal)
        self.up, self.down = linear(width, EXPANSION * width, rng), linear(EXPANSION * width, width, rng)
        self.modulation = linear(side, 4 * width, rng) if side else None

    def forward(self, x: torch.Tensor, *side: torch.Tensor) -> torch.Tensor:
        """Return (samples, rows, width) for the same, and ``side`` (samples, values) each."""
        first, second = self.norms[0](x), None
        shifts: tuple[torch.Tensor, ...] = ()
        if self.modulation is not None:
            shifts = self.modulation(torch.cat(side, dim=1)).unsqueeze(1).chunk(4, dim=-1)
            first = first * (1.0 + shifts[0]) + shifts[1]
        x = x + self.attention(first)
        second = self.norms[1](x)
        if shifts:
            second = second * (1.0 + shifts[2]) + shifts[3]
        bent = nn.functional.gelu(self.up(second), approximate="tanh")
        out: torch.Tensor = self.norms[2](x + self.down(bent))
        return out


class Tokens(nn.Module):
    """Make ``rows`` of ``width`` values out of ``values`` each, give every place its own, and run a block."""

    def __init__(self, values: int, rows: int, block: Block, width: int, rng: np.random.Generator) -> None:
        super().__init__()
        self.into = linear(values, width, rng)
        self.place = nn.Parameter(
            torch.from_numpy(_POSITION_SPREAD * rng.standard_normal((rows, width))).float()
        )
        self.block = block

    def forward(self, x: torch.Tensor, *side: torch.Tensor) -> torch.Tensor:
        """Return (samples, rows, width) for (samples, rows, values)."""
        out: torch.Tensor = self.block(self.into(x) + self.place, *side)
        return out


class Words(nn.Module):
    """Look up tokens and their places in two tables, and run a block; the tables hold no weights yet."""

    def __init__(self, words: int, rows: int, block: Block, width: int) -> None:
        super().__init__()
        self.words, self.places = (
            nn.utils.skip_init(nn.Embedding, count, width)  # type: ignore[no-untyped-call]
            for count in (words, rows)
        )
        self.block = block

    def embedded(self, x: torch.Tensor) -> torch.Tensor:
        """Return (samples, rows, width) for the numbers of tokens (samples, rows), of whatever type."""
        out: torch.Tensor = self.words(x.long()) + self.places.weight[: x.shape[1]]
        return out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (samples, rows, width) for (samples, rows)."""
        out: torch.Tensor = self.block(self.embedded(x))
        return out


class Head(nn.Module):
    """Read every row: a matrix and biases; it has no use for side inputs."""

    def __init__(self, width: int, outputs: int, rng: np.random.Generator) -> None:
        super().__init__()
        self.out = linear(width, outputs, rng)

    def forward(self, x: torch.Tensor, *side: torch.Tensor) -> torch.Tensor:
        """Return (samples, rows, outputs) for (samples, rows, width)."""
        del side
        out: torch.Tensor = self.out(x)
        return out
