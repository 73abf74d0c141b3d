"""A chip with errors is recovered by very few readings; without any, what the computer alone knows is the end."""

import pytest

from controllers.digital_twin.twin_fit import KIND, TwinFitConfig
from emulator.commands import Command, Compute, Log, Probe
from tests.controllers.digital_twin.twin_lab import Lab, made_lab, share_of


def recovered(lab: Lab, **options: object) -> tuple[float, float, list[Command]]:
    small = {"queries": 9, "readings": 3, "batch_size": 32, "train_steps": 80, "learning_rate": 0.03}
    config = TwinFitConfig.model_validate({**small, **options})
    before = share_of(lab)
    asked = lab.served(KIND.start(config, lab.setting).controller)
    return before, share_of(lab), asked


def readings_by_round(asked: list[Command]) -> list[int]:
    """Return how many readings lie in front of every fit."""
    counts = [0]
    for command in asked:
        counts[-1] += isinstance(command, Probe)
        if isinstance(command, Log) and command.name == "twin_misses":
            counts.append(0)
    return counts[:-1]


def test_nine_readings_recover_a_chip() -> None:
    before, after, asked = recovered(made_lab(8))
    assert before < 0.3
    assert after > 0.93
    assert readings_by_round(asked) == [3, 3, 3]


def test_values_are_learnt_by_their_squared_error() -> None:
    before, after, _ = recovered(made_lab(6, values=True))
    assert after < 0.1 * before


@pytest.mark.parametrize(("queries", "rounds"), [(9, [3, 3, 3]), (7, [3, 2, 2]), (100, [3, 3, 3]), (1, [1])])
def test_readings_are_shared_among_the_rounds(queries: int, rounds: list[int]) -> None:
    _, _, asked = recovered(made_lab(1), queries=queries, train_steps=2)
    assert readings_by_round(asked) == rounds


def test_without_readings_it_asks_nothing_of_the_chip_but_to_be_driven() -> None:
    _, after, asked = recovered(made_lab(8), readings=0)
    assert readings_by_round(asked) == []
    assert [each.activity for each in asked if isinstance(each, Compute)] == ["train"]
    assert after < 0.7


def test_errors_drawn_in_training_change_what_is_found_and_are_forgotten() -> None:
    ends = [recovered(made_lab(2), noise=noise)[2][-2] for noise in ("none", "spread")]
    assert ends[0] != ends[1]


def test_dead_heaters_are_found_where_the_twin_is_at_a_loss() -> None:
    lab = made_lab(7, dead=(1, 12, 25))
    before, after, asked = recovered(lab, queries=40, readings=6, explained=0.05)
    found = [each.value for each in asked if isinstance(each, Log) and each.name == "dead_heaters"]
    assert found == [3.0]
    assert after > before
