"""What every medium refuses, with the place, the value and what is allowed."""

import numpy as np
import pytest
from numpy.typing import NDArray

from emulator.errors import PhysicsError
from emulator.physics.opu.medium import STORES, Medium, make_medium


@pytest.fixture(params=STORES)
def medium(request: pytest.FixtureRequest) -> Medium:
    return make_medium(request.param, 4, 300, (1, 2), 2**30)


@pytest.mark.parametrize("shape", [(4,), (2, 3), (2, 5), (1, 2, 4), ()])
def test_vectors_of_another_shape_are_refused(medium: Medium, shape: tuple[int, ...]) -> None:
    for use in (medium.fields, medium.real_fields, lambda x: list(medium.tiles(x))):
        with pytest.raises(PhysicsError, match=r"allowed is \(batch, 4\)"):
            use(np.zeros(shape, dtype=np.float32))


@pytest.mark.parametrize("dtype", [np.int64, np.float64, np.complex64, np.bool_, np.uint8])
def test_vectors_of_another_type_are_refused(medium: Medium, dtype: type) -> None:
    for use in (medium.fields, medium.real_fields):
        with pytest.raises(PhysicsError, match=r"allowed is float32; convert"):
            use(np.zeros((2, 4), dtype=dtype))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused_and_named(medium: Medium, value: float) -> None:
    x = np.zeros((3, 4), dtype=np.float32)
    x[1, 2] = value
    for use in (medium.fields, medium.real_fields):
        with pytest.raises(PhysicsError, match=rf"x\[1, 2\] is {value}"):
            use(x)


@pytest.mark.parametrize("chosen", [[1, 1], [2, 1], [-1, 3], [0, 300]])
def test_outputs_to_take_that_do_not_increase_or_do_not_exist_are_refused(
    medium: Medium, chosen: list[int]
) -> None:
    with pytest.raises(PhysicsError, match="strictly increasing indices from 0 to 299"):
        medium.take(np.array(chosen))


@pytest.mark.parametrize(
    "chosen",
    [
        np.empty(0, dtype=np.int64),
        np.zeros((1, 1), dtype=np.int64),
        np.zeros(300, dtype=np.bool_),
        np.zeros(1),
    ],
)
def test_outputs_to_take_that_are_not_a_row_of_indices_are_refused(
    medium: Medium, chosen: NDArray[np.int64]
) -> None:
    with pytest.raises(PhysicsError, match=r"np\.flatnonzero"):
        medium.take(chosen)


def test_vectors_may_lie_anywhere_in_memory(medium: Medium) -> None:
    x = np.arange(24, dtype=np.float32).reshape(4, 6)
    np.testing.assert_array_equal(medium.fields(x.T[::2]), medium.fields(x.T[::2].copy()))
