"""Closed re-timing of a recorded run: its order, dependencies and waits are kept, times and energies are new.

The result is that of a real run exactly, where the controller's choices do not depend on time and nothing else in
``warnings`` applies. No light and no heat is computed.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from emulator.retiming.cautions import cautions, refuse_other_choices
from emulator.retiming.check import Times
from emulator.retiming.energy import energy_by_component
from emulator.retiming.lab import Change, Laboratory, changes
from emulator.retiming.latency import latency_by_span
from emulator.retiming.prices import Prices, price
from emulator.retiming.recording import Recording, read_recording
from emulator.retiming.schedule import Schedule, schedule
from emulator.trace.analysis.ledger import IDLE
from emulator.trace.reading.reader import Trace
from emulator.units import PS_PER_S

__all__ = ["InstrumentTotals", "Retimed", "load_recording", "retime"]

_TOLERANCE: Final = 1e-9


class InstrumentTotals(NamedTuple):
    """Sum up an instrument: commands, how long they held it and queued for it (s); pipelined ones overlap."""

    commands: int
    served_s: float
    waited_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Retimed:
    """Hold a re-timed run; ``times`` are by row of the recording, int64 ps.

    ``latency_by_span_s`` adds up to the elapsed time, as the trace's ledger counts it; ``warnings`` say why
    a real run might differ.
    """

    recording: Recording
    laboratory: Laboratory
    changed: tuple[Change, ...]
    prices: Prices
    schedule: Schedule
    energy_by_component_j: Mapping[str, float]
    latency_by_span_s: Mapping[str, float]
    by_instrument: Mapping[str, InstrumentTotals]
    warnings: tuple[str, ...]

    @property
    def times(self) -> Times:
        """Return when each command is issued, started and done."""
        return self.schedule.times

    @property
    def elapsed_ps(self) -> int:
        """Return when the run ends, in ps."""
        return self.schedule.elapsed_ps

    @property
    def elapsed_s(self) -> float:
        """Return when the run ends, in seconds."""
        return self.schedule.elapsed_ps / PS_PER_S

    @property
    def energy_j(self) -> float:
        """Return the energy of all components, in joules."""
        return float(np.sum(list(self.energy_by_component_j.values())))

    @property
    def binds(self) -> str:
        """Return the "resource.activity" with the largest share of the time, and of a frame pipeline its stage."""
        shares = {name: share for name, share in self.latency_by_span_s.items() if name != IDLE}
        if not shares:
            return IDLE
        name = max(shares, key=lambda each: shares[each])
        stages = [sender.binds for sender in self.schedule.senders.values()]
        return "/".join((name, *stages))


def load_recording(trace: Trace, laboratory: Laboratory, verify: bool = True) -> Recording:
    """Return the recording in ``trace``, having checked that its times and energies follow from ``laboratory``.

    ``laboratory`` is what the trace was recorded in. Every column that is used is checked against its checksum
    unless ``verify`` is False. Raises ``TraceError`` for a trace of version 1 or of detail "summary", a
    damaged one, and one whose times do not follow from ``laboratory``: it then names the first command.
    """
    recording = read_recording(trace, laboratory, verify)
    prices = price(recording.plans, laboratory)
    found = energy_by_component(recording, prices, laboratory, schedule(recording, prices, laboratory))
    stated = recording.energy_by_component_j
    unexplained = [
        name
        for name, energy_j in found.items()
        if abs(stated.get(name, energy_j) - energy_j) > _TOLERANCE * abs(energy_j)
    ]
    return replace(recording, unexplained=tuple(unexplained))


def retime(recording: Recording, laboratory: Laboratory) -> Retimed:
    """Return ``recording`` re-timed into ``laboratory``.

    Raises ``ConfigError`` when ``laboratory`` changes which commands there are, and ``ClockError`` when new times
    exceed what 64 bits of picoseconds hold.
    """
    changed = changes(recording.laboratory, laboratory)
    refuse_other_choices(changed)
    prices = price(recording.plans, laboratory)
    timed = schedule(recording, prices, laboratory)
    energy = energy_by_component(recording, prices, laboratory, timed)
    return Retimed(
        recording, laboratory, changed, prices, timed, energy, latency_by_span(recording, prices, timed),
        _by_instrument(recording, laboratory, timed), cautions(recording, laboratory, timed, energy, changed),
    )  # fmt: skip


def _by_instrument(
    recording: Recording, laboratory: Laboratory, timed: Schedule
) -> dict[str, InstrumentTotals]:
    names = [kind.name for kind, _ in laboratory.standing()]
    counts = Counter[str]()
    for facts in recording.plans:
        counts[facts.instrument] += facts.used
    rows = zip(names, timed.held_ps.tolist(), timed.waited_ps.tolist(), strict=True)
    return {
        name: InstrumentTotals(counts[name], held / PS_PER_S, waited / PS_PER_S)
        for name, held, waited in rows
        if counts[name]
    }
