"""SZO-SCD: stochastic zeroth-order sparse coordinate descent with power-aware pruning, in the phases of a chip.

Algorithm 1 of J. Gu et al., AAAI 2021. In every iteration a mini-batch is drawn and a sparse random part of the
active phases is visited: phi + delta is tried and kept if the loss falls; otherwise phi - delta is taken without
asking (and its loss measured, as the next coordinate's reference), unless power-aware pruning prevents it.

Where the paper's text, its printed algorithm and the authors' later code differ, an option says so; the default
is the paper's text. What this module does not do: it never sees temperatures, gamma or test data.
"""

import math
from collections.abc import Generator, Iterator
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from controllers.kind import DEPLOYMENT, Kind, Options, Program, Setting
from controllers.losses import cross_entropy
from emulator.commands import Batch, Command, Controller, Forward, Log, SetPhases, Settle
from emulator.config.models import Fraction, PositiveInt, Radians

__all__ = ["KIND", "SzoScdConfig", "power_rises", "start", "szo_scd"]

TWO_PI = 2.0 * math.pi
_SETTLE = Settle()


class SzoScdConfig(Options):
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
    batch_size: PositiveInt = 32
    """Samples in a mini-batch."""
    queries: PositiveInt = 300_000
    """Queries after which the controller ends, at the next coordinate."""
    power_awareness: Fraction = 0.0
    """Probability of skipping a step back that would raise the power, [0, 1]; the paper's p."""
    pruning: Literal["text", "printed"] = "text"
    """Whether such a step is skipped with probability p (the text) or taken with it (Algorithm 1 as printed)."""
    power_estimate: Literal["wrapped", "signed"] = "wrapped"
    """Power of a phase in the pruning test: phi mod 2 pi (the text), or |phi| with phi in (-pi, pi]."""
    phase_memory: Literal["shadow", "dac"] = "shadow"
    """Whether the controller remembers phases exactly, or rounds them to the DAC's steps."""


def _wrapped(phase: float) -> float:
    """Return ``phase`` in [0, 2 pi); the remainder of a tiny negative phase alone would be 2 pi itself."""
    wrapped = phase % TWO_PI
    return wrapped if wrapped < TWO_PI else 0.0


def power_rises(phase: float, moved: float, estimate: Literal["wrapped", "signed"]) -> bool:
    """Return whether a heater at ``moved`` is estimated to draw more than at ``phase`` (radians, any range).

    "wrapped" takes phi mod 2 pi as the power (paper, Eq. 8), so that a small step down raises it only where it
    wraps from 0 to 2 pi; "signed" takes |phi| on (-pi, pi], as for a pair of heaters in push-pull.
    """
    if estimate == "wrapped":
        return _wrapped(moved) > _wrapped(phase)
    return abs(math.remainder(moved, TWO_PI)) > abs(math.remainder(phase, TWO_PI))


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
    ``losses_tied`` (a tie counts as a failure) and ``steps_pruned``.
    """
    descent = _Descent(config, heaters, phases, rng, dac_step_rad)
    floor = dac_step_rad if config.step_floor == "dac_step" else 0.0
    per_epoch = config.epoch_iterations or epoch_iterations
    for iteration, batch in enumerate(batches):
        if descent.queries >= config.queries:
            break
        step = max(config.step_rad * config.step_decay ** (iteration // per_epoch), floor)
        if iteration % per_epoch == 0:
            yield Log("step_rad", step)
            yield from descent.report()
        query = Forward(batch)
        loss: float = yield from descent.measure(query)
        for index in descent.choose():
            if descent.queries >= config.queries:
                break
            loss = yield from descent.visit(index, step, query, loss)
        yield Log("train_loss", loss)
        yield Log("active_phase_rad", math.fsum(descent.phases))
    yield from descent.report()


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
        self.heaters: list[int] = heaters.tolist()
        self.phases: list[float] = [_wrapped(phase) for phase in phases.tolist()]
        self.rng = rng
        self.queries = 0
        self.visited = self.accepted = self.tied = self.pruned = 0

    def report(self) -> Generator[Command, Any, None]:
        """Log how the visits so far have ended."""
        yield Log("coordinates_visited", self.visited)
        yield Log("steps_accepted", self.accepted)
        yield Log("losses_tied", self.tied)
        yield Log("steps_pruned", self.pruned)

    def choose(self) -> list[int]:
        """Draw the phases that this iteration visits."""
        count = len(self.heaters)
        if self.config.selection == "exact":
            chosen = self.rng.choice(count, size=max(1, round(self.config.sparsity * count)), replace=False)
        else:
            chosen = self.rng.permutation(np.flatnonzero(self.rng.random(count) < self.config.sparsity))
        if self.config.order == "index":
            chosen.sort()
        return list(chosen.tolist())

    def measure(self, query: Forward) -> Generator[Command, Any, float]:
        """Ask for one reading and return its loss."""
        reading = yield query
        self.queries += 1
        return cross_entropy(reading.outputs, query.batch.labels)

    def visit(self, index: int, step: float, query: Forward, loss: float) -> Generator[Command, Any, float]:
        """Try one coordinate (Algorithm 1, lines 5 to 12) and return the loss of where it ends."""
        phase = self.phases[index]
        forward = yield from self._try(index, phase + step, query)
        self.visited += 1
        if forward < loss:
            self.accepted += 1
            return forward
        self.tied += forward == loss
        back = phase - step
        if self._prunes(phase, back):
            self.pruned += 1
            self.phases[index] = phase
            yield SetPhases((self.heaters[index],), (phase,))
            yield _SETTLE
            return loss
        return (yield from self._try(index, back, query))

    def _try(self, index: int, phase: float, query: Forward) -> Generator[Command, Any, float]:
        """Move one heater, let it settle, and measure."""
        wrapped = self._remembered(phase)
        self.phases[index] = wrapped
        yield SetPhases((self.heaters[index],), (wrapped,))
        yield _SETTLE
        return (yield from self.measure(query))

    def _remembered(self, phase: float) -> float:
        if self.grid_rad > 0.0:
            phase = round(phase / self.grid_rad) * self.grid_rad
        return _wrapped(phase)

    def _prunes(self, phase: float, back: float) -> bool:
        """Return whether the step back is skipped because it would raise the power."""
        p = self.config.power_awareness
        if not power_rises(phase, back, self.config.power_estimate):
            return False
        if self.config.pruning == "text":
            return p > 0.0 and bool(self.rng.random() < p)
        return bool(self.rng.random() >= p)


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


KIND = Kind("szo_scd", SzoScdConfig, needs=frozenset({"chip", DEPLOYMENT}), start=start)
