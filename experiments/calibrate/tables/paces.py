"""What a call takes on a preset of each kind, by the emulator's own rules, and which of its numbers are fitted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from emulator.config.models import PresetModel
from emulator.errors import ConfigError
from emulator.instruments.gpu.config import GpuConfig
from emulator.instruments.gpu.timing import kernel_time
from emulator.instruments.host.config import HostConfig
from emulator.instruments.host.host import compute_s
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.frames import calls_s
from emulator.instruments.opu.timing import OpuDesign
from experiments.calibrate.tables.rows import Row

__all__ = ["PACES", "Pace"]


@dataclass(frozen=True)
class Pace:
    """Say how the calls of a kind of preset are timed.

    ``limits`` returns the numbers that are fitted, each with the largest that it may be; ``power`` is what the
    preset draws while it works, "" where tables of calls do not tell.
    """

    config: type[PresetModel]
    limits: Callable[[Any], Mapping[str, float]]
    seconds: Callable[[Any, Row], float]
    power: str

    def with_numbers(self, config: Any, numbers: Mapping[str, float]) -> Any:
        """Return ``config`` with ``numbers``, by dotted path."""
        for path, value in numbers.items():
            section, dot, name = path.rpartition(".")
            if dot:
                inner = getattr(config, section).model_copy(update={name: value})
                config = config.model_copy(update={section: inner})
            else:
                config = config.model_copy(update={name: value})
        return config

    def predict(self, config: Any, rows: Sequence[Row]) -> list[float]:
        """Return the seconds of each of ``rows``; calls that are alike are timed once."""
        known: dict[tuple[int, ...], float] = {}
        found = []
        for row in rows:
            key = (row.vectors, row.features, row.outputs, row.flops, row.bytes, row.products, row.online)
            if key not in known:
                known[key] = self.seconds(config, row)
            found.append(known[key])
        return found


def _gpu_s(config: GpuConfig, row: Row) -> float:
    one = row.vectors == 1
    work = {
        "flops": row.flops,
        "bytes": row.bytes,
        "launches": row.products,
        "summed": row.products * row.features if one else 0,
        "made": row.products * row.outputs if one else 0,
    }
    return kernel_time(config, work).total_s


def _host_s(config: HostConfig, row: Row) -> float:
    return row.products * config.launch_s + compute_s(config, row.flops, row.bytes)


_HOST: Final = HostConfig(preset="workstation")


def _opu_s(config: OpuConfig, row: Row) -> float:
    if not row.vectors:
        raise ConfigError(
            "calibrate: a call of an opu is vectors,features,outputs; flops,bytes tell nothing of it"
        )
    if row.online:
        config = config.model_copy(update={"acquisition": "online"})
    calls, each = (row.vectors, 1) if row.online else (1, row.vectors)
    return calls * calls_s(config, _HOST, OpuDesign(row.features, row.outputs), 1, each)


_ANY: Final = 1e21


def _gpu_limits(config: GpuConfig) -> Mapping[str, float]:
    del config
    return {
        "arithmetic_efficiency": 1.0,
        "memory_efficiency": 1.0,
        "launch_s": 1.0,
        "summed_s": 1.0,
        "made_s": 1.0,
    }


def _host_limits(config: HostConfig) -> Mapping[str, float]:
    del config
    return {"flops_per_s": _ANY, "bytes_per_s": _ANY, "launch_s": 1.0}


def _opu_limits(config: OpuConfig) -> Mapping[str, float]:
    frame_s = max(config.camera.exposure_s + config.camera.gap_s, config.dmd.load_s)
    return {
        "acquisition_s": 100.0,
        "online_s": 100.0,
        "format_s_per_byte": 1e-6,
        "camera.frame_rate_hz": 1.0 / frame_s,
    }


PACES: Final = {
    "gpu": Pace(GpuConfig, _gpu_limits, _gpu_s, "busy_power_w"),
    "host": Pace(HostConfig, _host_limits, _host_s, "active_power_w"),
    "opu": Pace(OpuConfig, _opu_limits, _opu_s, ""),
}
"""By kind of preset.

Of an OPU ``acquisition_s`` is the cost of a call, or online ``online_s``; the frame rate is that of a vector, and
``format_s_per_byte`` that of a feature.
"""
