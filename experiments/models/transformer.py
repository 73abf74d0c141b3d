"""Decoder-only Transformers as lists of blocks, with weights from a named stream; NOT torch's own random state.

The first block embeds tokens and their places; each block then adds attention and a perceptron, both behind a
LayerNorm, and ends in a LayerNorm; the last block is the head, a matrix from values to the vocabulary.

Sources: those of ``experiments.models.attention``; for decoders alone, A. Radford et al., *Improving Language
Understanding by Generative Pre-Training* (2018).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from controllers.feedback_alignment.work import NOTHING, BlockWork, NetworkWork, Work
from data.sets import FloatArray
from emulator.errors import ConfigError
from experiments.models.attention.work import (
    EXPANSION,
    block_parameters,
    block_work,
    head_work,
    words_work,
)
from experiments.models.model import Blueprint, ModelKind

if TYPE_CHECKING:
    import torch

__all__ = ["KIND", "Transformer"]

_HEADS: Final = 4
_BYTES: Final = 4
_ERROR: Final = 6
"""Operations a value of softmax minus target, as a perceptron's are counted."""
_SPREAD: Final = 0.02
"""Deviation of a matrix's first weights, as A. Radford et al. have it; larger ones learn more slowly."""
_WORDS, _PLACES = 0.05, 0.01
"""The same of both tables, assumed: places say less than words, or blocks that do not learn drown these."""
_AT_ONCE: Final = 128
"""Windows that are answered together."""


@dataclass(frozen=True, slots=True, eq=False)
class Transformer:
    """A network of ``sizes`` (tokens it sees, width of each block..., vocabulary)."""

    sizes: tuple[int, ...]
    heads: int
    blocks: "list[torch.nn.Module]"

    @classmethod
    def drawn(cls, blueprint: Blueprint, rng: np.random.Generator) -> "Transformer":
        """Return a network with random weights; raises ``ConfigError`` when it cannot be of these sizes."""
        heads = _refuse_odd(blueprint)
        from experiments.models.attention.pieces import Block, Words, linear

        context, width, words = blueprint.sizes[0], blueprint.sizes[1], blueprint.sizes[-1]
        first, *others = (Block(width, rng, 0, heads, causal=True) for _ in blueprint.sizes[1:-1])
        table = Words(words, context, first, width)
        blocks: list[torch.nn.Module] = [table, *others, linear(width, words, rng)]
        _draw(blocks, rng)
        for part, spread in ((table.words, _WORDS), (table.places, _PLACES)):
            _fill(part, spread, rng)
        return cls(blueprint.sizes, heads, blocks)

    @property
    def hidden(self) -> tuple[int, ...]:
        """Return the width of each block but the head."""
        return self.sizes[1:-1]

    @property
    def outputs(self) -> int:
        """Return the tokens of the vocabulary."""
        return self.sizes[-1]

    @property
    def rows(self) -> int:
        """Return the tokens of a window."""
        return self.sizes[0]

    def work(self, batch: int) -> NetworkWork:
        """Return what ``batch`` windows ask of the host."""
        rows, words = batch * self.rows, self.sizes[-1]
        error = Work(_ERROR * rows * words, 2 * _BYTES * rows * words)
        return NetworkWork(_works(self.sizes, self.heads, batch), error)

    def answers(self, x: FloatArray, side: "Sequence[torch.Tensor]" = ()) -> NDArray[np.float32]:
        """Return the outputs (windows, tokens, vocabulary) for ``x`` (windows, tokens); not by ``side``."""
        import torch

        del side
        found = []
        with torch.no_grad():
            for first in range(0, len(x), _AT_ONCE):
                signal = torch.tensor(x[first : first + _AT_ONCE], dtype=torch.float32)
                for block in self.blocks:
                    signal = block(signal)
                found.append(signal.numpy())
        outputs: NDArray[np.float32] = np.concatenate(found)
        return outputs

    def attention(self, x: FloatArray) -> NDArray[np.float32]:
        """Return where each token looks in each block, (blocks, windows, heads, tokens, tokens); rows sum to 1."""
        import torch

        found = []
        with torch.no_grad():
            signal = torch.tensor(x, dtype=torch.float32)
            first: Any = self.blocks[0]
            signal = first.embedded(signal)
            inner: Sequence[Any] = (first.block, *self.blocks[1:-1])
            for block in inner:
                found.append(block.attention.weights(block.norms[0](signal)).numpy())
                signal = block(signal)
        return np.stack(found)


def _works(sizes: tuple[int, ...], heads: int, batch: int) -> tuple[BlockWork, ...]:
    """Return the work of each block; that of the tables belongs to the first, whose input's gradient they want."""
    context, width, words = sizes[0], sizes[1], sizes[-1]
    block = block_work(batch, context, width, heads=heads)
    tables = words_work(batch, context, words, width)
    first = BlockWork(
        block.forward + tables.forward,
        block.local_gradient + block.input_gradient + tables.local_gradient,
        NOTHING,
        block.parameters + tables.parameters,
    )
    return (first, *(block,) * (len(sizes) - 3), head_work(batch, context, width, words))


def _training_bytes(blueprint: Blueprint, batch: int) -> int:
    """Return the bytes of weights, gradients and Adam's two means, and of what a batch keeps for its gradients.

    A block keeps nine values of its width for each row beside the perceptron's two, and its scores; outputs are
    held three times.
    """
    sizes, heads = blueprint.sizes, blueprint.heads or _HEADS
    context, width, words = sizes[0], sizes[1] if len(sizes) > 2 else 1, sizes[-1]
    blocks = len(sizes) - 2
    learnt = blocks * block_parameters(width) + (2 * words + context + 1) * width + words
    kept = blocks * ((9 + 2 * EXPANSION) * width + 2 * context * heads) + 3 * words
    return _BYTES * (4 * learnt + batch * context * kept)


def _refuse_odd(blueprint: Blueprint) -> int:
    """Return the heads; raise ``ConfigError`` unless widths are equal and the heads share them."""
    sizes, heads = blueprint.sizes, blueprint.heads or _HEADS
    hidden = sizes[1:-1]
    if not hidden or len(set(hidden)) > 1:
        raise ConfigError(
            f"task.hidden = {list(hidden)} is refused with task.model = 'transformer': the values of a token are "
            "as many in every block; allowed: one equal number a block, such as [64, 64, 64, 64]"
        )
    if hidden[0] % heads:
        fit = [count for count in range(1, min(hidden[0], 64) + 1) if hidden[0] % count == 0]
        raise ConfigError(
            f"task.heads = {heads} is refused: {hidden[0]} values (task.hidden) cannot be shared by as many; "
            f"allowed: {', '.join(map(str, fit))}"
        )
    return heads


def _draw(blocks: "Sequence[torch.nn.Module]", rng: np.random.Generator) -> None:
    """Give matrices small normal weights, and no biases."""
    import torch

    for block in blocks:
        for part in block.modules():
            if isinstance(part, torch.nn.Linear):
                _fill(part, _SPREAD, rng)
                with torch.no_grad():
                    part.bias.zero_()


def _fill(part: Any, spread: float, rng: np.random.Generator) -> None:
    import torch

    with torch.no_grad():
        part.weight.copy_(torch.from_numpy(spread * rng.standard_normal(part.weight.shape)))


KIND = ModelKind("transformer", Transformer.drawn, _training_bytes, tokens=True)
