"""Rounds of reading, fitting and training in a twin: nearly all the work is the host's, and readings are few.

A round reads a few mini-batches at the phases as they are, fits the twin to all readings so far, trains the active
phases on the twin alone, over the whole training set, and drives the chip to what came out. What is right of the
twin near the new phases only the next round's readings can tell.

Without readings it is the electronic bound, what the computer alone knows: backpropagation through the nominal
mesh, if asked with errors drawn from the data sheet's spread in every step, so that the phases found stand errors.
"""

from collections.abc import Generator, Iterator
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, NonNegativeInt

from controllers.digital_twin.adam import Adam, falling
from controllers.digital_twin.options import TwinOptions
from controllers.digital_twin.search import TwinSearch
from controllers.digital_twin.work import adam_work, forward_work, pull_work, slopes_work
from controllers.kind import DEPLOYMENT, Kind, Program, Setting
from emulator.commands import Batch, Command, Controller
from emulator.config.models import PositiveInt, Radians

__all__ = ["KIND", "TwinFitConfig", "start", "twin_fit"]


class TwinFitConfig(TwinOptions):
    """Configure rounds of reading, fitting and training in a twin."""

    kind: Literal["twin_fit"] = "twin_fit"
    """Which controller this section configures."""
    queries: PositiveInt = 25
    """Queries after which the controller ends, if its rounds have not ended before."""
    batch_size: PositiveInt = 64
    """Samples in a mini-batch that is read."""
    rounds: PositiveInt = 3
    """Rounds of reading, fitting and training."""
    readings: NonNegativeInt = 8
    """Readings of a round, fewer where the queries would not do for all rounds; 0 trains on the nominal mesh."""
    noise: Literal["none", "spread"] = "none"
    """Whether each step of the training draws errors from the data sheet's spread, and stands them."""
    train_steps: PositiveInt = 300
    """Steps of a round's training."""
    train_batch: PositiveInt = 256
    """Samples of a step of the training, or the whole training set where that is smaller."""
    learning_rate: Annotated[Radians, Field(gt=0, le=1)] = 0.02
    """First step of Adam in the training, in radians, (0, 1]; it falls to 0 in every round."""


def twin_fit(config: TwinFitConfig, setting: Setting, batches: Iterator[Batch]) -> Controller:
    """Tune the chip of ``setting`` from its design phases in rounds, with ``config.queries`` readings at most.

    Logs ``train_loss`` of every round's readings, ``twin_misses`` (root mean square, activation units) after every
    fit, and ``dead_heaters`` after a poke. Names its incumbent, and leaves the chip there. Raises ``ConfigError``
    where nothing was deployed.
    """
    search = TwinSearch(config, setting, batches)
    yield from search.begin()
    rounds = config.rounds if config.readings else 1  # what nothing tells does not change
    for number in range(rounds):
        to_come = rounds - number
        count = min(config.readings, -(-search.readings.left // to_come))
        yield from search.look(count)
        yield from _train(search, config, setting, number)
        yield search.readings.named(search.phases)
    yield from search.readings.left_at(search.phases)


def _train(
    search: TwinSearch, config: TwinFitConfig, setting: Setting, number: int
) -> Generator[Command, Any, None]:
    """Train the phases on the twin, over the whole training set, and pay for it."""
    twin, size = search.twin, min(config.train_batch, len(setting.inputs))
    batches = setting.batches(size, f"controller/training/{number}")
    adam, known, rng = Adam(search.phases.size), twin.offsets, setting.stream(f"controller/errors/{number}")
    for step in range(config.train_steps):
        batch = next(batches)
        if config.noise == "spread":
            twin.offsets = known + twin.spread * rng.standard_normal(known.size)
        slopes = twin.slopes(search.phases, batch.inputs, batch.labels)
        moved = search.phases + adam.step(slopes, config.learning_rate * falling(step / config.train_steps))
        search.phases = np.where(twin.dead, 0.0, moved)
    twin.offsets = known
    network = twin.network
    work = forward_work(network, size).plus(pull_work(network, size))
    work = work.plus(slopes_work(size, network.outputs)).plus(adam_work(search.phases.size))
    yield work.times(config.train_steps).paid("train")


def start(options: TwinFitConfig, setting: Setting) -> Program:
    """Return the rounds from the design phases; raises ``ConfigError`` for a batch beyond the training set."""
    batches = setting.batches(options.batch_size, "controller/batches")
    queries = min(options.queries, max(1, options.rounds * options.readings))
    return Program(twin_fit(options, setting, batches), queries, "recovering")


KIND = Kind("twin_fit", TwinFitConfig, needs=frozenset({"chip", DEPLOYMENT}), start=start)
