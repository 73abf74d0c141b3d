"""Rounding down to ns keeps order, and arrows leave within their slices."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from emulator.trace.timeline.clock import arrows_ns, floor_ns
from emulator.trace.timeline.tracks import Flows, Slices

instants = st.lists(st.integers(0, 2**62), min_size=2, max_size=8)


@given(instants)
def test_instants_keep_their_order(listed: list[int]) -> None:
    ns = floor_ns(np.sort(np.array(listed, np.int64)))
    assert np.all(np.diff(ns) >= 0)
    assert ns.tolist() == [ps // 1000 for ps in sorted(listed)]


def test_an_arrow_leaves_at_the_start_or_in_the_last_nanosecond() -> None:
    start, end = np.array([1_999, 5_000, 7_100]), np.array([4_000, 5_900, 7_200])
    zero = np.zeros(3, np.int64)
    slices = Slices(zero, zero, start, end, start, end, zero)
    flows = Flows(np.array([0, 0, 1]), np.array([1, 2, 2]), np.array([False, True, True]))
    found = arrows_ns(slices, flows)
    assert found.leaves_ns.tolist() == [1, 3, 5]
    assert found.enters_ns.tolist() == [5, 7, 7]
