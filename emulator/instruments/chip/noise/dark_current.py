"""Shot noise of the photodiodes' dark currents."""

from typing import Annotated, Literal

from pydantic import Field

from emulator.config.models import Amperes
from emulator.instruments.chip.noise.term import NoiseTerm, Receiver
from emulator.physics.chip.photodetector import DetectorNoise, dark_noise

__all__ = ["DarkCurrent"]


class DarkCurrent(NoiseTerm):
    """Let both photodiodes of a receiver leak; germanium on silicon leaks tens of nanoamperes (assumed)."""

    kind: Literal["dark_current"]
    """Which term this entry configures."""
    dark_a: Annotated[Amperes, Field(ge=0, le=1)] = 50e-9
    """Dark current of one photodiode, in amperes, [0, 1]."""

    def variance(self, receiver: Receiver) -> DetectorNoise:
        """Return what the term adds to the variance of one reading, in squared activation units."""
        return dark_noise(
            receiver.signal_unit_w,
            receiver.oscillator_w,
            receiver.responsivity_a_per_w,
            receiver.bandwidth_hz,
            self.dark_a,
        )
