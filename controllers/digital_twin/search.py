"""What searches with a twin share: the phases they believe best, readings they remember, fits and pokes."""

import math
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from controllers.digital_twin.fit import Effort, missed, refit
from controllers.digital_twin.options import TwinOptions
from controllers.digital_twin.poke import poke_each, poke_together
from controllers.digital_twin.readings import Readings
from controllers.digital_twin.twin import Record, Twin, twin_of
from controllers.kind import Setting
from controllers.losses import loss_for
from emulator.commands import Batch, Command, Log

__all__ = ["TwinSearch"]


class TwinSearch:
    """Hold a search's twin, its ``phases`` (n,) of the heaters, and the last ``window`` readings of them."""

    def __init__(
        self, options: TwinOptions, setting: Setting, batches: Iterator[Batch], window: int | None = None
    ) -> None:
        self.options = options
        self.batches = batches
        self.twin = _believed(options, setting)
        self.readings = Readings(setting, options.queries)
        self.phases = setting.phases.copy()
        self.records: deque[Record] = deque(maxlen=window)
        self.kept = 0
        self._setting = setting
        self._effort = Effort(options.fit_steps, options.fit_products)

    def begin(self) -> Generator[Command, Any, None]:
        """Name the design phases, and look for dead heaters if that is to be done before all else."""
        yield self.readings.named(self.phases)
        if self.options.poke == "each":
            batch = next(self.batches)
            yield from poke_each(self.twin, self.readings, self.phases, batch, self.options.poke_rad)
            yield from self._begin_anew()
        elif self.options.poke == "together":
            yield from self._poke()

    def look(self, count: int) -> Generator[Command, Any, None]:
        """Read ``count`` mini-batches at the phases as they are, and fit the twin to all that is remembered.

        Where no fit explains the readings something is broken: dead heaters are looked for, and all begins anew, if
        the budget has a poke and twice as many readings again.
        """
        yield from self._look(count)
        if self.readings.left < self.options.poke_readings + 2 * count:
            return
        if self.options.poke == "auto" and self.records and self.kept == count and self._puzzled:
            yield from self._poke()
            yield from self._look(count)

    def read(self, batch: Batch) -> Generator[Command, Any, Record]:
        """Read ``batch`` at the phases as they are, and remember it."""
        record = yield from self.readings.read(self.phases, batch)
        self.records.append(record)
        self.kept += 1
        return record

    def fit(self) -> Generator[Command, Any, None]:
        """Fit the twin to what is remembered, and pay for it."""
        if self.records:
            work = refit(self.twin, self.records, self.options.reading_sd, self._effort)
            yield work.paid("fit")
            yield Log("twin_misses", missed(self.twin, self.records))

    def _look(self, count: int) -> Generator[Command, Any, None]:
        losses = []
        for _ in range(min(count, self.readings.left)):
            batch = next(self.batches)
            record = yield from self.read(batch)
            losses.append(loss_for(batch.labels)(record.outputs, batch.labels))
        if losses:
            yield Log("train_loss", math.fsum(losses) / len(losses))
            yield from self.fit()

    def _poke(self) -> Generator[Command, Any, None]:
        deployment = self._setting.deployment
        if deployment is None:
            return
        yield from poke_together(
            self.twin, self.readings, deployment, self.batches, self.options.poke_readings,
            self.options.reading_sd, self._effort, self._setting.stream("controller/poke"),
        )  # fmt: skip
        yield from self._begin_anew()

    def _begin_anew(self) -> Generator[Command, Any, None]:
        """Forget what was read while dead heaters were believed alive, and leave them cold."""
        self.records.clear()
        self.kept = 0
        self.phases = np.where(self.twin.dead, 0.0, self._setting.phases)
        yield self.readings.named(self.phases)
        yield Log("dead_heaters", float(self.twin.dead.sum()))

    @property
    def _puzzled(self) -> bool:
        """Return whether the fitted twin leaves more of its records unexplained than small errors would."""
        read = np.concatenate([each.outputs for each in self.records])
        return missed(self.twin, self.records) > self.options.explained * float(
            np.sqrt(np.square(read).mean())
        )


def _believed(options: TwinOptions, setting: Setting) -> Twin:
    """Return the twin that ``options`` would have, wrong where they say so."""
    if options.insertion_loss == "none" and setting.sheet is not None:
        setting = replace(setting, sheet=replace(setting.sheet, insertion_loss_db=0.0))
    twin = twin_of(setting, options.prior_floor_rad)
    if options.design_error_rad:
        rng = setting.stream("controller/design_error")
        twin.mistake(options.design_error_rad * rng.standard_normal(twin.offsets.size))
    return twin
