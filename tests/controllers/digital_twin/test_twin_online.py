"""Physics-aware training recovers a chip with errors in few queries, dead heaters or not, labels or values."""

import numpy as np
import pytest

from controllers.digital_twin.twin_online import KIND, TwinOnlineConfig
from emulator.commands import Command, Compute, Log, Probe, Sequence
from tests.controllers.digital_twin.twin_lab import Lab, made_lab, share_of


def recovered(lab: Lab, **options: object) -> tuple[float, float, list[Command]]:
    """Return the lab's score before and after a run, and what was asked."""
    config = TwinOnlineConfig.model_validate({"queries": 60, "batch_size": 16, **options})
    before = share_of(lab)
    asked = lab.served(KIND.start(config, lab.setting).controller)
    return before, share_of(lab), asked


def logged(asked: list[Command], name: str) -> list[float]:
    return [each.value for each in asked if isinstance(each, Log) and each.name == name]


def test_it_recovers_a_chip_in_sixty_queries() -> None:
    before, after, asked = recovered(made_lab(8))
    assert before < 0.3
    assert after > 0.8
    assert sum(isinstance(each, Probe) for each in asked) == 60
    assert logged(asked, "dead_heaters") == []


def test_values_are_learnt_by_their_squared_error() -> None:
    before, after, _ = recovered(made_lab(6, values=True))
    assert after < 0.2 * before


def test_what_it_computes_is_paid_for_step_by_step() -> None:
    _, _, asked = recovered(made_lab(6))
    activities = [each.activity for each in asked if isinstance(each, Compute)]
    assert activities == ["fit", *["step"] * 54]


@pytest.mark.parametrize("poke", ["auto", "together", "each"])
def test_dead_heaters_are_found_and_left_cold(poke: str) -> None:
    lab = made_lab(7, dead=(1, 12, 25))
    before, after, asked = recovered(lab, poke=poke, queries=150, explained=0.05)
    assert logged(asked, "dead_heaters") == [3.0]
    last = [each for each in asked if isinstance(each, Probe)][-1]
    assert [last.radians[place] for place in (1, 12, 25)] == [0.0, 0.0, 0.0]
    assert after > before
    probes = sum(
        len(each.heaters) if isinstance(each, Sequence) else isinstance(each, Probe) for each in asked
    )
    assert probes == 150


def test_a_twin_that_is_fitted_again_has_seen_more() -> None:
    _, _, asked = recovered(made_lab(8), refits=[20, 40], window=10)
    assert len(logged(asked, "twin_misses")) == 3


def test_the_rate_falls_so_that_the_last_steps_are_the_smallest() -> None:
    _, _, asked = recovered(made_lab(9))
    driven = np.array([each.radians for each in asked if isinstance(each, Probe)])
    turns = np.abs((np.diff(driven, axis=0) + np.pi) % (2 * np.pi) - np.pi).max(axis=1)
    assert turns[6:12].max() > 10 * turns[-3:].max()
