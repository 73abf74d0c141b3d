"""SZO-SCD: stochastic zeroth-order sparse coordinate descent with power-aware pruning, in the phases of a chip.

Algorithm 1 of J. Gu et al., AAAI 2021. In every iteration a mini-batch is drawn and a sparse random part of the
active phases is visited: phi + delta is tried and kept if the loss falls; otherwise phi - delta is taken without
asking (and its loss measured, as the next coordinate's reference), unless power-aware pruning prevents it.

Where the paper's text, its printed algorithm and the authors' later code differ, an option says so; the default
is the paper's text. What this module does not do: it never sees temperatures, gamma or test data.
"""

import math
from collections.abc import Generator, Iterator
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from controllers.kind import DEPLOYMENT, Kind, Loop, Program, Setting, TuningOptions
from controllers.losses import loss_for
from controllers.phases import TWO_PI, wrapped
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
from emulator.config.models import Fraction, PositiveInt, Radians

__all__ = ["KIND", "SzoScdConfig", "power_rises", "start", "szo_scd"]

_SETTLE = Settle()
_UNVISITED = "coordinates_unvisited"


class SzoScdConfig(TuningOptions):
    """Configure SZO-SCD; the defaults are the paper's for its MNIST network."""

    kind: Literal["szo_scd"] = "szo_scd"
    """Which controller this section configures."""
    sparsity: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Share of the active phases that one iteration visits, (0, 1]; the paper's s."""
    selection: Literal["exact", "bernoulli"] = "exact"
    """Whether exactly s|A| phases are drawn (the text) or each with probability s (the authors' later code)."""
    order: Literal["index", "shuffled"] = "index"
    """Whether the chosen phases are visited in device order or in random order; the paper does not say."""
    step_rad: Annotated[Radians, Field(gt=0, le=math.pi)] = 0.02
    """First step, in radians, (0, pi]; the paper's delta."""
    step_decay: Annotated[float, Field(gt=0, le=1)] = 0.985
    """Factor on the step after every epoch, (0, 1]."""
    step_floor: Literal["none", "dac_step"] = "none"
    """Whether the step may shrink without limit (the text) or not below one DAC step (the authors' later code)."""
    epoch_iterations: PositiveInt | None = None
    """Iterations after which the step decays; None is one pass over the training set."""
    power_awareness: Fraction = 0.0
    """Probability of skipping a step back that would raise the power, [0, 1]; the paper's p."""
    pruning: Literal["text", "printed"] = "text"
    """Whether such a step is skipped with probability p (the text) or taken with it (Algorithm 1 as printed)."""
    power_estimate: Literal["wrapped", "signed"] = "wrapped"
    """Power of a phase in the pruning test: phi mod 2 pi (the text), or |phi| with phi in (-pi, pi]."""
    phase_memory: Literal["shadow", "dac"] = "shadow"
    """Whether the controller remembers phases exactly, or rounds them to the DAC's steps."""
    loop: Literal["host", "sequencer"] = "host"
    """Who decides upon a reading: the host after every query, or the chip's sequencer for a whole iteration."""


def power_rises(
    phases: NDArray[np.float64], moved: NDArray[np.float64], estimate: Literal["wrapped", "signed"]
) -> NDArray[np.bool_]:
    """Return which heaters at ``moved`` (n,) are estimated to draw more than at ``phases`` (n,), in radians.

    "wrapped" takes phi mod 2 pi as the power (paper, Eq. 8), so that a small step down raises it only where it
    wraps from 0 to 2 pi; "signed" takes |phi| on (-pi, pi], as for a pair of heaters in push-pull.
    """
    if estimate == "wrapped":
        return np.asarray(wrapped(moved) > wrapped(phases))
    return np.asarray(_signed(moved) > _signed(phases))


def _signed(phases: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.abs(phases - TWO_PI * np.rint(phases / TWO_PI))


def szo_scd(
    config: SzoScdConfig,
    heaters: NDArray[np.int64],
    phases: NDArray[np.float64],
    batches: Iterator[Batch],
    epoch_iterations: int,
    rng: np.random.Generator,
    dac_step_rad: float = 0.0,
) -> Controller:
    """Tune ``heaters`` (n,), which start at ``phases`` (n,), until ``config.queries`` queries have been asked.

    ``epoch_iterations`` holds where the configuration has none; ``dac_step_rad`` is the phase DAC's step from
    its data sheet, in radians (0: none), which ``step_floor`` and ``phase_memory`` may use. Logs ``train_loss``
    and ``active_phase_rad`` (the sum of phi mod 2 pi over active heaters) every iteration, ``step_rad`` every
    epoch, and with it and at the end running counts: ``coordinates_visited``, and of these ``steps_accepted``,
    ``losses_tied`` (a tie counts as a failure) and ``steps_pruned``; and ``coordinates_unvisited``, if the queries
    end before an iteration does.
    """
    descent = _Descent(config, heaters, phases, rng, dac_step_rad)
    iterate = descent.by_host if config.loop == "host" else descent.by_sequencer
    floor = dac_step_rad if config.step_floor == "dac_step" else 0.0
    per_epoch = config.epoch_iterations or epoch_iterations
    for iteration, batch in enumerate(batches):
        if descent.queries >= config.queries:
            break
        step = max(config.step_rad * config.step_decay ** (iteration // per_epoch), floor)
        if iteration % per_epoch == 0:
            yield Log("step_rad", step)
            yield from descent.report()
        visits = descent.visits(step)
        offered = descent.visited + len(visits.places)
        loss = yield from iterate(visits, batch)
        yield Log("train_loss", loss)
        yield Log("active_phase_rad", math.fsum(descent.phases.tolist()))
        if descent.visited < offered:
            yield Log(_UNVISITED, offered - descent.visited)
    yield from descent.report()


class _Visits(NamedTuple):
    """Hold what one iteration may visit, (n,) each: places among the heaters, the heaters, where each may go.

    ``forth`` is tried first; ``back`` is the step back, ``home`` where the heater stands; ``keep_home`` says which
    step back is pruned.
    """

    places: NDArray[np.int64]
    heaters: NDArray[np.int64]
    forth: NDArray[np.float64]
    back: NDArray[np.float64]
    home: NDArray[np.float64]
    keep_home: NDArray[np.bool_]


class _Descent:
    """The state of one descent: the phases it believes to have set, and how many queries it has asked."""

    def __init__(
        self,
        config: SzoScdConfig,
        heaters: NDArray[np.int64],
        phases: NDArray[np.float64],
        rng: np.random.Generator,
        dac_step_rad: float,
    ) -> None:
        self.config = config
        self.grid_rad = dac_step_rad if config.phase_memory == "dac" else 0.0
        self.heaters = heaters
        self.phases = wrapped(phases)
        self.rng = rng
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
        places = self._chosen()
        home = self.phases[places]
        forth, back = home + step, home - step
        return _Visits(
            places,
            self.heaters[places],
            self._remembered(forth),
            self._remembered(back),
            home,
            self._pruned(home, back),
        )

    def by_host(self, visits: _Visits, batch: Batch) -> Generator[Command, Any, float]:
        """Make one iteration of Algorithm 1 (lines 5 to 12), query by query; return the loss of where it ends."""
        labels, limit, after = batch.labels, self.config.queries, visits.home.copy()
        loss_of = loss_for(labels)
        reading: Reading = yield Forward(batch)
        self.queries += 1
        loss = loss_of(reading.outputs, labels)
        candidates = zip(*(column.tolist() for column in visits[1:]), strict=True)
        for place, (heater, forth, back, home, keep_home) in enumerate(candidates):
            if self.queries >= limit:
                break
            self.visited += 1
            heaters = (heater,)
            reading = yield Probe(heaters, (forth,), batch)
            self.queries += 1
            found = loss_of(reading.outputs, labels)
            after[place] = forth
            if found < loss:
                self.accepted += 1
                loss = found
                continue
            self.tied += found == loss
            if keep_home or self.queries >= limit:  # a step back that could not be measured is not taken
                self.pruned += keep_home
                after[place] = home
                yield SetPhases(heaters, (home,))
                yield _SETTLE
                continue
            after[place] = back
            reading = yield Probe(heaters, (back,), batch)
            self.queries += 1
            loss = loss_of(reading.outputs, labels)
        self.phases[visits.places] = after
        return loss

    def by_sequencer(self, visits: _Visits, batch: Batch) -> Generator[Command, Any, float]:
        """Have the chip's sequencer make one iteration; the same readings and decisions as ``by_host``."""
        if visits.places.size == 0:  # a draw of no coordinate: one reading, with nothing to decide
            return (yield from self.by_host(visits, batch))
        decide = Descent(
            "step_back", visits.back, visits.home, visits.keep_home, self.config.queries - self.queries
        )
        heaters, forth = visits.heaters[:, np.newaxis], visits.forth[:, np.newaxis]
        found: Readings = yield Sequence(heaters, forth, batch, decide)
        self.queries += found.readings
        self.visited += len(found.radians)
        self.accepted += found.accepted
        self.tied += found.tied
        self.pruned += found.pruned
        self.phases[visits.places[: len(found.radians)]] = found.radians
        return found.loss

    def _chosen(self) -> NDArray[np.int64]:
        """Return the places of the active phases that an iteration visits, in the order in which it does."""
        count = len(self.phases)
        if self.config.selection == "exact":
            chosen = self.rng.choice(count, size=max(1, round(self.config.sparsity * count)), replace=False)
        else:
            chosen = self.rng.permutation(np.flatnonzero(self.rng.random(count) < self.config.sparsity))
        return np.sort(chosen) if self.config.order == "index" else chosen

    def _remembered(self, phases: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.grid_rad > 0.0:
            phases = np.rint(phases / self.grid_rad) * self.grid_rad
        return wrapped(phases)

    def _pruned(self, home: NDArray[np.float64], back: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which steps back are skipped because they would raise the power, if the chance p says so."""
        p = self.config.power_awareness
        taken = p if self.config.pruning == "text" else 1.0 - p
        if taken == 0.0:
            return np.zeros(len(home), dtype=np.bool_)
        rises = power_rises(home, back, self.config.power_estimate)
        return rises if taken == 1.0 else rises & (self.rng.random(len(home)) < taken)


def start(options: SzoScdConfig, setting: Setting) -> Program:
    """Return the descent from the design phases; raises ``ConfigError`` for a batch beyond the training set."""
    controller = szo_scd(
        options,
        setting.heaters,
        setting.phases,
        setting.batches(options.batch_size, "controller/batches"),
        max(1, len(setting.inputs) // options.batch_size),
        setting.stream("controller/choices"),
        setting.dac_step_rad,
    )
    return Program(controller, options.queries, "recovering")


KIND = Kind(
    "szo_scd", SzoScdConfig, needs=frozenset({"chip", DEPLOYMENT}), start=start, loop=Loop("loop", _UNVISITED)
)
