"""A twin without errors reads what its chip reads; with the chip's errors known it does so again."""

from dataclasses import replace

import numpy as np
import pytest

from controllers.digital_twin.twin import twin_of
from controllers.losses import loss_for
from emulator.errors import ConfigError
from tests.builders import EXACT
from tests.controllers.digital_twin.twin_lab import made_lab


def test_the_twin_of_a_chip_without_errors_reads_what_the_chip_reads() -> None:
    lab = made_lab(0, EXACT)
    twin, driven = twin_of(lab.setting, 0.01), lab.setting.phases + 0.3
    inputs = lab.setting.inputs[:20]
    np.testing.assert_allclose(twin.read(driven, inputs), lab.read(driven, inputs), rtol=0, atol=1e-12)


def test_a_twin_that_knows_every_error_reads_what_a_chip_with_errors_reads() -> None:
    lab = made_lab(1)
    twin, driven, inputs = twin_of(lab.setting, 0.01), lab.setting.phases, lab.setting.inputs[:20]
    read = lab.read(driven, inputs)
    assert np.abs(twin.read(driven, inputs) - read).max() > 0.05
    twin.offsets = lab.core.phases() - twin.phases(driven)
    np.testing.assert_allclose(twin.read(driven, inputs), read, rtol=0, atol=1e-12)


def test_a_mistaken_design_moves_what_is_built_in_and_no_heater() -> None:
    lab = made_lab(2)
    twin, driven = twin_of(lab.setting, 0.01), lab.setting.phases
    before = twin.phases(driven)
    twin.mistake(np.full(before.size, 0.2))
    np.testing.assert_allclose(
        twin.phases(driven) - before, np.where(lab.deployment.active, 0.0, 0.2), atol=1e-12
    )


def test_a_buried_heater_is_cold_whatever_it_is_told() -> None:
    lab = made_lab(2, EXACT, dead=(3,))
    twin, inputs = twin_of(lab.setting, 0.01), lab.setting.inputs[:20]
    dead = np.arange(lab.setting.heaters.size) == 3
    twin.bury(dead)
    driven = lab.setting.phases + 0.5
    np.testing.assert_allclose(twin.read(driven, inputs), lab.read(driven, inputs), rtol=0, atol=1e-12)
    labels = lab.setting.targets[:20]
    assert twin.slopes(driven, inputs, labels)[3] == 0.0
    twin.bury(~dead)
    assert twin.gains.tolist() == dead.astype(float).tolist()


@pytest.mark.parametrize("values", [False, True], ids=["labels", "values"])
def test_slopes_are_those_of_the_loss(values: bool) -> None:
    lab = made_lab(3, values=values)
    twin, inputs, targets = twin_of(lab.setting, 0.01), lab.setting.inputs[:12], lab.setting.targets[:12]
    driven, loss_of = lab.setting.phases, loss_for(targets)
    found = twin.slopes(driven, inputs, targets)
    for place in range(driven.size):
        step = 1e-5 * (np.arange(driven.size) == place)
        ahead, behind = (loss_of(twin.read(driven + sign * step, inputs), targets) for sign in (1, -1))
        assert found[place] == pytest.approx((ahead - behind) / 2e-5, rel=1e-5, abs=1e-7)


def test_with_outputs_of_the_chip_the_error_is_the_chips() -> None:
    lab = made_lab(4)
    twin, inputs, labels = twin_of(lab.setting, 0.01), lab.setting.inputs[:12], lab.setting.targets[:12]
    right = np.where(np.arange(4) == labels[:, None], 1000.0, -1000.0)
    assert np.abs(twin.slopes(lab.setting.phases, inputs, labels)).max() > 1e-3
    assert np.abs(twin.slopes(lab.setting.phases, inputs, labels, right)).max() == 0.0


def test_the_spread_is_the_data_sheets_share_and_a_floor() -> None:
    lab = made_lab(5)
    twin = twin_of(lab.setting, 0.02)
    np.testing.assert_allclose(twin.spread, 0.03 * lab.deployment.phases + 0.02)


def test_a_setting_without_a_chip_has_no_twin() -> None:
    with pytest.raises(ConfigError, match="no chip to be the twin of"):
        twin_of(replace(made_lab(0).setting, deployment=None), 0.01)
