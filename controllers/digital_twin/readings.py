"""Readings for a twin: every one counts against the budget, and phases are remembered as the DAC drives them."""

from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from controllers.digital_twin.twin import Record
from controllers.kind import Setting
from controllers.phases import wrapped
from controllers.reading import Asker, outputs_at
from emulator.commands import Batch, Command, Incumbent, Probe, Reading, SetPhases, Settle

__all__ = ["Readings"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Readings:
    """Drive all active heaters at once and read; at most ``queries`` times."""

    def __init__(self, setting: Setting, queries: int) -> None:
        self.heaters = setting.heaters
        self.made = 0
        self._listed = setting.heaters.tolist()
        self._step_rad = setting.dac_step_rad
        self._queries = queries

    @property
    def left(self) -> int:
        """Return how many readings the budget still allows."""
        return self._queries - self.made

    def remembered(self, phases: Floats) -> Floats:
        """Return ``phases`` (n,) as the DAC's nearest codes have them, in [0, 2 pi)."""
        if self._step_rad > 0.0:
            phases = np.rint(phases / self._step_rad) * self._step_rad
        return wrapped(phases)

    def read(self, phases: Floats, batch: Batch) -> Generator[Command, Any, Record]:
        """Read ``batch`` with the heaters driven to ``phases`` (n,)."""
        driven = self.remembered(phases)
        reading: Reading = yield Probe(self._listed, driven.tolist(), batch)
        self.made += 1
        return Record(driven, batch.inputs, reading.outputs)

    def one_by_one(
        self, home: Floats, there: Floats, places: Ints, batch: Batch, loop: Asker
    ) -> Generator[Command, Any, Floats]:
        """Return the outputs (k, samples, outputs) with each of ``places`` (k,) alone at ``there`` (n,).

        All others are at ``home`` (n,), to which the heaters were driven before. While one heater goes, the one
        before it comes home. Phases are as ``remembered`` has them.
        """
        before, home = np.roll(places, 1), self.remembered(home)
        width = min(2, len(places))
        pairs = np.stack([self.heaters[places], self.heaters[before]], axis=1)[:, :width]
        ways = np.stack([there[places], home[before]], axis=1)[:, :width]
        return (yield from self._outputs(pairs, ways, batch, loop))

    def each_of(self, phases: Floats, batch: Batch, loop: Asker) -> Generator[Command, Any, Floats]:
        """Return the outputs (k, samples, outputs) with the heaters driven to each of ``phases`` (k, n)."""
        ways = np.stack([self.remembered(each) for each in phases])
        return (yield from self._outputs(np.tile(self.heaters, (len(ways), 1)), ways, batch, loop))

    def _outputs(
        self, heaters: Ints, ways: Floats, batch: Batch, loop: Asker
    ) -> Generator[Command, Any, Floats]:
        self.made += len(ways)
        rows = np.ascontiguousarray(heaters), np.ascontiguousarray(ways)
        return (yield from outputs_at(*rows, batch, loop))

    def named(self, phases: Floats) -> Incumbent:
        """Return the command that names ``phases`` (n,) as where the search would end."""
        return Incumbent(self.remembered(phases), self.heaters)

    def left_at(self, phases: Floats) -> Generator[Command, Any, None]:
        """Drive the heaters to ``phases`` (n,) and let them settle: the search ends there."""
        yield SetPhases(self._listed, self.remembered(phases).tolist())
        yield Settle()
