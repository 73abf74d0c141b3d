"""How a run ended, and what it came to."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from emulator.instruments.station import Station
from emulator.trace import AnyRecorder
from emulator.units import ps_to_s

__all__ = ["RunResult", "RunStatus", "busy_s", "note_end"]

RunStatus = Literal["complete", "budget", "diverged", "aborted", "failed"]


@dataclass(frozen=True, slots=True)
class RunResult:
    """Sum up a run: ``busy_by_span_s`` counts every span's time, also where spans overlap."""

    status: RunStatus
    reason: str
    elapsed_s: float
    queries: int
    energy_by_component_j: dict[str, float]
    busy_by_span_s: dict[str, float]
    late_events: int = 0

    @property
    def energy_j(self) -> float:
        """Return the energy of all components, in joules."""
        return math.fsum(self.energy_by_component_j.values())


def busy_s(stations: Iterable[Station]) -> dict[str, float]:
    """Return the time that each "resource.activity" has taken, also where spans overlap, in seconds."""
    busy_ps: dict[str, int] = {}
    for station in stations:
        for name, total_ps in station.busy_ps().items():
            busy_ps[name] = busy_ps.get(name, 0) + total_ps
    return {name: ps_to_s(total_ps) for name, total_ps in busy_ps.items()}


def note_end(recorder: AnyRecorder, result: RunResult, stations: Iterable[Station]) -> None:
    """Record the totals, and what instruments keep of their state."""
    for component, energy_j in result.energy_by_component_j.items():
        recorder.total("energy_j", component, energy_j)
    for span, busy in result.busy_by_span_s.items():
        recorder.total("busy_s", span, busy)
    for station in stations:
        for name, values, units in station.instrument.closing_states():
            recorder.state(name, values, units)
