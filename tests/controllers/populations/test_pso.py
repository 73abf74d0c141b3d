"""The swarm begins at rest, and never flies faster than it may."""

import numpy as np
import pytest

from controllers.populations.from_pymoo import first_generation
from controllers.populations.pso import KIND, PsoConfig
from emulator.commands import Sequence
from tests.controllers.known_optimum import SETTING, of_kind, talk

SPAN, SPREAD = 0.5, 0.1


@pytest.mark.parametrize("speed", [0.05, 0.2])
def test_from_one_generation_to_the_next_no_phase_moves_faster_than_it_may(speed: float) -> None:
    """But for one particle: pymoo replaces the best one's move by a mutation of it."""
    options = PsoConfig(queries=50, population=10, speed=speed, span_rad=SPAN, spread_rad=SPREAD)
    first, second, *_ = of_kind(list(talk(KIND.start(options, SETTING).controller)), Sequence)
    moves = np.abs(np.mod(second.radians - first.radians + np.pi, 2 * np.pi) - np.pi).max(axis=1)
    assert (np.sort(moves)[:-1] <= 2 * SPAN * speed + 1e-12).all()
    wanted = np.mod(first_generation("pso", SETTING, 10, SPREAD, SPAN), 2 * np.pi)
    np.testing.assert_allclose(first.radians, wanted, rtol=0, atol=1e-12)
