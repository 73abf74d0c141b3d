"""Every parameter is classified, and what a configuration has is found in it."""

import pytest

from emulator.bench_config import BudgetConfig
from emulator.config.models import paths
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.host.config import HostConfig
from emulator.instruments.opu.config import OpuConfig
from emulator.retiming.lab import Change, changes
from emulator.retiming.parameters import Effect, effect_of
from tests.emulator.retiming.retiming_lab import chip_lab, opu_lab

SECTIONS = {"chip": ChipConfig, "host": HostConfig, "opu": OpuConfig, "budget": BudgetConfig}
UNKNOWN = effect_of("nobody.knows.this")
LIMITED = {f"{name}.{path}" for name, model in SECTIONS.items() for path, _ in paths(model)}


def test_every_parameter_of_every_section_is_classified() -> None:
    assert Effect.TIMING | Effect.PHYSICS in UNKNOWN
    assert [path for path in LIMITED if effect_of(path) == UNKNOWN] == []


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


def test_changes_are_listed_by_path_with_both_values() -> None:
    old = chip_lab()
    new = old._replace(host=old.host.model_copy(update={"overhead_s": 1e-3}), seed=4)
    assert changes(old, new) == (Change("host.overhead_s", 5e-6, 1e-3), Change("seed", 0, 4))
    assert changes(old, old) == ()
    assert "opu_design" in [change.path for change in changes(old, opu_lab())]
