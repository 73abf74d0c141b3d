"""The law of heaters: phases and voltages, there and back, and what no driver may be asked for."""

import math

import numpy as np
import pytest

from emulator.errors import CommandError
from emulator.physics.chip.converters import dac_phase
from emulator.remote.client.law import HeaterLaw

LAW = HeaterLaw(volts_for_pi=5.0, most_volts=8.0)
OWN = HeaterLaw(volts_for_pi=(4.0, 6.0), most_volts=9.0)


def test_pi_needs_the_voltage_for_pi_and_heat_is_the_square_of_a_voltage() -> None:
    assert LAW.volts([0.0, math.pi, math.pi / 4], [1, 2, 3]) == pytest.approx([0.0, 5.0, 2.5])
    assert OWN.volts([math.pi, math.pi], [2, 1]) == pytest.approx([6.0, 4.0])


def test_phases_come_back() -> None:
    phases = np.linspace(0.0, 2 * math.pi, 9)
    channels = np.arange(1, 10)
    assert LAW.radians(LAW.volts(phases, channels), channels) == pytest.approx(phases)


def test_the_law_is_that_of_the_emulated_converters() -> None:
    gamma_rad_per_v2, step_v = math.pi / 5.0**2, 0.01
    volts = LAW.volts([1.0], [1])
    driven = dac_phase(1.0, 0.0, step_v, gamma_rad_per_v2)
    assert round(volts[0] / step_v) * step_v == pytest.approx(math.sqrt(driven / gamma_rad_per_v2))


@pytest.mark.parametrize("phase", [-0.1, 8.1, math.nan])
def test_what_no_driver_may_be_asked_for_is_refused_by_its_channel(phase: float) -> None:
    with pytest.raises(CommandError, match=r"channel 7: .* allowed: phases >= 0, and 8 V at most"):
        LAW.volts([1.0, phase], [6, 7])


def test_a_channel_that_the_law_does_not_know_is_refused() -> None:
    with pytest.raises(
        CommandError, match="channel 3 has no volts_for_pi; the dialect's law knows 2 channels"
    ):
        OWN.volts([1.0], [3])
