"""The terms of a latency: which numbers of the configuration a span stands for, and how often each counts.

How often follows from the recorded value and the time that the span took with it. Nothing is fitted here.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from emulator.config.toml import parse_toml
from emulator.trace.reading.reader import Trace

__all__ = ["CHIP_SPANS", "ROUNDED_S", "Count", "Parameter", "RecordedConfig"]

ROUNDED_S: Final = 1e-12
"""Spans are whole picoseconds."""

_RATES: Final = ("_hz", "_per_s")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number of the configuration: its dotted path, its recorded value, and whether time goes as its inverse."""

    path: str
    value: float

    @property
    def is_rate(self) -> bool:
        """Tell whether the number is a rate, so that the inverse of it is a time."""
        return self.path.endswith(_RATES)

    @property
    def seconds(self) -> float:
        """Return the time that the recorded value stands for."""
        return 1.0 / self.value if self.is_rate else self.value

    def at(self, seconds: float) -> float:
        """Return the value that stands for ``seconds``; an infinite rate for none."""
        if not self.is_rate:
            return seconds
        return 1.0 / seconds if seconds > 0 else math.inf


class Count(NamedTuple):
    """Say that the number at ``path`` counts ``times`` in a latency."""

    path: str
    times: float


class RecordedConfig:
    """The recorded configuration, by dotted path."""

    def __init__(self, trace: Trace) -> None:
        self._tree = parse_toml(trace.config_text, str(trace.path))

    def parameter(self, path: str) -> Parameter | None:
        """Return the number at ``path``, or None when it is not set."""
        node = self._at(path)
        if isinstance(node, bool) or not isinstance(node, int | float):
            return None
        parameter = Parameter(path, float(node))
        return None if parameter.is_rate and not node > 0 else parameter

    def _at(self, path: str) -> object:
        node: object = self._tree
        for key in path.split("."):
            node = node.get(key) if isinstance(node, dict) else None
        return node

    def frame_clock(self) -> list[str]:
        """Return the number that sets the period of the frame clock; none where a table or a limit does."""
        if self.parameter("opu.camera.frame_rate_hz") is not None:
            return ["opu.camera.frame_rate_hz"]
        free = self._at("opu.camera.rates") in (None, []) and self._at("opu.camera.rate_limit_hz") is None
        return ["opu.camera.gap_s"] if free else []

    def fixed(self, path: str, seconds: float) -> list[Count]:
        """Count ``path`` once if it is what ``seconds`` are, else not at all."""
        parameter = self.parameter(path)
        same = parameter is not None and abs(parameter.seconds - seconds) <= ROUNDED_S
        return [Count(path, 1.0)] if same else []

    def filling(self, path: str, seconds: float) -> list[Count]:
        """Count ``path`` as often as it takes to fill ``seconds``; not at all if it takes no time itself."""
        parameter = self.parameter(path)
        if parameter is None or parameter.seconds <= 0 or seconds <= ROUNDED_S:
            return []
        times = seconds / parameter.seconds
        whole = round(times)
        snapped = abs(times - whole) * parameter.seconds <= ROUNDED_S + 1e-9 * seconds
        return [Count(path, float(whole) if snapped and whole else times)]

    def transfer(self, seconds: float) -> list[Count]:
        """Count one latency of the chip's link, and bits for the rest."""
        latency = self.parameter("chip.link.latency_s")
        if latency is None or seconds < latency.seconds - ROUNDED_S:
            return []
        bits = self.filling("chip.link.rate_bit_per_s", seconds - latency.seconds)
        return [Count(latency.path, 1.0), *bits]


CHIP_SPANS: Final[dict[str, Callable[[RecordedConfig, float], list[Count]]]] = {
    "link.setpoint": RecordedConfig.transfer,
    "link.upload": RecordedConfig.transfer,
    "link.readout": RecordedConfig.transfer,
    "link.request": lambda config, s: config.fixed("chip.link.latency_s", s),
    "dac.update": lambda config, s: config.fixed("chip.dac.update_s", s),
    "heaters.settling": lambda config, s: config.fixed("chip.heaters.settle_s", s),
    "optics.symbols": lambda config, s: config.filling("chip.inputs.symbol_rate_hz", s),
    "receiver.detection": lambda config, s: config.filling("chip.receiver.detection_s", s),
    "receiver.adc": lambda config, s: config.filling("chip.receiver.adc_s", s),
}
