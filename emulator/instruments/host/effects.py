"""What each parameter of the host decides, for whoever re-times a run."""

from typing import Final

from emulator.instruments.effects import Effect

__all__ = ["EFFECTS"]

EFFECTS: Final = {
    "preset": Effect.NOTHING,
    "overhead_s": Effect.TIMING,
    "idle_power_w": Effect.ENERGY,
    "active_power_w": Effect.ENERGY,
    "frame_power_w": Effect.ENERGY,
    "flops_per_s": Effect.TIMING,
    "bytes_per_s": Effect.TIMING,
    "launch_s": Effect.TIMING,
}
"""By dotted path below the section."""
