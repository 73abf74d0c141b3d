"""What an optical processing unit takes of the computer's memory, told from its size alone."""

from collections.abc import Mapping
from typing import Final

from emulator.instruments.instrument import Scale
from emulator.instruments.opu.config import OpuConfig
from emulator.physics.opu.gaussian_medium import dense_bytes
from emulator.physics.opu.structured_medium import structured_bytes

__all__ = ["memory"]

_PATTERN_BYTES: Final = 8
_OUTPUT_BYTES: Final = 16
"""Of one vector in flight, a feature and an output: complex single numbers, once more while they are joined."""


def memory(config: OpuConfig, scale: Scale) -> Mapping[str, int]:
    """Return the bytes of a unit for ``scale.sizes`` (features, outputs), by what they are for."""
    if not scale.sizes:
        return {}
    features, outputs = scale.sizes
    pixels = outputs * (config.recovery.anchor_group if config.recovery.mode == "anchor" else 1)
    store = config.medium.store
    kept = {"dense": dense_bytes, "structured": structured_bytes}
    medium = kept[store](features, pixels) if store in kept else 0
    flight = scale.batch * (_PATTERN_BYTES * features + _OUTPUT_BYTES * pixels)
    return {
        f"medium of {features:,} x {pixels:,} (opu.medium.store = {store!r})": medium,
        f"projections of a batch of {scale.batch:,}": flight,
    }
