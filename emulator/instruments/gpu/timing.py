"""What a kernel takes on a GPU, part by part, and which part binds; no state.

A roofline (S. Williams et al., Communications of the ACM 52(4), 2009) with a start-up cost. A product with one
vector is slower where its matrix is tall or wide: its inputs are summed up in turn, its outputs are made in turn.
Limits: caches, clocks that sink with temperature, and kernels that run beside each other are not modelled.
"""

from collections.abc import Mapping
from typing import NamedTuple

from emulator.instruments.gpu.config import GpuConfig

__all__ = ["KernelTime", "kernel_time"]


class KernelTime(NamedTuple):
    """Hold the seconds of a kernel's parts: what computes, what starts it, what crosses a link before it."""

    arithmetic_s: float
    memory_s: float
    launch_s: float
    pcie_s: float
    interconnect_s: float

    @property
    def computing_s(self) -> float:
        """Return the time of the kernels themselves: arithmetic and memory traffic overlap."""
        return max(self.arithmetic_s, self.memory_s)

    @property
    def total_s(self) -> float:
        """Return the time of all parts, one after the other."""
        return self.computing_s + self.launch_s + self.pcie_s + self.interconnect_s


def kernel_time(config: GpuConfig, work: Mapping[str, int]) -> KernelTime:
    """Return what a Kernel of ``work`` takes; quantities that it does not name are 0.

    arithmetic = flops / (efficiency * peak); memory = bytes / (efficiency * bandwidth), and of a product with one
    vector at least summed * summed_s and made * made_s; launch = launches * launch_s.
    """
    peak = config.half_flops_per_s if work.get("half", 0) else config.flops_per_s
    arithmetic_s = work.get("flops", 0) / (peak * config.arithmetic_efficiency)
    traffic_s = work.get("bytes", 0) / (config.bytes_per_s * config.memory_efficiency)
    floor_s = max(work.get("summed", 0) * config.summed_s, work.get("made", 0) * config.made_s)
    memory_s = max(traffic_s, floor_s)
    link_s = _pcie_s(config, work, max(arithmetic_s, memory_s))
    between_s = work.get("reduced", 0) / config.interconnect_bytes_per_s if config.count > 1 else 0.0
    return KernelTime(arithmetic_s, memory_s, work.get("launches", 0) * config.launch_s, link_s, between_s)


def _pcie_s(config: GpuConfig, work: Mapping[str, int], computing_s: float) -> float:
    """Return the time for which the link to the host keeps the GPU waiting."""
    moved, weights = work.get("moved", 0), work.get("weights", 0) if config.offload else 0
    moved_s = config.pcie_latency_s + moved / config.pcie_bytes_per_s if moved else 0.0
    if not weights:
        return moved_s
    passing_s = config.pcie_latency_s + weights / config.pcie_bytes_per_s
    crossing_s = config.offload_crossings * passing_s
    return moved_s + (max(0.0, crossing_s - computing_s) if config.prefetch else crossing_s)
