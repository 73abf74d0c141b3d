"""Ratios of queries are taken seed by seed, and a run that never got there has none."""

import numpy as np
import pytest

from experiments.paper.szo_scd.alpha import ratios_of
from tests.experiments.paper.outcomes import of_curve


def step_at(query: int, seed: int) -> np.ndarray:
    del seed
    curve = np.full(101, 0.5)
    curve[query // 100 :] = 0.9
    return curve


def test_a_ratio_belongs_to_one_seed() -> None:
    dense = [of_curve(step_at(4000, seed), seed=seed) for seed in (0, 1, 2)]
    sparse = [of_curve(step_at(query, seed), seed=seed) for seed, query in ((2, 500), (0, 1000), (7, 100))]
    ratios = ratios_of(dense, sparse, 0.10)
    # The running mean is there one evaluation later than the step.
    assert list(ratios) == [pytest.approx(4100 / 600), pytest.approx(4100 / 1100)]
    assert ratios.cells() == (pytest.approx((4100 / 600 + 4100 / 1100) / 2), ratios[1], ratios[0], "2 of 2")


def test_who_never_got_there_has_no_ratio() -> None:
    never = of_curve(np.full(101, 0.5))
    there = of_curve(step_at(1000, 0))
    assert list(ratios_of([never], [there], 0.10)) == [None]
    assert list(ratios_of([there], [never], 0.10)) == [None]
    assert ratios_of([never], [there], 0.10).cells() == ("-", "-", "-", "0 of 1")
