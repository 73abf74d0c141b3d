"""Matrices times light, in loops of our own: the order of every sum is the same on every machine, unlike BLAS's.

The inner loop is written in LLVM's vectors: some rows of the target stay in registers while all inputs pass, which
loops in Python's own words do not come to. Each lane's sum still runs over the inputs in their order.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from emulator.kernel import bare_kernel
from emulator.physics.chip.kernels.tape import LANES

__all__ = ["multiply"]

Floats = NDArray[np.float64]

_WIDTH: Final = 8
"""Lanes that pass together: one 512-bit vector, or two of 256 bits."""

_INDEX = ir.IntType(64)
_VECTOR = ir.VectorType(ir.DoubleType(), _WIDTH)
_MULTIPLY_ADD = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
_FMA: Final = f"llvm.fma.v{_WIDTH}f64"
_FIRST_OF_ALL = ir.Constant(ir.VectorType(ir.IntType(32), _WIDTH), [0] * _WIDTH)


def _rows_times_tile(rows: int) -> Any:
    """Return an intrinsic that multiplies ``rows`` rows of a matrix with a tile, (inputs, LANES), of columns.

    Its arguments: ``light``, where in it the first entry lies, and how far on the next row and the next input;
    ``columns``, where the tile begins, and how many inputs; ``target``, where its rows begin, and whether they go
    on from what stands there, or begin with zero.
    """

    def typed(
        _typing: Any, light: Any, at: Any, down: Any, right: Any, columns: Any, first: Any, inputs: Any,
        target: Any, begin: Any, goes_on: Any,
    ) -> Any:  # fmt: skip
        whole = types.int64
        signature = types.void(
            light, whole, whole, whole, columns, whole, whole, target, whole, types.boolean
        )
        return signature, _emitter(rows)

    return intrinsic(typed)


def _zeros(builder: Any) -> Any:
    """Return a vector of zeros that can be changed; it will stay in a register."""
    return cgutils.alloca_once_value(builder, _VECTOR([0.0] * _WIDTH))  # type: ignore[no-untyped-call]


def _emitter(rows: int) -> Callable[..., Any]:
    """Return what writes the intrinsic's instructions."""

    def emit(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        light, columns, target = (
            context.make_array(signature.args[place])(context, builder, arguments[place]).data
            for place in (0, 4, 7)
        )
        _, at, down, right, _, first, inputs, _, begin, goes_on = arguments
        fused = cgutils.get_or_insert_function(builder.module, _MULTIPLY_ADD, _FMA)  # type: ignore[no-untyped-call]

        def vector_at(data: Any, place: Any) -> Any:
            return builder.bitcast(builder.gep(data, [place]), _VECTOR.as_pointer())

        for lane in range(0, LANES, _WIDTH):
            places = [builder.add(begin, _INDEX(row * LANES + lane)) for row in range(rows)]
            sums = [_zeros(builder) for _ in places]
            with builder.if_then(goes_on):
                for place, total in zip(places, sums, strict=True):
                    builder.store(builder.load(vector_at(target, place), align=8), total)
            with cgutils.for_range(builder, inputs) as loop:
                column = builder.add(builder.add(first, _INDEX(lane)), builder.mul(loop.index, _INDEX(LANES)))
                x = builder.load(vector_at(columns, column), align=8)
                entry = builder.add(at, builder.mul(loop.index, right))
                for total in sums:
                    weight = builder.load(builder.gep(light, [entry]))
                    lone = builder.insert_element(_VECTOR(ir.Undefined), weight, ir.IntType(32)(0))
                    every = builder.shuffle_vector(lone, _VECTOR(ir.Undefined), _FIRST_OF_ALL)
                    builder.store(builder.call(fused, [every, x, builder.load(total)]), total)
                    entry = builder.add(entry, down)
            for place, total in zip(places, sums, strict=True):
                builder.store(builder.load(total), vector_at(target, place), align=8)
        return context.get_dummy_value()

    return emit


_four_rows, _two_rows, _one_row = (_rows_times_tile(rows) for rows in (4, 2, 1))


@bare_kernel
def _multiply_tile(
    light: Floats,
    at: int,
    down: int,
    right: int,
    columns: Floats,
    first: int,
    inputs: int,
    target: Floats,
    begin: int,
    rows: int,
    goes_on: bool,
) -> None:
    """Multiply all ``rows`` whose entries lie ``down`` and ``right`` of ``light[at]``; as ``_rows_times_tile``."""
    row = 0
    while row + 4 <= rows:
        _four_rows(
            light, at + row * down, down, right, columns, first, inputs, target, begin + row * LANES, goes_on
        )
        row += 4
    if row + 2 <= rows:
        _two_rows(
            light, at + row * down, down, right, columns, first, inputs, target, begin + row * LANES, goes_on
        )
        row += 2
    if row < rows:
        _one_row(
            light, at + row * down, down, right, columns, first, inputs, target, begin + row * LANES, goes_on
        )


@bare_kernel
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
    unit vectors, or, when ``lanes_are_rows``, turned. Sums run over the inputs in their order.
    """
    size = modes * LANES
    if lanes_are_rows:
        for row in range(0, rows, LANES):
            _multiply_tile(
                light, matrix + row // LANES * size, 1, LANES, columns, first, inputs, target,
                begin + row * LANES, min(rows - row, LANES), False,
            )  # fmt: skip
    else:
        for mode in range(0, inputs, LANES):
            _multiply_tile(
                light, matrix + mode // LANES * size, LANES, 1, columns, first + mode * LANES,
                min(inputs - mode, LANES), target, begin, rows, mode > 0,
            )  # fmt: skip
