"""Dead heaters are found, one by one and all together, and sound ones are not taken for dead."""

from collections.abc import Generator
from typing import Any

import numpy as np
import pytest

from controllers.digital_twin.fit import Effort
from controllers.digital_twin.poke import poke_each, poke_together
from controllers.digital_twin.readings import Readings
from controllers.digital_twin.twin import Twin, twin_of
from emulator.commands import Command, Probe, Sequence
from tests.controllers.digital_twin.twin_lab import Lab, made_lab

EFFORT = Effort(3, 20)


def together(lab: Lab, count: int = 12, common_rad: float = 0.0) -> tuple[Twin, Readings, list[Command]]:
    twin, readings = twin_of(lab.setting, 0.01), Readings(lab.setting, 1000)
    twin.common_rad, twin.offsets = common_rad, np.full_like(twin.offsets, common_rad)
    batches = lab.setting.batches(32, "tests/poke")
    rng = lab.setting.stream("tests/rng")

    def poke() -> Generator[Command, Any, None]:
        yield from poke_together(twin, readings, lab.deployment, batches, count, 0.03, EFFORT, rng)

    return twin, readings, lab.served(poke())


def each(lab: Lab, queries: int = 1000) -> tuple[Twin, Readings, list[Command]]:
    twin, readings = twin_of(lab.setting, 0.01), Readings(lab.setting, queries)
    batch = next(lab.setting.batches(32, "tests/poke"))
    return twin, readings, lab.served(poke_each(twin, readings, lab.setting.phases, batch, 0.3))


@pytest.mark.parametrize("dead", [(), (5,), (2, 9, 30)])
@pytest.mark.parametrize("poke", [together, each])
def test_exactly_the_dead_heaters_are_found(dead: tuple[int, ...], poke: Any) -> None:
    twin, _, _ = poke(made_lab(0, dead=dead))
    assert np.flatnonzero(twin.dead).tolist() == list(dead)
    assert twin.gains.tolist() == np.where(twin.dead, 0.0, 1.0).tolist()


def test_all_together_take_fewer_readings_than_there_are_heaters() -> None:
    lab = made_lab(1, dead=(4,))
    twin, readings, asked = together(lab)
    assert twin.dead.sum() == 1
    assert readings.made == sum(isinstance(command, Probe) for command in asked) == 12
    assert lab.setting.heaters.size > 30


def test_what_was_believed_while_heaters_seemed_alive_does_not_sway_what_is_found() -> None:
    fresh, _, _ = together(made_lab(0, dead=(2, 9, 30)))
    misled, _, _ = together(made_lab(0, dead=(2, 9, 30)), common_rad=-0.25)
    assert misled.gains.tolist() == fresh.gains.tolist()
    assert (misled.common_rad, misled.offsets.any()) == (0.0, False)


def test_one_by_one_every_heater_goes_and_comes_home() -> None:
    lab = made_lab(2)
    _, readings, asked = each(lab)
    (sequence,) = (command for command in asked if isinstance(command, Sequence))
    heaters, phases = lab.setting.heaters, lab.setting.phases
    assert sequence.heaters[:, 0].tolist() == heaters.tolist()
    assert sequence.heaters[1:, 1].tolist() == heaters[:-1].tolist()
    np.testing.assert_allclose(sequence.radians[1:, 1], phases[:-1])
    assert readings.made == heaters.size + 2


@pytest.mark.parametrize("queries", [1, 2, 3, 7])
def test_a_poke_keeps_to_the_budget(queries: int) -> None:
    _, readings, _ = each(made_lab(3), queries)
    assert readings.made <= queries
