"""ADMM against the closed form of a quadratic, and its parts against their definitions."""

import math
from typing import Any

import numpy as np
import pytest

from controllers.phases import TWO_PI
from controllers.zeroth_order.admm import AdmmConfig, Lagrangian, start
from controllers.zeroth_order.szo_scd import SzoScdConfig
from controllers.zeroth_order.szo_scd import start as start_szo_scd
from emulator.commands import Sequence
from tests.controllers.zeroth_order.canned import coin_flips, ground, moves, play, settings, values

AIMS = {10: 2.0, 11: 3.0}
BEND = 4.0


def bowl(phases: dict[int, float]) -> float:
    """Return the score whose loss is 1 + BEND/2 times the squared distance from the aims."""
    now = {10: 2.5, 11: 2.5} | phases
    loss = 1.0 + BEND / 2 * sum((now[heater] - aim) ** 2 for heater, aim in AIMS.items())
    return math.log(math.expm1(loss))


def ends(**options: Any) -> np.ndarray:
    given = AdmmConfig(
        **{
            "sparsity": 1.0, "queries": 40_000, "step_rad": 0.01, "step_decay": 0.999, "epoch_iterations": 1,
            "dual_iterations": 20, **options,
        }
    )  # fmt: skip
    last = {10: 2.5, 11: 2.5} | dict(settings(play(start(given, ground([2.5, 2.5])).controller, bowl, 10**6)))
    return np.array([last[10], last[11]])


@pytest.mark.parametrize("splitting", ["admm", "none"])
@pytest.mark.parametrize("weight", [0.0, 1.0, 2.0])
def test_it_ends_where_the_slopes_of_loss_and_power_cancel(splitting: str, weight: float) -> None:
    """The minimum of BEND/2 (x - aim)^2 + weight x lies at aim - weight/BEND."""
    found = ends(splitting=splitting, power_weight=weight)
    np.testing.assert_allclose(found, np.array([2.0, 3.0]) - weight / BEND, atol=0.02)


def test_without_weight_and_before_any_update_it_is_szo_scd_on_a_steeper_loss() -> None:
    options = {"sparsity": 0.5, "queries": 60, "order": "shuffled"}
    setting = ground([0.5, 1.0, 2.0, 6.2])
    plain = AdmmConfig(power_weight=0.0, splitting="none", **options)
    asked = moves(play(start(plain, setting).controller, coin_flips(0)))
    wanted = moves(play(start_szo_scd(SzoScdConfig(**options), setting).controller, coin_flips(0)))
    assert asked == wanted


def test_the_copy_is_the_nearest_cheaper_phase_and_the_duals_add_up_what_is_left() -> None:
    options = AdmmConfig(power_weight=0.6, penalty=2.0, dual_iterations=2)
    lagrangian = Lagrangian(options, np.array([1.0, 0.1, 6.0]), 320)
    phases = np.array([1.1, 0.2, 6.1])
    lagrangian.after(phases)
    np.testing.assert_array_equal(lagrangian.copy, [1.0, 0.1, 6.0])
    lagrangian.after(phases)
    np.testing.assert_allclose(lagrangian.copy, [0.8, 0.0, 5.8])
    np.testing.assert_allclose(lagrangian.duals, [0.3, 0.2, 0.3])
    grid = np.linspace(0.0, TWO_PI, 100_001)
    costs = 0.6 * grid + 2.0 / 2 * (phases[0] - grid) ** 2
    assert grid[costs.argmin()] == pytest.approx(0.8, abs=1e-4)


def test_the_toll_is_what_a_move_adds_to_penalty_or_power() -> None:
    places, home, moved = np.array([0, 2]), np.array([1.0, 6.28]), np.array([1.02, 0.01])
    split = Lagrangian(AdmmConfig(penalty=3.0), np.array([0.9, 0.0, 6.0]), 320)
    np.testing.assert_allclose(
        split.toll(places, home, moved),
        [1.5 * (0.12**2 - 0.1**2), 1.5 * (5.99**2 - 0.28**2)],
    )
    direct = Lagrangian(AdmmConfig(splitting="none", power_weight=0.5), np.zeros(3), 320)
    np.testing.assert_allclose(direct.toll(places, home, moved), [0.01, -3.135])


def test_the_logged_loss_is_the_tasks_alone_and_every_query_is_used() -> None:
    asked = play(start(AdmmConfig(sparsity=1.0, queries=30), ground([2.5, 2.5])).controller, bowl)
    assert moves(asked).count("query") == 30
    assert not any(isinstance(command, Sequence) for command in asked)
    assert values(asked, "train_loss")[0] == pytest.approx(2.0, abs=0.2)
