"""Coordinate descent by steps of one length: the iteration that SZO-SCD and its relatives share.

A coordinate is tried at phi + delta. What a failure leads to is the rule: "step_back" takes phi - delta unverified
(Algorithm 1 of J. Gu et al., AAAI 2021), "three_point" takes it only if it is better than phi, and else returns
(its Eq. 9), "best_of_both" reads both sides in any case and takes the better one (its Eq. 7). Host and sequencer
do the same, reading by reading. It knows no power: who prunes steps, says which.
"""

from collections.abc import Callable, Generator, Iterator
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from controllers.kind import Setting
from controllers.losses import loss_for
from controllers.phases import total_rad, wrapped
from controllers.reading import Asker
from controllers.zeroth_order.choice import chosen
from controllers.zeroth_order.options import DescentOptions
from emulator.commands import (
    Batch,
    Command,
    Controller,
    Descent,
    Forward,
    Log,
    Probe,
    Reading,
    Readings,
    Sequence,
    SetPhases,
    Settle,
)

__all__ = ["UNVISITED", "Pruning", "Rule", "Toll", "descend"]

UNVISITED = "coordinates_unvisited"
"""The metric that counts what the last iteration would have come to, had there been queries left."""

Rule = Literal["step_back", "three_point", "best_of_both"]
Floats = NDArray[np.float64]
Pruning = Callable[[Floats, Floats, np.random.Generator], NDArray[np.bool_]]
"""Tells, of phases and their steps back, which of these are not to be taken; it may draw lots."""

_SETTLE = Settle()


class Toll(Protocol):
    """What a move costs besides the loss, known to the host before it is read."""

    def toll(self, places: NDArray[np.int64], home: Floats, moved: Floats) -> Floats:
        """Return the costs (m,) of moving the phases at ``places`` (m,) from ``home`` to ``moved`` (m,)."""
        ...

    def after(self, phases: Floats) -> None:
        """Hear that an iteration has ended at ``phases`` (n,)."""
        ...


def descend(
    options: DescentOptions,
    rule: Rule,
    setting: Setting,
    batches: Iterator[Batch],
    rng: np.random.Generator,
    loop: Asker = "host",
    pruning: Pruning | None = None,
    toll: Toll | None = None,
) -> Controller:
    """Tune the setting's active phases by ``rule`` until ``options.queries`` queries have been asked.

    A ``toll`` is added where losses are compared, which a sequencer cannot do: it needs the host's ``loop``.
    Logs ``train_loss`` and ``active_phase_rad`` (the sum of phi mod 2 pi over active heaters) every iteration,
    ``step_rad`` every epoch, and with it and at the end running counts: ``coordinates_visited``, and of these
    ``steps_accepted`` (a comparison found a lower loss), ``losses_tied`` (a tie counts as a failure) and
    ``steps_pruned``; and ``coordinates_unvisited``, if the queries end before an iteration does.
    """
    descent = _Descent(options, rule, setting, rng, pruning, toll)
    iterate = descent.by_host if loop == "host" else descent.by_sequencer
    floor = setting.dac_step_rad if options.step_floor == "dac_step" else 0.0
    per_epoch = options.epoch_of(len(setting.inputs))
    for iteration, batch in enumerate(batches):
        if descent.queries >= options.queries:
            break
        step = max(options.step_rad * options.step_decay ** (iteration // per_epoch), floor)
        if iteration % per_epoch == 0:
            yield Log("step_rad", step)
            yield from descent.report()
        visits = descent.visits(step)
        offered = descent.visited + len(visits.places)
        loss = yield from iterate(visits, batch)
        if toll is not None:
            toll.after(descent.phases)
        yield Log("train_loss", loss)
        yield Log("active_phase_rad", total_rad(descent.phases))
        if descent.visited < offered:
            yield Log(UNVISITED, offered - descent.visited)
    yield from descent.report()


class _Visits(NamedTuple):
    """Hold what one iteration may visit, (n,) each: places among the heaters, the heaters, where each may go.

    ``forth`` is tried first; ``back`` is the step back, ``home`` where the heater stands; ``keep_home`` says which
    step back is pruned; the tolls are what either side costs besides the loss.
    """

    places: NDArray[np.int64]
    heaters: NDArray[np.int64]
    forth: Floats
    back: Floats
    home: Floats
    keep_home: NDArray[np.bool_]
    toll_forth: Floats
    toll_back: Floats


_Visit = tuple[int, float, float, float, bool, float, float]
"""One of them: heater, forth, back, home, keep_home, and both tolls."""

_Loss = Callable[[Floats, NDArray[Any]], float]


class _Descent:
    """The state of one descent: the phases it believes to have set, and how many queries it has asked."""

    def __init__(
        self,
        options: DescentOptions,
        rule: Rule,
        setting: Setting,
        rng: np.random.Generator,
        pruning: Pruning | None,
        toll: Toll | None,
    ) -> None:
        self.options = options
        self.rule: Rule = rule
        self.grid_rad = setting.dac_step_rad if options.phase_memory == "dac" else 0.0
        self.heaters = setting.heaters
        self.health = setting.health
        self.phases = wrapped(setting.phases)
        self.rng = rng
        self.pruning = pruning
        self.toll = toll
        self.queries = 0
        self.visited = self.accepted = self.tied = self.pruned = 0

    def report(self) -> Iterator[Command]:
        """Log the running counts."""
        yield Log("coordinates_visited", self.visited)
        yield Log("steps_accepted", self.accepted)
        yield Log("losses_tied", self.tied)
        yield Log("steps_pruned", self.pruned)

    def visits(self, step: float) -> _Visits:
        """Choose the active phases of one iteration, and say where each may go."""
        places = chosen(self.options, len(self.phases), self.rng)
        if self.health.heaters:
            places = places[self.health.usable(self.heaters[places])]
        home = self.phases[places]
        moved = home + np.array([[step], [-step]])
        forth, back = self._remembered(moved)
        keep_home = (
            self.pruning(home, moved[1], self.rng) if self.pruning else np.zeros(len(places), dtype=np.bool_)
        )
        tolls = (np.zeros(len(places)),) * 2
        if self.toll is not None:
            tolls = self.toll.toll(places, home, forth), self.toll.toll(places, home, back)
        return _Visits(places, self.heaters[places], forth, back, home, keep_home, *tolls)

    def by_host(self, visits: _Visits, batch: Batch) -> Generator[Command, Any, float]:
        """Make one iteration, query by query; return the loss of where it ends."""
        labels, after = batch.labels, visits.home.copy()
        loss_of = loss_for(labels)
        reading: Reading = yield Forward(batch)
        self.queries += 1
        loss = loss_of(reading.outputs, labels)
        for place, visit in enumerate(zip(*(column.tolist() for column in visits[1:]), strict=True)):
            if self.queries >= self.options.queries:
                break
            self.visited += 1
            after[place], loss = yield from self._visit(visit, loss, batch, loss_of)
        self.phases[visits.places] = after
        return loss

    def by_sequencer(self, visits: _Visits, batch: Batch) -> Generator[Command, Any, float]:
        """Have the chip's sequencer make one iteration; the same readings and decisions as ``by_host``."""
        if visits.places.size == 0:  # a draw of no coordinate: one reading, with nothing to decide
            return (yield from self.by_host(visits, batch))
        left = self.options.queries - self.queries
        decide = Descent(self.rule, visits.back, visits.home, visits.keep_home, left)
        heaters, forth = visits.heaters[:, np.newaxis], visits.forth[:, np.newaxis]
        found: Readings = yield Sequence(heaters, forth, batch, decide)
        self.queries += found.readings
        self.visited += len(found.radians)
        self.accepted += found.accepted
        self.tied += found.tied
        self.pruned += found.pruned
        self.phases[visits.places[: len(found.radians)]] = found.radians
        return found.loss

    def _visit(
        self, visit: _Visit, loss: float, batch: Batch, loss_of: _Loss
    ) -> Generator[Command, Any, tuple[float, float]]:
        """Visit one heater, where ``loss`` was read last; return where it stays, and the loss there."""
        heater, forth, back, home, keep_home, toll_forth, toll_back = visit
        heaters, limit = (heater,), self.options.queries
        reading: Reading = yield Probe(heaters, (forth,), batch)
        self.queries += 1
        tried = loss_of(reading.outputs, batch.labels)
        other, least, toll = home, loss, 0.0
        if self.rule == "best_of_both" and not keep_home and self.queries < limit:
            other, least, toll = forth, tried, toll_forth
        else:
            if tried + toll_forth < loss:
                self.accepted += 1
                return forth, tried
            self.tied += tried + toll_forth == loss
            if keep_home or self.queries >= limit:  # a step back that could not be measured is not taken
                self.pruned += keep_home
                yield from _rest(heaters, home)
                return home, loss
        reading = yield Probe(heaters, (back,), batch)
        self.queries += 1
        returned = loss_of(reading.outputs, batch.labels)
        if self.rule == "step_back":
            return back, returned
        self.tied += returned + toll_back == least + toll
        if returned + toll_back < least + toll:
            other, least, toll = back, returned, toll_back
        else:
            yield from _rest(heaters, other)
        self.accepted += least + toll < loss
        return other, least

    def _remembered(self, phases: Floats) -> Floats:
        if self.grid_rad > 0.0:
            phases = np.rint(phases / self.grid_rad) * self.grid_rad
        return wrapped(phases)


def _rest(heaters: tuple[int], phase: float) -> Iterator[Command]:
    """Drive a heater to a phase whose loss is known, and let the chip settle."""
    yield SetPhases(heaters, (phase,))
    yield _SETTLE
