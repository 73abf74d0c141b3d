"""The adapter of pymoo asks and tells as pymoo's own loop does: the same seed finds the same candidates."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pymoo.algorithms.soo.nonconvex.ga import GA
from pymoo.algorithms.soo.nonconvex.pso import PSO
from pymoo.core.problem import Problem
from pymoo.optimize import minimize

from controllers.populations.from_pymoo import Generations, first_generation
from controllers.populations.search import seed_of
from tests.controllers.known_optimum import SETTING, SIZE, TARGET

GENERATIONS, POPULATION, SPAN = 12, 14, 0.5


def loss_of(phases: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(((phases - TARGET) ** 2).sum(axis=1))


class Plain(Problem):  # type: ignore[misc]  # pymoo has no annotations
    """The same problem as pymoo would have it written; it keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(n_var=SIZE, n_obj=1, xl=SETTING.phases - SPAN, xu=SETTING.phases + SPAN)
        self.asked: list[NDArray[np.float64]] = []

    def _evaluate(self, x: NDArray[np.float64], out: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        self.asked.append(x.copy())
        out["F"] = loss_of(x)[:, np.newaxis]


def algorithm(sort: Any) -> Any:
    first = first_generation("ga", SETTING, POPULATION, 0.1, SPAN)
    return sort(pop_size=POPULATION, sampling=first)


@pytest.mark.parametrize("sort", [GA, PSO])
def test_it_asks_for_what_pymoo_s_own_loop_evaluates(sort: Any) -> None:
    plain = Plain()
    minimize(plain, algorithm(sort), ("n_gen", GENERATIONS), seed=seed_of("ga", SETTING))
    ours = Generations("ga", algorithm(sort), SETTING, SPAN)
    for theirs in plain.asked:
        phases = ours.ask()
        np.testing.assert_array_equal(phases, theirs)
        ours.tell(phases, loss_of(phases).tolist())
    assert len(plain.asked) == GENERATIONS


def test_the_first_generation_holds_the_design_phases_and_others_within_the_span() -> None:
    first = first_generation("ga", SETTING, 500, 0.2, 0.5)
    np.testing.assert_array_equal(first[0], SETTING.phases)
    off = first[1:] - SETTING.phases
    assert np.abs(off).max() == pytest.approx(0.5)
    assert np.abs(off[np.abs(off) < 0.49]).std() == pytest.approx(0.2 * 0.6, rel=0.1)  # of a half normal


def test_it_never_wants_to_stop() -> None:
    ours = Generations("ga", algorithm(GA), SETTING, SPAN)
    for _ in range(60):
        phases = ours.ask()
        ours.tell(phases, [1.0] * len(phases))
    assert len(ours.ask()) == POPULATION
