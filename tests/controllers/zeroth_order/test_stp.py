"""STP asks what SZO-SCD does that verifies its steps back, and nothing of power."""

import math

import pytest

from controllers.zeroth_order.stp import StpConfig, start
from controllers.zeroth_order.szo_scd import SzoScdConfig
from controllers.zeroth_order.szo_scd import start as start_szo_scd
from tests.controllers.zeroth_order.canned import coin_flips, ground, moves, play, values


def test_it_is_the_descent_of_szo_scd_with_the_step_back_verified() -> None:
    setting = ground([0.01, 1.0, 2.0, 6.28])
    shared = {"sparsity": 0.5, "queries": 80, "order": "shuffled"}
    ours = start(StpConfig(**shared), setting)
    theirs = start_szo_scd(SzoScdConfig(verify="restore", **shared), setting)
    assert moves(play(ours.controller, coin_flips(0))) == moves(play(theirs.controller, coin_flips(0)))
    assert (ours.queries, ours.verb) == (theirs.queries, theirs.verb)


def test_without_noise_the_loss_of_one_batch_never_rises_within_an_iteration() -> None:
    def bowl(phases: dict[int, float]) -> float:
        return sum(1 - math.cos(phase - 2.0) for phase in ({10: 1.0, 11: 3.0} | phases).values())

    asked = play(start(StpConfig(sparsity=1.0, queries=500), ground([1.0, 3.0])).controller, bowl)
    losses = values(asked, "train_loss")
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] == pytest.approx(math.log(2.0), abs=1e-3)
