"""The settled chip as a function, against the chip itself after a long time, and its derivative."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from emulator.instruments.chip.config import ChipConfig, DacConfig, HeaterConfig
from emulator.instruments.chip.state import ChipCore
from emulator.instruments.chip.truth.settled import SettledChip
from emulator.streams import stream
from tests.builders import random_design

LONG_PS = 10**13
KINDS: list[dict[str, Any]] = [
    {"dynamics": "instant", "omega": 0.03},
    {"dynamics": "dynamic", "omega": 0.03},
    {"dynamics": "dynamic", "coupling": "spacing"},
    {"dynamics": "dynamic", "substrate_coupling": 1e-3, "substrate_tau_s": 1e-3},
    {"dynamics": "instant", "omega": 0.03, "passive_aggressors": True},
    {"dynamics": "dynamic", "omega": 0.03, "sigma_devices": "ideal", "substrate_coupling": 1e-3},
]

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(map(str, kind.values())))


def core_of(**heaters: Any) -> ChipCore:
    design = random_design((6, 5, 4), 2, active=0.5)
    dead = tuple(np.flatnonzero(design.active)[[1, 4]].tolist())
    config = ChipConfig(heaters=HeaterConfig(**heaters, dead=dead), dac=DacConfig(bits=0))
    return ChipCore(config, design, 3)


def numbers(size: int, name: str) -> NDArray[np.float64]:
    return stream(0, f"tests/{name}").random(size)


@every_kind
def test_a_chip_that_is_left_alone_stays_where_it_was_made_to_be(kind: dict[str, Any]) -> None:
    core = core_of(**kind)
    settled = SettledChip(core)
    np.testing.assert_allclose(settled.phases(settled.radians), core.phases(), rtol=0, atol=1e-12)


@every_kind
def test_it_is_what_the_chip_becomes_when_its_heaters_are_driven_and_left_alone(kind: dict[str, Any]) -> None:
    core = core_of(**kind)
    settled = SettledChip(core)
    radians = 4 * np.pi * numbers(settled.heaters.size, "radians") - 2 * np.pi
    core.drive(settled.heaters, radians, 0)
    core.pass_time(LONG_PS)
    np.testing.assert_allclose(settled.phases(radians), core.phases(), rtol=0, atol=1e-12)


@every_kind
def test_it_may_be_made_of_a_chip_that_has_been_driven(kind: dict[str, Any]) -> None:
    core = core_of(**kind)
    before = SettledChip(core)
    core.drive(before.heaters, 6 * numbers(before.heaters.size, "drive"), 0)
    after = SettledChip(core)
    radians = 6 * numbers(before.heaters.size, "radians")
    np.testing.assert_allclose(after.phases(radians), before.phases(radians), rtol=0, atol=1e-12)


@every_kind
def test_the_derivative_is_that_of_the_phases(kind: dict[str, Any]) -> None:
    settled = SettledChip(core_of(**kind))
    radians = 0.5 + 5 * numbers(settled.heaters.size, "radians")
    slopes = numbers(settled.phases(radians).size, "slopes") - 0.5
    found = settled.pull_back(slopes)
    for place in range(radians.size):
        step = np.zeros_like(radians)
        step[place] = 1e-3  # the phases are linear in it
        change = settled.phases(radians + step) - settled.phases(radians - step)
        assert found[place] == pytest.approx(float(slopes @ change) / 2e-3, abs=1e-9)


def test_a_dead_heater_moves_nothing() -> None:
    core = core_of(dynamics="dynamic", omega=0.03, substrate_coupling=1e-3)
    settled = SettledChip(core)
    slopes = settled.pull_back(np.ones(core.design.active.size))
    dead = np.isin(settled.heaters, core.config.heaters.dead)
    assert np.all(slopes[dead] == 0.0)
    assert np.all(slopes[~dead] > 0.5)
