"""Descent by an estimated slope: the iteration that FLOPS, ZADAM and ZNewton share.

A random part of the active phases is chosen, settings around where they stand are read on one mini-batch, and all
chosen phases move together. Which settings, and how far the readings move the phases, says the ``Rule``. While an
iteration runs, what is driven is a probe; where the search stands is named as its incumbent.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from controllers.kind import Program, Setting
from controllers.phases import total_rad, wrapped
from controllers.reading import losses_at
from controllers.zeroth_order.choice import exact_share
from controllers.zeroth_order.options import LoopOptions, SparseOptions
from emulator.commands import Batch, Compute, Controller, Incumbent, Log, SetPhases, Settle
from emulator.errors import ConfigError

__all__ = ["EstimateOptions", "Move", "Rule", "follow", "start_estimate"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_BYTES_PER_NUMBER = 8


class EstimateOptions(SparseOptions, LoopOptions):
    """Configure a descent by estimates of the slope."""


class Move(NamedTuple):
    """Hold how far each chosen phase moves (m,), in radians, and the loss that tells of the iteration."""

    radians: Floats
    loss: float


class Rule(Protocol):
    """What is read around where the phases stand, and how far that moves them."""

    least: int
    """Readings of the smallest iteration."""
    flops: int
    """Operations of the host for each reading and each phase that it drives."""

    def fits(self, places: Ints, queries: int) -> Ints:
        """Return those of the chosen ``places`` for which ``queries`` readings suffice; none ends the search."""
        ...

    def probes(self, places: Ints, home: Floats) -> tuple[Ints, Floats]:
        """Return settings around ``home`` (m,): indices into ``places`` (n, k), and phases (n, k) in radians."""
        ...

    def move(self, places: Ints, losses: Floats, decay: float) -> Move:
        """Return what the ``losses`` (n,) of these settings lead to; ``decay`` is a factor on the learning rate."""
        ...


def follow(
    options: EstimateOptions, rule: Rule, setting: Setting, batches: Iterator[Batch], rng: np.random.Generator
) -> Controller:
    """Move the setting's active phases by ``rule`` until no iteration fits into ``options.queries``.

    Logs ``train_loss`` and ``active_phase_rad`` (the sum of phi mod 2 pi over active heaters) every iteration. The
    host is charged for its part of each.
    """
    heaters, phases, asked = setting.heaters, wrapped(setting.phases), 0
    per_epoch = options.epoch_of(len(setting.inputs))
    yield Incumbent(phases.copy(), heaters)
    for iteration, batch in enumerate(batches):
        share = np.sort(exact_share(options.sparsity, len(phases), rng))
        places = rule.fits(share, options.queries - asked)
        if places.size == 0:
            break
        decay = options.step_decay ** (iteration // per_epoch)
        which, radians = rule.probes(places, phases[places])
        losses = yield from losses_at(heaters[places][which], wrapped(radians), batch, options.loop)
        asked += len(losses)
        moved = rule.move(places, losses, decay)
        phases[places] = wrapped(phases[places] + moved.radians)
        yield Compute(rule.flops * radians.size, _BYTES_PER_NUMBER * radians.size, "estimate")
        yield SetPhases(heaters[places].tolist(), phases[places].tolist())
        yield Settle()
        yield Incumbent(phases.copy(), heaters)
        yield Log("train_loss", moved.loss)
        yield Log("active_phase_rad", total_rad(phases))


def start_estimate(options: EstimateOptions, rule: Rule, setting: Setting) -> Program:
    """Return the search from the design phases.

    Raises ``ConfigError`` for a batch beyond the training set, and where not one iteration fits into the queries.
    """
    if options.queries < rule.least:
        raise ConfigError(
            f"controller.queries = {options.queries} is refused with controller.kind = {options.kind!r}: an "
            f"iteration takes {rule.least}; allowed: at least as many"
        )
    batches = setting.batches(options.batch_size, "controller/batches")
    controller = follow(options, rule, setting, batches, setting.stream("controller/choices"))
    return Program(controller, options.queries, "recovering")
