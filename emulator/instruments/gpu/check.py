"""Whether a model fits the GPUs that shall train it, asked before a run and before a re-timing."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from numpy.typing import NDArray

from emulator.errors import ConfigError
from emulator.instruments.instrument import Stand
from emulator.units import format_si

__all__ = ["NEEDED", "GpuDesign", "check", "told"]

NEEDED: Final = "gpu_needed_bytes"
"""The state of a trace that keeps the two numbers of a ``GpuDesign``."""

_DIGITS: Final = 4


class GpuDesign(NamedTuple):
    """Say what one GPU has to hold, in bytes: the whole of the training, or what is left where it is offloaded."""

    whole_bytes: int
    offloaded_bytes: int


def check(stand: Stand, host: Any) -> None:
    """Raise ``ConfigError`` where the model does not fit, and say what would."""
    del host
    config, design = stand.config, stand.design
    if not isinstance(design, GpuDesign):
        return
    needed = design.offloaded_bytes if config.offload else design.whole_bytes
    if needed <= config.memory_bytes:
        return
    cards = -(-needed // config.memory_bytes)
    ways = [f"gpu.memory_bytes >= {needed}", f"a smaller model or batch ({cards} such GPUs hold as much)"]
    if not config.offload and design.offloaded_bytes <= config.memory_bytes:
        ways.insert(0, f"gpu.offload = true, which leaves {format_si(design.offloaded_bytes, 'B', _DIGITS)}")
    raise ConfigError(
        f"gpu.memory_bytes = {config.memory_bytes}: the training needs {format_si(needed, 'B', _DIGITS)} of each "
        f"GPU, and it has {format_si(config.memory_bytes, 'B', _DIGITS)}; allowed: {'; or '.join(ways)}"
    )


def told(config: Any, states: Mapping[str, NDArray[Any]], design: Any) -> GpuDesign | None:
    """Return the design that the ``states`` of a trace tell."""
    del config, design
    return GpuDesign(*(int(each) for each in states[NEEDED])) if NEEDED in states else None
