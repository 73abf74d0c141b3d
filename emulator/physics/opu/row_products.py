"""Products of vectors and a matrix in which a vector's result does not depend on the vectors beside it.

BLAS adds up in an order that depends on a vector's place in the batch, on the batch's size and on the kernel that
it picks for the processor; in single precision the last bits follow. Here every sum runs over the inputs from the
first to the last, one multiplication and addition at a time, rounded once where the processor can. To multiply an
input that is 0 or to leave it out is the same, because entries are finite: batches may be cut in any way.
"""

import numpy as np
from numpy.typing import NDArray

from emulator.kernel import fused_kernel, kernel

__all__ = ["add_products"]

Singles = NDArray[np.float32]
Indices = NDArray[np.int64]

_F = np.float32
_U = np.uint64  # an index of this type is known not to count from the end, so the loops vectorise

_ROWS = 64
_COLUMNS = 256
_DEPTH = 32
"""A panel has 32 x 256 entries: 32 KB, which every four of at most 64 vectors use in turn."""
_PANELS = 4
"""Panels side by side that are copied at once: a matrix of many outputs is read 4 KB in a row."""
_CHUNK = 1024
"""Inputs whose numbers are gathered at once."""
_LINE = 16
"""Numbers in a cache line."""
_FOUR = 4
_EIGHT = 8

_NARROW = 64
_SPARSE = 0.15
"""Fewer outputs than ``_NARROW`` leave panels empty; lighting a smaller share, vectors are faster one by one."""


@kernel
def _aligned(count: int) -> Singles:
    """Return ``count`` zeros that begin at a cache line, so that no load of a wide vector takes two."""
    space = np.zeros(count + _LINE, dtype=np.float32)
    return space[(-space.ctypes.data // 4) % _LINE :][:count]


@fused_kernel
def _add_panel(sums: Singles, panel: Singles, x: Singles, begin: int, rows: int, depth: int) -> None:
    """Add to ``sums`` the products of the inputs from ``begin`` of ``x`` and the first ``depth`` of ``panel``.

    ``sums`` is (rows, columns), ``panel`` (depth, columns) and ``x`` (rows, chunk), all flat; ``rows`` and
    ``depth`` are multiples of 4.
    """
    one, two, three, stride = _U(_COLUMNS), _U(2 * _COLUMNS), _U(3 * _COLUMNS), _U(_CHUNK)
    for row in range(_U(0), _U(rows), _U(_FOUR)):
        for k in range(_U(0), _U(depth), _U(_FOUR)):
            i = row * stride + _U(begin) + k
            a0, a1, a2, a3 = x[i], x[i + _U(1)], x[i + _U(2)], x[i + _U(3)]
            i += stride
            b0, b1, b2, b3 = x[i], x[i + _U(1)], x[i + _U(2)], x[i + _U(3)]
            i += stride
            c0, c1, c2, c3 = x[i], x[i + _U(1)], x[i + _U(2)], x[i + _U(3)]
            i += stride
            d0, d1, d2, d3 = x[i], x[i + _U(1)], x[i + _U(2)], x[i + _U(3)]
            for j in range(one):
                p, q = k * one + j, row * one + j
                t0, t1, t2, t3 = panel[p], panel[p + one], panel[p + two], panel[p + three]
                sums[q] = (((sums[q] + a0 * t0) + a1 * t1) + a2 * t2) + a3 * t3
                q += one
                sums[q] = (((sums[q] + b0 * t0) + b1 * t1) + b2 * t2) + b3 * t3
                q += one
                sums[q] = (((sums[q] + c0 * t0) + c1 * t1) + c2 * t2) + c3 * t3
                q += one
                sums[q] = (((sums[q] + d0 * t0) + d1 * t1) + d2 * t2) + d3 * t3


@kernel
def _gather(x: Singles, top: int, packed: Singles, lit: Indices) -> tuple[int, int]:
    """Fill ``packed`` and ``lit`` with the inputs of ``x`` from ``top`` on that any vector lights.

    Return how many they are, and the input to go on from. Zeros follow, up to a multiple of 4.
    """
    rows, inputs = x.shape
    count = 0
    while top < inputs and count < _CHUNK:
        some = False
        for row in range(rows):
            packed[row, count] = x[row, top]
            some |= x[row, top] != _F(0)
        lit[count] = top
        count += some
        top += 1
    packed[:, count : (count + _FOUR - 1) // _FOUR * _FOUR] = _F(0)
    return count, top


@kernel
def _load(panels: Singles, entries: Singles, inputs: Indices, first: int, columns: int) -> None:
    """Copy ``columns`` of ``entries`` from ``first`` on, of ``inputs``, into ``panels`` (n, depth, columns)."""
    for k in range(inputs.size):
        for left in range(0, columns, _COLUMNS):
            right = min(left + _COLUMNS, columns)
            panels[left // _COLUMNS, k, : right - left] = entries[inputs[k], first + left : first + right]


@kernel
def _move(sums: Singles, out: Singles, outward: bool) -> None:
    """Copy ``sums`` (n, rows, columns) to ``out`` (rows, width), or the other way."""
    for row in range(out.shape[0]):
        for left in range(0, out.shape[1], _COLUMNS):
            right = min(left + _COLUMNS, out.shape[1])
            if outward:
                out[row, left:right] = sums[left // _COLUMNS, row, : right - left]
            else:
                sums[left // _COLUMNS, row, : right - left] = out[row, left:right]


@kernel
def _add_block(x: Singles, entries: Singles, first: int, out: Singles, fresh: bool) -> None:
    """Add to ``out`` the products of at most 64 vectors, a multiple of 4, panel by panel of what they light.

    ``fresh`` as in ``add_products``; ``x`` has at least one input.
    """
    rows, inputs = x.shape
    lit = np.empty(_CHUNK, dtype=np.int64)
    packed = np.empty((_ROWS, _CHUNK), dtype=np.float32)
    panels = _aligned(_PANELS * _DEPTH * _COLUMNS).reshape((_PANELS, _DEPTH, _COLUMNS))
    sums = _aligned(_PANELS * _ROWS * _COLUMNS).reshape((_PANELS, _ROWS, _COLUMNS))
    strip, top = _PANELS * _COLUMNS, 0
    while top < inputs:
        begun = top > 0 or not fresh
        count, top = _gather(x, top, packed, lit)
        for left in range(0, out.shape[1], strip):
            part = out[:, left : left + strip]
            columns = part.shape[1]
            if begun:
                _move(sums, part, False)
            else:
                sums[: (columns + _COLUMNS - 1) // _COLUMNS, :rows] = _F(0)
            for begin in range(0, count, _DEPTH):
                depth = min(_DEPTH, (count - begin + _FOUR - 1) // _FOUR * _FOUR)
                _load(panels, entries, lit[begin : min(begin + _DEPTH, count)], first + left, columns)
                for n in range((columns + _COLUMNS - 1) // _COLUMNS):
                    _add_panel(
                        sums[n].reshape(-1), panels[n].reshape(-1), packed.reshape(-1), begin, rows, depth
                    )
            _move(sums, part, True)


@fused_kernel
def _add_row(x: Singles, entries: Singles, first: int, out: Singles) -> None:
    """Add to ``out`` (width,) the products of one vector ``x`` (inputs,), eight of its lit inputs at a time."""
    lit = np.flatnonzero(x)
    width, end, k = _U(out.size), first + out.size, 0
    while k + _EIGHT <= lit.size:
        x0, t0 = x[lit[k]], entries[lit[k], first:end]
        x1, t1 = x[lit[k + 1]], entries[lit[k + 1], first:end]
        x2, t2 = x[lit[k + 2]], entries[lit[k + 2], first:end]
        x3, t3 = x[lit[k + 3]], entries[lit[k + 3], first:end]
        x4, t4 = x[lit[k + 4]], entries[lit[k + 4], first:end]
        x5, t5 = x[lit[k + 5]], entries[lit[k + 5], first:end]
        x6, t6 = x[lit[k + 6]], entries[lit[k + 6], first:end]
        x7, t7 = x[lit[k + 7]], entries[lit[k + 7], first:end]
        for j in range(width):
            half = (((out[j] + x0 * t0[j]) + x1 * t1[j]) + x2 * t2[j]) + x3 * t3[j]
            out[j] = (((half + x4 * t4[j]) + x5 * t5[j]) + x6 * t6[j]) + x7 * t7[j]
        k += _EIGHT
    while k < lit.size:
        x0, t0 = x[lit[k]], entries[lit[k], first:end]
        for j in range(width):
            out[j] = out[j] + x0 * t0[j]
        k += 1


@kernel
def _add_products(x: Singles, entries: Singles, first: int, out: Singles, fresh: bool) -> None:
    """Add to ``out`` the products of all vectors: four at a time where that pays, and the rest one by one."""
    rows = x.shape[0]
    alone = out.shape[1] < _NARROW or np.count_nonzero(x) <= _SPARSE * x.size
    whole = 0 if alone else rows // _FOUR * _FOUR
    for row in range(0, whole, _ROWS):
        end = min(row + _ROWS, whole)
        _add_block(x[row:end], entries, first, out[row:end], fresh)
    for row in range(whole, rows):
        if fresh:
            out[row] = _F(0)
        _add_row(x[row], entries, first, out[row])


def add_products(x: Singles, entries: Singles, first: int, out: Singles, fresh: bool = False) -> None:
    """Add to ``out`` (batch, width) the products of ``x`` (batch, inputs) and ``entries`` from column ``first`` on.

    All are contiguous float32, ``x`` and ``entries`` (inputs, outputs) finite. If ``fresh``, what ``out`` held is
    lost. The bits of a row of ``out`` depend on its own row of ``x`` alone, and to add the inputs by several calls,
    in their order, gives the bits of one call.
    """
    _add_products(x, entries, first, out, fresh)
