"""Readings are counted, and phases remembered as a DAC of known steps drives them."""

from dataclasses import replace

import numpy as np

from controllers.digital_twin.readings import Readings
from emulator.commands import Probe, SetPhases, Settle
from tests.controllers.digital_twin.twin_lab import made_lab

LAB = made_lab(0)


def test_every_reading_counts_against_the_budget() -> None:
    readings, batches = Readings(LAB.setting, 3), LAB.setting.batches(8)
    LAB.served(readings.read(LAB.setting.phases, next(batches)))
    assert (readings.made, readings.left) == (1, 2)


def test_a_record_holds_what_the_dac_drove() -> None:
    step = 2 * np.pi / 255
    readings = Readings(replace(LAB.setting, dac_step_rad=step), 3)
    (asked,) = LAB.served(readings.read(LAB.setting.phases - 9.0, next(LAB.setting.batches(8))))
    assert isinstance(asked, Probe)
    codes = np.array(asked.radians) / step
    np.testing.assert_allclose(codes, np.rint(codes), atol=1e-9)
    assert min(asked.radians) >= 0.0
    assert max(asked.radians) < 2 * np.pi


def test_the_incumbent_and_the_end_are_the_same_phases() -> None:
    readings, phases = Readings(LAB.setting, 3), LAB.setting.phases + 7.0
    named, (end, settled) = readings.named(phases), LAB.served(readings.left_at(phases))
    assert isinstance(end, SetPhases)
    assert isinstance(settled, Settle)
    assert list(end.radians) == np.asarray(named.radians).tolist()
