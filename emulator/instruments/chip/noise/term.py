"""What a term of receiver noise says of itself; it lists none."""

from typing import NamedTuple

from emulator.config.models import StrictModel
from emulator.physics.chip.photodetector import DetectorNoise

__all__ = ["NoiseTerm", "Receiver"]


class Receiver(NamedTuple):
    """Hold what a term is given of one receiver: light in watts, responsivity and noise bandwidth.

    ``signal_unit_w`` is the optical power of activation 1, ``oscillator_w`` that of the local oscillator.
    """

    signal_unit_w: float
    oscillator_w: float
    responsivity_a_per_w: float
    bandwidth_hz: float


class NoiseTerm(StrictModel):
    """One entry [[chip.noise]] of a study; every term narrows ``kind`` to its own name."""

    kind: str
    """Which term this entry configures."""

    def variance(self, receiver: Receiver) -> DetectorNoise:
        """Return what the term adds to the variance of one reading, in squared activation units."""
        raise NotImplementedError
