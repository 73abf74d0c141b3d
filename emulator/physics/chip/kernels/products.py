"""Matrices times light, in loops of our own: the order of every sum is the same on every machine, unlike BLAS's."""

import numpy as np
from numpy.typing import NDArray

from emulator.kernel import kernel
from emulator.physics.chip.kernels.tape import LANES

__all__ = ["multiply"]

Floats = NDArray[np.float64]

_LANES = np.uint64(LANES)
_TWO, _THREE = np.uint64(2 * LANES), np.uint64(3 * LANES)


@kernel
def _place(row: int, column: int, modes: int, lanes_are_rows: bool) -> int:
    """Return where the entry (row, column) of a matrix lies that is stored as tiles (modes, LANES) of light."""
    if lanes_are_rows:
        return (row // LANES) * modes * LANES + column * LANES + row % LANES
    return (column // LANES) * modes * LANES + row * LANES + column % LANES


@kernel
def multiply(
    light: Floats,
    matrix: int,
    modes: int,
    lanes_are_rows: bool,
    columns: Floats,
    first: int,
    target: Floats,
    begin: int,
    rows: int,
    inputs: int,
) -> None:
    """Write a matrix (rows, inputs) times a tile of columns (inputs, LANES) into ``target[begin:]`` (rows, LANES).

    The matrix lies in ``light[matrix:]`` as tiles of light with ``modes`` waveguides: as the output light of the
    unit vectors, or, when ``lanes_are_rows``, turned. Four rows by four inputs at a time, so that every load serves
    four products; sums run over the inputs in their order.
    """
    whole_rows, whole_inputs = rows // 4 * 4, inputs // 4 * 4
    down, right = (
        (1, LANES) if lanes_are_rows else (LANES, 1)
    )  # to the next row, to the next input, in a tile
    y, x = np.uint64(begin), np.uint64(first)
    for entry in range(np.uint64(rows) * _LANES):
        target[y + entry] = 0.0
    for row in range(0, whole_rows, 4):  # rows outside: four of the target stay in the nearest cache
        r = y + np.uint64(row) * _LANES
        for mode in range(0, whole_inputs, 4):
            at, c = matrix + _place(row, mode, modes, lanes_are_rows), x + np.uint64(mode) * _LANES
            _four_by_four(light, at, down, right, columns, c, target, r)
    for row in range(whole_rows, rows):
        r = y + np.uint64(row) * _LANES
        for mode in range(0, whole_inputs, 4):
            at, c = matrix + _place(row, mode, modes, lanes_are_rows), x + np.uint64(mode) * _LANES
            w0, w1, w2, w3 = light[at], light[at + right], light[at + 2 * right], light[at + 3 * right]
            for lane in range(_LANES):
                target[r + lane] = (
                    target[r + lane] + w0 * columns[c + lane] + w1 * columns[c + _LANES + lane]
                    + w2 * columns[c + _TWO + lane] + w3 * columns[c + _THREE + lane]
                )  # fmt: skip
    for mode in range(whole_inputs, inputs):
        c = x + np.uint64(mode) * _LANES
        for row in range(rows):
            w0, r = light[matrix + _place(row, mode, modes, lanes_are_rows)], y + np.uint64(row) * _LANES
            for lane in range(_LANES):
                target[r + lane] = target[r + lane] + w0 * columns[c + lane]


@kernel
def _four_by_four(
    light: Floats, at: int, down: int, right: int, columns: Floats, c: np.uint64, target: Floats, r: np.uint64
) -> None:
    """Add four rows of a matrix times four inputs to ``target``; written out, so that it vectorises over lanes."""
    two, three = 2 * right, 3 * right
    a0, a1, a2, a3 = light[at], light[at + right], light[at + two], light[at + three]
    at += down
    b0, b1, b2, b3 = light[at], light[at + right], light[at + two], light[at + three]
    at += down
    d0, d1, d2, d3 = light[at], light[at + right], light[at + two], light[at + three]
    at += down
    e0, e1, e2, e3 = light[at], light[at + right], light[at + two], light[at + three]
    for lane in range(_LANES):
        x0, x1 = columns[c + lane], columns[c + _LANES + lane]
        x2, x3 = columns[c + _TWO + lane], columns[c + _THREE + lane]
        place = r + lane
        target[place] = target[place] + a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3
        place += _LANES
        target[place] = target[place] + b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3
        place += _LANES
        target[place] = target[place] + d0 * x0 + d1 * x1 + d2 * x2 + d3 * x3
        place += _LANES
        target[place] = target[place] + e0 * x0 + e1 * x1 + e2 * x2 + e3 * x3
