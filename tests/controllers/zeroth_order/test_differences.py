"""Settings on both sides of a coordinate: each is read where all others stand at home."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from controllers.zeroth_order.differences import both_sides, first_of, sides_and_middle


def driven(
    home: NDArray[np.float64], which: NDArray[np.int64], radians: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return all phases at every setting, which are driven one after the other from ``home``."""
    phases, seen = home.copy(), []
    for places, row in zip(which, radians, strict=True):
        phases[places] = row
        seen.append(phases.copy())
    return np.array(seen)


@given(count=st.integers(1, 7), h=st.sampled_from([1e-4, 0.02, 1.0]))
def test_at_every_reading_one_coordinate_is_off_and_the_others_are_at_home(count: int, h: float) -> None:
    home = np.linspace(1.0, 5.0, count)
    for probes, offsets in ((both_sides, [h, -h]), (sides_and_middle, [h, -h, 0.0])):
        off = driven(home, *probes(home, h)) - home
        wanted = np.zeros_like(off)
        each = len(offsets)
        for place in range(count):
            wanted[each * place : each * (place + 1), place] = offsets
        np.testing.assert_allclose(off, wanted, atol=1e-15)


def test_no_setting_drives_a_heater_twice() -> None:
    for count in (1, 2, 5):
        which, _ = both_sides(np.ones(count), 0.1)
        assert all(len(set(row)) == len(row) for row in which.tolist())


@pytest.mark.parametrize(("queries", "left"), [(0, 0), (1, 0), (2, 1), (7, 3), (100, 4)])
def test_as_many_coordinates_are_read_as_the_queries_allow(queries: int, left: int) -> None:
    assert first_of(np.arange(4), queries, 2).tolist() == list(range(left))
