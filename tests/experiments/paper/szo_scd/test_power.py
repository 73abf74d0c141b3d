"""Savings are taken seed by seed, and idle phases are counted apart."""

import numpy as np
import pytest

from experiments.paper.experiment import Results
from experiments.paper.szo_scd.networks import MNIST
from experiments.paper.szo_scd.power import idle_rad, paired, saved
from tests.experiments.paper.outcomes import made_up, of_curve


def test_runs_of_a_seed_are_paired() -> None:
    runs = {seed: made_up(seed) for seed in range(3)}
    results = Results({"on": (runs[2], runs[0]), "off": (runs[0], runs[1], runs[2])}, 1000)
    own, base = paired(results, "on", "off")
    assert [one.seed for one in own] == [one.seed for one in base] == [2, 0]


def test_a_saving_is_the_mean_of_the_seeds_own() -> None:
    found = saved(np.array([60.0, 90.0]), np.array([100.0, 100.0]))
    assert (found.mean, found.n) == (pytest.approx(0.25), 2)


def test_idle_phases_are_those_of_active_devices_that_no_output_depends_on() -> None:
    idle = MNIST.idle("square")
    heaters = np.array([0, int(np.flatnonzero(idle)[0]), int(np.flatnonzero(idle)[-1])])
    one = of_curve(np.full(3, 0.9), heaters=heaters, final_rad=np.array([5.0, 1.0, 2.0]))
    assert idle_rad(one, idle) == pytest.approx(3.0)
