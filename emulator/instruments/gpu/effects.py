"""What each parameter of the GPUs decides, for whoever re-times a run."""

from typing import Final

from emulator.instruments.effects import Effect

__all__ = ["EFFECTS"]

_T = Effect.TIMING

EFFECTS: Final = {
    "design": Effect.CHOICES,
    "preset": Effect.NOTHING,
    "flops_per_s": _T,
    "half_flops_per_s": _T,
    "arithmetic_efficiency": _T,
    "bytes_per_s": _T,
    "memory_efficiency": _T,
    "launch_s": _T,
    "summed_s": _T,
    "made_s": _T,
    "memory_bytes": Effect.LIMIT,
    "idle_power_w": Effect.ENERGY,
    "busy_power_w": Effect.ENERGY,
    "pcie_bytes_per_s": _T,
    "pcie_latency_s": _T,
    "offload": _T,
    "offload_crossings": _T,
    "prefetch": _T,
    "count": Effect.CHOICES,
    "interconnect_bytes_per_s": _T,
}
"""By dotted path below the section."""
