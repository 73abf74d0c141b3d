"""How numbers become what mirrors can show, under the names that users of lightonml know.

An encoder only says what is wanted; bit planes themselves are made by the unit (``physics.dmd``), which also adds
their projections up again, so that there are no decoders.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError
from emulator.physics.opu.dmd import MAX_BITS

__all__ = ["BinaryThresholdEncoder", "Encoder", "SeparatedBitPlanEncoder", "encoder_of"]


@dataclass(frozen=True, slots=True)
class BinaryThresholdEncoder:
    """Show 1 where a number exceeds ``threshold``, else 0; raises ``ConfigError`` when it is not finite."""

    threshold: float = 0.0

    def __post_init__(self) -> None:
        if not np.isfinite(self.threshold):
            raise ConfigError(f"BinaryThresholdEncoder: threshold={self.threshold}; it must be finite")

    def encode(self, x: NDArray[Any]) -> NDArray[np.float32]:
        """Return 0 or 1 for every number of ``x`` (...)."""
        return np.asarray(np.greater(x, self.threshold).astype(np.float32))


@dataclass(frozen=True, slots=True)
class SeparatedBitPlanEncoder:
    """Show positive and negative parts as ``precision`` bit planes each, at twice as many frames; linear only.

    A precision of 1 shows -1, 0 and 1 exactly. Raises ``ConfigError`` for ``precision`` outside 1..16.
    """

    precision: int = 6

    def __post_init__(self) -> None:
        if not 1 <= self.precision <= MAX_BITS:
            raise ConfigError(
                f"SeparatedBitPlanEncoder: precision={self.precision}; allowed are 1..{MAX_BITS} bits"
            )


Encoder = BinaryThresholdEncoder | SeparatedBitPlanEncoder


def encoder_of(given: Encoder | type[Encoder] | None) -> Encoder | None:
    """Return ``given``, made with its defaults if it is a class; raises ``ConfigError`` when it is no encoder."""
    encoder = given() if isinstance(given, type) else given
    if encoder is None or isinstance(encoder, Encoder):
        return encoder
    raise ConfigError(
        f"OPU: {type(encoder).__name__} is no encoder; allowed: BinaryThresholdEncoder, SeparatedBitPlanEncoder "
        "or None"
    )
