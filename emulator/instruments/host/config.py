"""What can be configured about the computer that runs the controller; sources live in ``presets/host``."""

from typing import Annotated, ClassVar

from pydantic import Field

from emulator.config.models import PresetModel, Seconds, Watts

__all__ = ["HostConfig"]


class HostConfig(PresetModel):
    """Describe the computer that runs the controller: a preset of ``presets/host``, overlaid by keys."""

    preset_kind: ClassVar[str] = "host"

    overhead_s: Annotated[Seconds, Field(ge=0, le=100)] = 5e-6
    """Host time per query for the loss and the decision, in seconds, [0, 100]."""
    idle_power_w: Annotated[Watts, Field(ge=0, le=1e6)] = 40.0
    """Power while the host waits, in watts, [0, 1e6]."""
    active_power_w: Annotated[Watts, Field(ge=0, le=1e6)] = 100.0
    """Power while the host computes, in watts, [0, 1e6]."""
    flops_per_s: Annotated[float, Field(gt=0, le=1e21)] = 1e11
    """Floating-point operations per second that large matrix products reach, (0, 1e21]."""
    bytes_per_s: Annotated[float, Field(gt=0, le=1e21)] = 2e10
    """Bytes per second between memory and processor, (0, 1e21]."""
    launch_s: Annotated[Seconds, Field(ge=0, le=100)] = 1e-5
    """Time to start one piece of work, in seconds, [0, 100]."""
    frame_power_w: Annotated[Watts, Field(ge=0, le=1e6)] = 60.0
    """Further power while camera frames are turned into numbers, in watts, [0, 1e6]."""
