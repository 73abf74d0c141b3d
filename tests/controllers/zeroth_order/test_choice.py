"""Which phases an iteration takes, against the counts that it promises."""

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.zeroth_order.choice import chosen
from controllers.zeroth_order.options import DescentOptions
from emulator.streams import stream


@given(
    count=st.integers(1, 60),
    sparsity=st.floats(1e-6, 1.0),
    shuffled=st.booleans(),
    seed=st.integers(0, 99),
)
def test_an_exact_choice_has_its_share_of_different_places_and_one_at_least(
    count: int, sparsity: float, shuffled: bool, seed: int
) -> None:
    options = DescentOptions(kind="any", sparsity=sparsity, order="shuffled" if shuffled else "index")
    places = chosen(options, count, stream(seed, "tests/choice"))
    assert len(set(places.tolist())) == len(places) == max(1, round(sparsity * count))
    assert set(places.tolist()) <= set(range(count))
    assert shuffled or places.tolist() == sorted(places.tolist())


@pytest.mark.parametrize("order", ["index", "shuffled"])
def test_a_bernoulli_choice_takes_each_place_alike(order: Literal["index", "shuffled"]) -> None:
    options = DescentOptions(kind="any", sparsity=0.25, selection="bernoulli", order=order)
    rng = stream(0, "tests/choice")
    taken = np.bincount(np.concatenate([chosen(options, 20, rng) for _ in range(2000)]), minlength=20)
    assert np.abs(taken - 500).max() < 5 * np.sqrt(2000 * 0.25 * 0.75)
