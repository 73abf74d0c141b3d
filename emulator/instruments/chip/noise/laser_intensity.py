"""Intensity noise of the laser, which signal and local oscillator share."""

from typing import Annotated, Literal

from pydantic import Field

from emulator.config.models import Decibels, DecibelsPerHertz
from emulator.instruments.chip.noise.term import NoiseTerm, Receiver
from emulator.physics.chip.photodetector import DetectorNoise, intensity_noise

__all__ = ["LaserIntensity"]


class LaserIntensity(NoiseTerm):
    """Let the laser's power fluctuate, white in the receivers' bandwidth.

    The floor of a telecom DFB laser lies at -150 to -160 dB/Hz. The rejection is assumed; it is what remains of
    the local oscillator's own noise in the difference of two photocurrents.
    """

    kind: Literal["laser_intensity"]
    """Which term this entry configures."""
    rin_db_per_hz: Annotated[DecibelsPerHertz, Field(ge=-250, le=-60)] = -155.0
    """Relative intensity noise, one-sided, in decibels per hertz, [-250, -60]."""
    rejection_db: Annotated[Decibels, Field(ge=0, le=120)] = 25.0
    """Common-mode rejection of a pair of photodiodes, 20 log10 of currents, in decibels, [0, 120]."""

    def variance(self, receiver: Receiver) -> DetectorNoise:
        """Return what the term adds to the variance of one reading, in squared activation units."""
        return intensity_noise(
            receiver.signal_unit_w,
            receiver.oscillator_w,
            receiver.bandwidth_hz,
            10.0 ** (self.rin_db_per_hz / 10.0),
            10.0 ** (-self.rejection_db / 20.0),
        )
