"""What blocks of attention ask of the host, in operations and bytes, piece by piece; NOT how long that takes.

Counted as all work is (``controllers.feedback_alignment.work``): a LayerNorm is 7 operations a value (mean,
difference, square, sum, product, scale, shift) and twice that back, a softmax 5 a score, GELU by tanh 8 a value and
10 back.
"""

from typing import Final

from controllers.feedback_alignment.work import NOTHING, BlockWork, Work, product_work, total

__all__ = [
    "EXPANSION",
    "block_parameters",
    "block_work",
    "head_work",
    "heads_of",
    "tokens_work",
    "words_work",
]

EXPANSION: Final = 4
"""Width of a block's perceptron, in widths of the block."""

_HEAD_VALUES: Final = 16
"""Values of an attention head, where the width is a multiple of it; assumed."""

_BYTES: Final = 4
_NORMS: Final = 3


def heads_of(width: int) -> int:
    """Return the heads of a block of ``width`` values."""
    return width // _HEAD_VALUES if width % _HEAD_VALUES == 0 else 1


def block_work(samples: int, rows: int, width: int, side: int = 0, heads: int | None = None) -> BlockWork:
    """Return the work of a ``Block`` on ``samples`` of ``rows`` each; a mask of attention saves nothing.

    Its own gradients take all products backwards once for weights and, but the first, once for what goes in; the
    gradient of its input is that first product's, and the first LayerNorm's.
    """
    values, inner = samples * rows * width, samples * rows * width * EXPANSION
    products = [
        product_work(samples * rows, *shape)
        for shape in (
            (width, 3 * width),
            (width, width),
            (width, EXPANSION * width),
            (EXPANSION * width, width),
        )
    ]
    biases = _each(values, 3 + 1 + EXPANSION + 1)
    modulation = product_work(samples, side, 4 * width) if side else NOTHING
    modulated = _each(values, 4, 4) if side else NOTHING
    norm, norm_back, sums = _each(values, 7, 2), _each(values, 14, 3), _each(2 * values, 1, 3)
    attention = _attention(samples, rows, width, heads or heads_of(width))
    return BlockWork(
        forward=total(
            [*products, biases, *(norm,) * _NORMS, sums, attention, _each(inner, 8, 2),
             modulation, modulated]
        ),
        local_gradient=total(
            [*products, *products[1:], biases, *(norm_back,) * (_NORMS - 1), sums, _each(inner, 10, 3),
             attention, attention, modulation, modulated, modulated]
        ),
        input_gradient=total([products[0], norm_back, modulated]),
        parameters=block_parameters(width, side),
    )  # fmt: skip


def block_parameters(width: int, side: int = 0) -> int:
    """Return the numbers that a ``Block`` learns."""
    layers = ((width, 3 * width), (width, width), (width, EXPANSION * width), (EXPANSION * width, width))
    return (
        sum((inputs + 1) * outputs for inputs, outputs in layers)
        + 2 * width
        + ((side + 1) * 4 * width if side else 0)
    )


def tokens_work(samples: int, rows: int, values: int, width: int) -> BlockWork:
    """Return what ``Tokens`` adds to its block: a product and the places; nothing is wanted of its input."""
    product = product_work(samples * rows, values, width)
    sums = _each(samples * rows * width, 2, 3)
    return BlockWork(product + sums, product + sums, NOTHING, (values + 1) * width + rows * width)


def words_work(samples: int, rows: int, words: int, width: int) -> BlockWork:
    """Return what ``Words`` adds to its block: rows of tables are read and summed, and their gradients to zeros."""
    tables = (words + rows) * width
    read = _each(samples * rows * width, 1, 3)
    return BlockWork(read, read + read + Work(0, _BYTES * tables), NOTHING, tables)


def head_work(samples: int, rows: int, width: int, outputs: int) -> BlockWork:
    """Return the work of a ``Head``."""
    product, bias = product_work(samples * rows, width, outputs), _each(samples * rows * outputs, 1)
    return BlockWork(product + bias, product + bias, product, (width + 1) * outputs)


def _attention(samples: int, rows: int, width: int, heads: int) -> Work:
    """Return the work of scores, softmax and their use, head by head; backwards it is twice that."""
    share, count = width // heads, samples * heads
    one = product_work(rows, share, rows) + product_work(rows, rows, share) + _each(rows * rows, 6, 4)
    return Work(count * one.flops, count * one.bytes)


def _each(values: int, operations: int, passes: int = 1) -> Work:
    """Return ``operations`` on each of ``values``, which are read or written ``passes`` times."""
    return Work(operations * values, passes * _BYTES * values)
