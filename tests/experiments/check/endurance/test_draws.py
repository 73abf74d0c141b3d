"""Tests of what the simulation draws: every value can be built, and faults come as often as they are to."""

import numpy as np
import pytest

from emulator.streams import stream
from experiments.check.endurance.draws import (
    CHIP,
    FAULT_CHANCE,
    HOST,
    OPU,
    Choices,
    draw_plant,
    limits,
    overrides,
)


@pytest.mark.parametrize("choices", [CHIP, HOST, OPU])
def test_every_path_is_drawn_with_each_of_its_values(choices: Choices) -> None:
    rng = stream(0, "tests/draws")
    drawn = {each for _ in range(200) for each in overrides(choices, rng)}
    assert drawn == {f"{path}={value}" for path, values in choices.items() for value in values if value}


def test_benches_with_a_chip_a_unit_and_both_are_drawn_and_a_fault_in_a_quarter() -> None:
    plants = [draw_plant(stream(seed, "tests/draws")) for seed in range(200)]
    assert {tuple(sorted(plant.lab)) for plant in plants} == {
        ("chip", "host"), ("host", "opu"), ("chip", "host", "opu"),
    }  # fmt: skip
    dead = [bool(plant.lab["chip"].config.heaters.dead) for plant in plants if "chip" in plant.lab]
    assert np.mean(dead) == pytest.approx(FAULT_CHANCE, abs=0.1)


def test_at_most_one_limit_is_drawn() -> None:
    assert {len(limits(stream(seed, "tests/draws"))) for seed in range(50)} == {0, 1}
