"""What a controller is given of a deployed chip is what was ordered: the nominal mesh is the electronic network."""

import math

import numpy as np
import pytest

from emulator.errors import ConfigError
from emulator.physics.chip.adjoint import forward, nominal_network
from emulator.streams import stream
from experiments.run.prepare import prepare
from experiments.run.study import study_from_overrides
from experiments.tasks.pretraining import Pretrained, PretrainOptions
from experiments.tasks.task import Task

VOWEL = ("task.name=vowel", "controller.kind=szo_scd")


def untrained(task: Task, options: PretrainOptions, seed: int) -> Pretrained:
    """Return a network that nobody trained: these tests are about what becomes of its weights."""
    rng = stream(seed, "tests/untrained")
    weights = tuple(0.2 * rng.standard_normal(shape) for shape in task.weight_shapes)
    return Pretrained.of(weights, task, options.activation_clip)


@pytest.mark.parametrize(
    "mesh", [(), ("chip.mesh.shape=square",), ("chip.mesh.rotation=cw", "chip.mesh.sigma_max=2.5")]
)
def test_the_nominal_mesh_of_the_setting_is_the_electronic_network(mesh: tuple[str, ...]) -> None:
    prepared = prepare(study_from_overrides([*VOWEL, *mesh]), untrained)
    setting, sheet = prepared.setting, prepared.setting.sheet
    assert setting.deployment is not None
    assert sheet is not None
    network = nominal_network(
        setting.deployment.layers, sheet.sigma_max, sheet.shape, sheet.rotation, 0.0, sheet.activation_clip
    )
    signal = setting.inputs
    for matrix in prepared.pretrained.weights[:-1]:
        signal = np.clip(signal @ matrix.T, 0.0, sheet.activation_clip)
    expected = signal @ prepared.pretrained.weights[-1].T
    found = forward(network, setting.deployment.phases, setting.inputs).outputs
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


def test_the_setting_names_the_active_devices_of_its_deployment() -> None:
    setting = prepare(study_from_overrides(VOWEL), untrained).setting
    assert setting.deployment is not None
    np.testing.assert_array_equal(setting.heaters, np.flatnonzero(setting.deployment.active))
    np.testing.assert_array_equal(setting.phases, setting.deployment.phases[setting.deployment.active])


@pytest.mark.parametrize(("kind", "spread"), [("absolute", 0.004 / 0.1653), ("relative", 0.004)])
def test_the_data_sheet_says_how_far_phases_spread(kind: str, spread: float) -> None:
    heaters = ("chip.heaters.sigma_gamma=0.004", f"chip.heaters.sigma_kind={kind}")
    sheet = prepare(study_from_overrides([*VOWEL, *heaters]), untrained).setting.sheet
    assert sheet is not None
    assert sheet.phase_spread == pytest.approx(spread)


@pytest.mark.parametrize(("bits", "full_scale"), [(0, math.inf), (14, 8.0)])
def test_an_ideal_converter_has_no_end_of_its_range(bits: int, full_scale: float) -> None:
    receiver = (f"chip.receiver.adc_bits={bits}", "chip.receiver.full_scale_output=8")
    sheet = prepare(study_from_overrides([*VOWEL, *receiver]), untrained).setting.sheet
    assert sheet is not None
    assert sheet.full_scale == full_scale


@pytest.mark.parametrize("name", ["climate_na", "mnist16_diffusion"])
def test_a_chip_is_given_no_task_of_maps(name: str) -> None:
    with pytest.raises(
        ConfigError, match=rf"task.name = '{name}' is refused on a chip: what comes out is a map"
    ):
        prepare(study_from_overrides([f"task.name={name}"]), untrained)
