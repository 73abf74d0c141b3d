"""What a chip takes of the computer's memory, told from its size alone."""

from collections.abc import Mapping
from typing import Final

from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.instrument import Scale
from emulator.physics.chip.kernels.arena import seen_at_once, tape_bytes
from emulator.physics.chip.mesh import Shape, rotators_of, rows_in_use

__all__ = ["devices_of", "memory"]

_DEVICE_BYTES: Final = 700
"""Bytes that one device takes at most while a chip is made: measured, half of them for as long as it stands."""


def devices_of(layers: tuple[tuple[int, int], ...], shape: Shape) -> int:
    """Return the phases of ``layers`` (outputs, inputs each) on meshes of ``shape``, without building them."""
    count = 0
    for outputs, inputs in layers:
        rows_v, rows_u = rows_in_use(outputs, inputs, shape)
        count += rotators_of(rows_v, inputs) + min(outputs, inputs) + rotators_of(rows_u, outputs)
    return count


def memory(config: ChipConfig, scale: Scale) -> Mapping[str, int]:
    """Return the bytes of a chip for ``scale``, by what they are for; exact for light, about right for devices."""
    if not scale.layers:
        return {}
    shape = config.mesh.shape
    light = tape_bytes(scale.layers, scale.batch, shape, feeds=scale.feeds)
    at_once = seen_at_once(scale.feeds, scale.watched)
    looks = tape_bytes(scale.layers, at_once, shape, checkpoints=False, feeds=scale.feeds) if at_once else 0
    devices = devices_of(scale.layers, shape)
    return {
        f"light of a batch of {scale.batch:,} in {devices:,} devices": light,
        f"light of the {scale.watched:,} samples that are watched": looks,
        "phases and heat": devices * _DEVICE_BYTES,
    }
