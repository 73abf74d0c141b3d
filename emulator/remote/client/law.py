"""The law of heaters behind a voltage driver: a phase is made by heat, and heat by the square of a voltage."""

import math
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from emulator.config.models import StrictModel
from emulator.errors import CommandError

__all__ = ["HeaterLaw"]

Volts = Annotated[float, Field(gt=0, le=1e4, allow_inf_nan=False)]


class HeaterLaw(StrictModel):
    """Turn phases into voltages and back: V = V_pi sqrt(phase/pi), as in emulator/physics/chip/converters.py."""

    volts_for_pi: Volts | tuple[Volts, ...]
    """Voltage that makes a phase of pi: one for all channels, or one each; measured on the chip at hand."""
    most_volts: Volts
    """Voltage beyond which nothing is driven: the chip's or the driver's limit, whichever is less."""

    def volts(self, radians: ArrayLike, channels: ArrayLike) -> NDArray[np.float64]:
        """Return the voltages for ``radians`` at ``channels``, from 1.

        Raises ``CommandError`` for a phase below 0 or a voltage above the limit.
        """
        phases = np.asarray(radians, dtype=np.float64)
        found = self._for_pi(channels) * np.sqrt(np.maximum(phases, 0.0) / math.pi)
        wrong = ~((phases >= 0.0) & (found <= self.most_volts))
        if wrong.any():
            raise CommandError(
                f"channel {np.asarray(channels)[wrong].flat[0]}: {phases[wrong].flat[0]:.6g} rad need "
                f"{found[wrong].flat[0]:.6g} V; allowed: phases >= 0, and {self.most_volts:g} V at most"
            )
        return np.asarray(found)

    def radians(self, volts: ArrayLike, channels: ArrayLike) -> NDArray[np.float64]:
        """Return the phases that ``volts`` make at ``channels``."""
        return np.asarray(math.pi * (np.asarray(volts, dtype=np.float64) / self._for_pi(channels)) ** 2)

    def _for_pi(self, channels: ArrayLike) -> NDArray[np.float64]:
        known = np.asarray(self.volts_for_pi, dtype=np.float64)
        if known.ndim == 0:
            return known
        places = np.asarray(channels, dtype=np.int64) - 1
        if places.size and places.max() >= known.size:
            raise CommandError(
                f"channel {places.max() + 1} has no volts_for_pi; the dialect's law knows {known.size} channels"
            )
        return np.asarray(known[places])
