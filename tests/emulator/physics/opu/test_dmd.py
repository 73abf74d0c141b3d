"""Patterns on the mirrors: equal areas, exact codes; the numbers of the array are lightonml's."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from emulator.errors import PhysicsError
from emulator.physics.opu.dmd import (
    bit_planes,
    frame_bytes,
    load_time_s,
    macro_pixels,
    ternary_patterns,
)
from emulator.streams import stream

MIRRORS = 1_039_680


def test_the_array_has_the_published_size_and_bytes_and_macro_pixels() -> None:
    assert macro_pixels(MIRRORS).mirrors == 1
    assert frame_bytes() == 129_960
    assert macro_pixels(10_000).mirrors == 103
    assert frame_bytes(3, 3) == 2


@pytest.mark.parametrize("features", [0, -1, MIRRORS + 1])
def test_more_features_than_mirrors_are_refused_with_the_limit(features: int) -> None:
    with pytest.raises(PhysicsError, match=rf"{features} features; allowed are 1\.\.1039680"):
        macro_pixels(features)


@given(rows=st.integers(1, 12), columns=st.integers(1, 12), data=st.data())
def test_every_feature_gets_the_same_area_and_fewer_mirrors_than_features_stay_dark(
    rows: int, columns: int, data: st.DataObject
) -> None:
    features = data.draw(st.integers(1, rows * columns))
    layout = macro_pixels(features, rows, columns)
    assert layout.mirrors >= 1
    assert 0 <= rows * columns - features * layout.mirrors < features


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.float32])
def test_a_ternary_vector_is_the_difference_of_its_two_patterns(dtype: type) -> None:
    vector: NDArray[Any] = stream(0, "tests/ternary").integers(-1, 2, (5, 30)).astype(dtype)
    positive, negative = ternary_patterns(vector)
    np.testing.assert_array_equal(positive.astype(int) - negative.astype(int), vector)
    assert not (positive & negative).any()


@pytest.mark.parametrize("value", [2.0, 0.5, np.nan, -np.inf])
def test_the_first_entry_that_is_not_ternary_is_named(value: float) -> None:
    vector = np.zeros((3, 4))
    vector[1, 2] = vector[2, 3] = value
    with pytest.raises(PhysicsError, match=rf"entry \(1, 2\) is {value:g}; allowed are -1, 0 and 1"):
        ternary_patterns(vector)


@given(bits=st.integers(1, 12), signed=st.booleans(), seed=st.integers(0, 99), size=st.floats(1e-6, 1e6))
def test_bit_planes_add_up_to_the_vector_within_the_bound(
    bits: int, signed: bool, seed: int, size: float
) -> None:
    x = size * stream(seed, "tests/planes").normal(size=(3, 17))
    x = x if signed else np.abs(x)
    planes, scales = bit_planes(x, bits, signed)
    assert planes.shape == (3, 2 * bits if signed else bits, 17)
    assert planes.dtype == np.bool_
    error = np.abs(np.einsum("bk,bkn->bn", scales, planes) - x)
    magnitude = np.abs(x).max(axis=1, keepdims=True)
    assert (error <= magnitude / (2 ** (bits + 1) - 2) * (1 + 1e-9)).all()
    assert (error <= magnitude * 2.0**-bits * (1 + 1e-9)).all()


@pytest.mark.parametrize("bits", [1, 3, 8])
def test_zeros_and_ternary_vectors_are_encoded_exactly_at_any_precision(bits: int) -> None:
    x = np.array([[0.0, 0.0, 0.0], [2.5, -2.5, 0.0]])
    planes, scales = bit_planes(x, bits, signed=True)
    np.testing.assert_allclose(np.einsum("bk,bkn->bn", scales, planes), x, rtol=1e-15)
    assert not planes[0].any()
    assert (scales[0] == 0.0).all()


def test_the_positive_and_the_negative_part_are_shown_apart() -> None:
    planes, scales = bit_planes(np.array([[1.0, -1.0]]), 2, signed=True)
    np.testing.assert_array_equal(planes[0], [[True, False]] * 2 + [[False, True]] * 2)
    np.testing.assert_allclose(scales[0], [1 / 3, 2 / 3, -1 / 3, -2 / 3])


def test_what_cannot_be_encoded_is_refused_by_name() -> None:
    with pytest.raises(PhysicsError, match=r"entry \(0, 1\) is nan"):
        bit_planes(np.array([[0.0, np.nan]]), 4, signed=True)
    with pytest.raises(PhysicsError, match=r"entry \(0, 0\) is -0\.5; unsigned patterns need x >= 0"):
        bit_planes(np.array([[-0.5, 1.0]]), 4, signed=False)
    with pytest.raises(PhysicsError, match=r"bits=17; allowed are \(batch, n\) and 1\.\.16"):
        bit_planes(np.zeros((1, 2)), 17, signed=True)
    with pytest.raises(PhysicsError, match=r"shape \(2,\)"):
        bit_planes(np.zeros(2), 4, signed=True)


def test_a_frame_takes_its_bytes_over_the_rate() -> None:
    assert load_time_s(129_960, 1.2996e9) == pytest.approx(100e-6)
    with pytest.raises(PhysicsError, match="load rate 0 B/s"):
        load_time_s(1, 0.0)
