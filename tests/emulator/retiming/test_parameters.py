"""Every parameter is classified, and what a configuration has is found in it."""

import pytest

from emulator.config.models import paths
from emulator.instruments.registry import INSTRUMENTS
from emulator.retiming.parameters import Effect, effect_of

UNKNOWN = effect_of("nobody.knows.this")
LIMITED = {f"{kind.name}.{path}" for kind in INSTRUMENTS.values() for path, _ in paths(kind.config)}


def test_every_parameter_of_every_instrument_says_what_it_decides() -> None:
    assert Effect.TIMING | Effect.PHYSICS in UNKNOWN
    assert [path for path in LIMITED if effect_of(path) == UNKNOWN] == []


def test_no_instrument_speaks_of_a_parameter_that_it_has_not() -> None:
    for kind in INSTRUMENTS.values():
        known = [path for path, _ in paths(kind.config)] + ["design"]
        for path in kind.retiming.effects:
            assert any(f"{each}.".startswith(f"{path}.") for each in known), f"{kind.name}.{path}"


@pytest.mark.parametrize(
    ("path", "effect"),
    [
        ("chip.heaters.tau_s", Effect.PHYSICS),
        ("chip.heaters.settle_s", Effect.TIMING),
        ("chip.heaters.p_pi_w", Effect.ENERGY),
        ("opu.camera.exposure_s", Effect.TIMING | Effect.PHYSICS),
        ("controller.step_rad", Effect.CHOICES),
        ("task.name", Effect.CHOICES),
        ("seed", Effect.CHOICES),
        ("budget.time_s", Effect.LIMIT),
        ("title", Effect.NOTHING),
    ],
)
def test_a_parameter_decides_what_its_physics_says(path: str, effect: Effect) -> None:
    assert effect_of(path) == effect
