"""The null model agrees with its derivation and with the controller's own pruning rule."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.zeroth_order.szo_scd import power_rises
from emulator.streams import stream
from experiments.paper.szo_scd.ratchet import (
    SIGNED_LIMIT_RAD,
    WRAPPED_LIMIT_RAD,
    Reading,
    Schedule,
    _rises,
    drift,
    walk,
    wrapped_chain,
)


def uniform(count: int = 3000) -> np.ndarray:
    return stream(0, "tests/ratchet").random(count) * 2 * math.pi


@pytest.mark.parametrize("sites", [2, 10, 63])
def test_the_chain_is_stationary_where_the_derivation_says(sites: int) -> None:
    expected = (sites - np.arange(sites)) / (sites * (sites + 1) / 2)
    assert wrapped_chain(sites) == pytest.approx(expected, abs=1e-12)


def test_the_chains_mean_tends_to_two_thirds_of_pi() -> None:
    for sites in (50, 400):
        step = 2 * math.pi / sites
        mean = wrapped_chain(sites) @ np.arange(sites) * step
        assert mean == pytest.approx(step * (sites - 1) / 3, abs=1e-9)
        assert mean == pytest.approx(WRAPPED_LIMIT_RAD, rel=1.01 / sites)


@pytest.mark.parametrize(("reading", "limit"), [("wrapped", WRAPPED_LIMIT_RAD), ("signed", SIGNED_LIMIT_RAD)])
def test_long_walks_tend_to_their_limit_as_the_step_shrinks(reading: Reading, limit: float) -> None:
    coarse, fine = (
        walk(uniform(5000), Schedule(5000, step), reading, 1.0, stream(1, "tests/ratchet")).mean()
        for step in (0.1, 0.05)
    )
    assert abs(fine - limit) < abs(coarse - limit) + 0.05
    assert 2 * fine - coarse == pytest.approx(limit, abs=0.12)


def test_without_pruning_phases_stay_spread_out() -> None:
    end = walk(uniform(), Schedule(visits=500, step_rad=0.1), "none", 1.0, stream(1, "tests/ratchet"))
    assert end.mean() == pytest.approx(math.pi, abs=0.15)


def test_no_awareness_is_no_pruning() -> None:
    schedule = Schedule(visits=50)
    ends = [
        walk(uniform(), schedule, r, 0.0, stream(1, "tests/ratchet")) for r in ("none", "wrapped", "signed")
    ]
    assert (ends[0] == ends[1]).all()
    assert (ends[0] == ends[2]).all()


def test_drift_begins_at_the_start() -> None:
    means, end = drift(uniform(), Schedule(visits=3), "wrapped", 1.0, stream(1, "tests/ratchet"))
    assert len(means) == 4
    assert means[0] == uniform().mean()
    assert means[-1] == end.mean()


@given(phase=st.floats(0.0, 6.28), step=st.floats(1e-3, 0.5), signed=st.booleans())
def test_pruning_is_the_controllers(phase: float, step: float, signed: bool) -> None:
    distance = abs(abs(math.remainder(phase - step, 2 * math.pi)) - abs(math.remainder(phase, 2 * math.pi)))
    if distance < 1e-9 or abs(phase - step) < 1e-9:
        return  # equal powers: rounding decides
    reading: Reading = "signed" if signed else "wrapped"
    found = bool(_rises(np.array([phase]), step, reading)[0])
    assert found == power_rises(phase, phase - step, "signed" if signed else "wrapped")


def test_visits_follow_from_queries() -> None:
    schedule = Schedule.of_run(queries=53_500, active=353, sparsity=0.1, epoch_iterations=1875)
    assert schedule.visits == round(1000 * 35 / 353)
    assert schedule.step(0) == 0.02
    assert schedule.step(round(1.5 * schedule.visits_per_epoch)) == 0.02 * 0.985
