"""Physics-aware training through a digital twin: the chip says how wrong it is, the twin which way is better.

A few readings at the design phases, to which the twin is fitted; then every reading is of another mini-batch, and
a step: the loss's error at the chip's own outputs goes backwards through the twin, to the phases, which Adam moves.
A gradient through the bare nominal mesh points a little aside; fitted to a few readings, it does not.

Source of the idea: L. G. Wright et al., Nature 601, 549 (2022), "physics-aware training". The fit, and the poke
that finds dead heaters, are ours.
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
from controllers.losses import loss_for
from emulator.commands import Batch, Command, Controller, Log
from emulator.config.models import PositiveInt, Radians

__all__ = ["KIND", "TwinOnlineConfig", "start", "twin_online"]


class TwinOnlineConfig(TwinOptions):
    """Configure physics-aware training through a twin."""

    kind: Literal["twin_online"] = "twin_online"
    """Which controller this section configures."""
    queries: PositiveInt = 300
    """Queries after which the controller ends; the learning rate falls to 0 until then."""
    learning_rate: Annotated[Radians, Field(gt=0, le=1)] = 0.015
    """First step of Adam, in radians, (0, 1]."""
    look: NonNegativeInt = 6
    """Readings at the design phases before the first step, to which the twin is fitted; 0 is no fit."""
    refits: tuple[PositiveInt, ...] = ()
    """Numbers of readings, without those of a poke, after which the twin is fitted again."""
    window: PositiveInt = 40
    """Last readings that a fit takes into account, at most."""


def twin_online(config: TwinOnlineConfig, setting: Setting, batches: Iterator[Batch]) -> Controller:
    """Tune the chip of ``setting`` from its design phases, until ``config.queries`` readings have been made.

    Logs ``train_loss`` of every step, ``twin_misses`` (root mean square, activation units) after every fit, and
    ``dead_heaters`` after a poke. Names its incumbent, and leaves the chip there. Raises ``ConfigError`` where
    nothing was deployed.
    """
    search = TwinSearch(config, setting, batches, config.window)
    yield from search.begin()
    yield from search.look(config.look)
    adam = Adam(search.phases.size)
    while search.readings.left > 0:
        if search.kept in config.refits:
            yield from search.fit()
        yield from _step(search, adam, config.learning_rate)
    yield from search.readings.left_at(search.phases)


def _step(search: TwinSearch, adam: Adam, rate: float) -> Generator[Command, Any, None]:
    """Read another mini-batch, and move the phases by what its error says."""
    batch, twin = next(search.batches), search.twin
    record = yield from search.read(batch)
    slopes = twin.slopes(record.driven, batch.inputs, batch.labels, record.outputs)
    moved = search.phases + adam.step(slopes, rate * falling(search.readings.made / search.options.queries))
    search.phases = np.where(twin.dead, 0.0, moved)
    network, samples = twin.network, len(batch.inputs)
    work = forward_work(network, samples).plus(pull_work(network, samples))
    work = work.plus(slopes_work(samples, network.outputs)).plus(adam_work(slopes.size))
    yield work.paid("step")
    yield search.readings.named(search.phases)
    yield Log("train_loss", loss_for(batch.labels)(record.outputs, batch.labels))


def start(options: TwinOnlineConfig, setting: Setting) -> Program:
    """Return the training from the design phases; raises ``ConfigError`` for a batch beyond the training set."""
    batches = setting.batches(options.batch_size, "controller/batches")
    return Program(twin_online(options, setting, batches), options.queries, "recovering")


KIND = Kind("twin_online", TwinOnlineConfig, needs=frozenset({"chip", DEPLOYMENT}), start=start)
