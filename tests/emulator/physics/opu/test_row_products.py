"""Products of rows against double precision, and against themselves in other batches: bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from emulator.physics.opu.row_products import add_products
from emulator.streams import stream

Singles = NDArray[np.float32]
SIZES = [(1, 1, 1), (3, 7, 5), (4, 33, 64), (70, 300, 1100), (133, 1030, 257), (5, 2100, 70)]


def rows(batch: int, inputs: int, lit: float) -> Singles:
    rng = stream(0, "tests/rows")
    return np.where(rng.random((batch, inputs)) < lit, rng.standard_normal((batch, inputs)), 0.0).astype(
        np.float32
    )


def entries(inputs: int, outputs: int) -> Singles:
    return stream(0, "tests/entries").standard_normal((inputs, outputs)).astype(np.float32)


def product(x: Singles, matrix: Singles, first: int = 0, width: int | None = None) -> Singles:
    width = matrix.shape[1] - first if width is None else width
    out = np.full((x.shape[0], width), np.nan, dtype=np.float32)
    add_products(np.ascontiguousarray(x), matrix, first, out, fresh=True)
    return out


@pytest.mark.parametrize(("batch", "inputs", "outputs"), SIZES)
@pytest.mark.parametrize("lit", [0.0, 0.1, 0.5, 1.0])
def test_a_product_is_the_product(batch: int, inputs: int, outputs: int, lit: float) -> None:
    x, t = rows(batch, inputs, lit), entries(inputs, outputs)
    exact = x.astype(np.float64) @ t
    np.testing.assert_allclose(product(x, t), exact, rtol=0.0, atol=1e-6 * inputs)


@settings(max_examples=40)
@given(st.data())
def test_a_row_has_the_same_bits_alone_and_in_any_batch(data: st.DataObject) -> None:
    batch, inputs, outputs = data.draw(st.sampled_from(SIZES), "size")
    x, t = rows(batch, inputs, data.draw(st.sampled_from([0.1, 0.5, 1.0]), "lit")), entries(inputs, outputs)
    chosen = data.draw(st.lists(st.integers(0, batch - 1), min_size=1, max_size=80), "rows")
    np.testing.assert_array_equal(product(x[chosen], t), product(x, t)[chosen])


@settings(max_examples=40)
@given(st.data())
def test_inputs_and_outputs_may_be_cut_anywhere(data: st.DataObject) -> None:
    batch, inputs, outputs = data.draw(st.sampled_from(SIZES), "size")
    x, t = rows(batch, inputs, 0.5), entries(inputs, outputs)
    cut = data.draw(st.integers(0, inputs), "inputs of the first call")
    first = data.draw(st.integers(0, outputs - 1), "first output")
    width = data.draw(st.integers(1, outputs - first), "outputs")
    found = product(x[:, :cut], t[:cut], first, width)
    add_products(np.ascontiguousarray(x[:, cut:]), t[cut:], first, found)
    np.testing.assert_array_equal(found, product(x, t)[:, first : first + width])
