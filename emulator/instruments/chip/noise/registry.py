"""The terms of receiver noise by name; adding one is one file and one line here."""

from collections.abc import Mapping

from emulator.instruments.chip.noise.dark_current import DarkCurrent
from emulator.instruments.chip.noise.laser_intensity import LaserIntensity
from emulator.instruments.chip.noise.term import NoiseTerm

__all__ = ["NOISE_TERMS"]

NOISE_TERMS: Mapping[str, type[NoiseTerm]] = {
    "laser_intensity": LaserIntensity,
    "dark_current": DarkCurrent,
}
"""The model of every term's entry."""
