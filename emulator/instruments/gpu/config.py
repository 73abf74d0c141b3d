"""What can be configured about the GPUs of a bench; the sources of numbers live in ``presets/gpu``.

The defaults are the preset ``p100``. Upper limits are generous: they are there to catch a slip of units.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from emulator.config.models import PresetModel, Seconds, Watts

__all__ = ["GpuConfig"]

Rate = Annotated[float, Field(gt=0, le=1e21)]
Share = Annotated[float, Field(gt=0, le=1)]


class GpuConfig(PresetModel):
    """Describe the GPUs, all alike: a preset of ``presets/gpu``, overlaid by keys."""

    preset_kind: ClassVar[str] = "gpu"

    flops_per_s: Rate = 9.53e12
    """Operations per second in single precision by the data sheet, (0, 1e21]."""
    half_flops_per_s: Rate = 1.91e13
    """Operations per second in half precision by the data sheet, with what units it has for that, (0, 1e21]."""
    arithmetic_efficiency: Share = 0.915
    """Share of these that long products reach, (0, 1]."""
    bytes_per_s: Rate = 7.32e11
    """Bytes per second between memory and processor by the data sheet, (0, 1e21]."""
    memory_efficiency: Share = 0.6
    """Share of it that is reached, (0, 1]."""
    launch_s: Annotated[Seconds, Field(ge=0, le=1)] = 28.2e-6
    """Time to start one kernel, in seconds, [0, 1]."""
    summed_s: Annotated[Seconds, Field(ge=0, le=1)] = 9.2e-9
    """Least time for each input of a product with one vector, which are summed up in turn, in seconds, [0, 1]."""
    made_s: Annotated[Seconds, Field(ge=0, le=1)] = 6.7e-10
    """Least time for each output of a product with one vector, in seconds, [0, 1]."""
    memory_bytes: Annotated[int, Field(ge=1, le=10**15)] = 17_179_869_184
    """Memory of one GPU, in bytes, 1..1e15."""
    idle_power_w: Annotated[Watts, Field(ge=0, le=1e6)] = 30.0
    """Power of one GPU that waits, in watts, [0, 1e6]."""
    busy_power_w: Annotated[Watts, Field(ge=0, le=1e6)] = 203.0
    """Power of one GPU that computes, in watts, [0, 1e6]."""
    pcie_bytes_per_s: Rate = 1.2e10
    """Bytes per second between host and GPU, (0, 1e21]."""
    pcie_latency_s: Annotated[Seconds, Field(ge=0, le=1)] = 1e-5
    """Time to start a transfer between host and GPU, in seconds, [0, 1]."""
    offload: bool = False
    """Whether weights are kept by the host and cross the link in every pass that needs them."""
    offload_crossings: Annotated[int, Field(ge=1, le=100)] = 1
    """How often they cross it in a pass, 1..100."""
    prefetch: bool = False
    """Whether weights cross while the pass computes; without, before it."""
    count: Annotated[int, Field(ge=1, le=10_000)] = 1
    """GPUs, 1..10000."""
    interconnect_bytes_per_s: Rate = 1.2e10
    """Bytes per second between one GPU and the others, (0, 1e21]."""
