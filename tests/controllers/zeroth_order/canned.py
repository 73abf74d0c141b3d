"""Canned replies for a descent, and ways to look at what it asked; no test and no chip lives here.

A reply is crafted from a score: the reading of one sample whose loss is log(1 + exp(score)), so that losses
compare as their scores do.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count, groupby
from typing import Any

import numpy as np

from controllers.kind import Setting
from controllers.zeroth_order.szo_scd import SzoScdConfig, szo_scd
from emulator.commands import (
    Batch,
    Command,
    Controller,
    Forward,
    Log,
    PhasesSet,
    Probe,
    Reading,
    SetPhases,
    Settle,
    Settled,
)
from emulator.streams import stream

__all__ = [
    "STEP",
    "TWO_PI",
    "always_better",
    "coin_flips",
    "descent",
    "ground",
    "iterations",
    "moves",
    "never_better",
    "one_sample",
    "play",
    "scripted",
    "settings",
    "values",
    "visited",
]

TWO_PI = 2 * math.pi
STEP = 0.02
"""The default step of a descent, in radians."""

Scorer = Callable[[dict[int, float]], float]


def one_sample() -> Iterator[Batch]:
    return (Batch(key, np.zeros((1, 2)), np.zeros(1, dtype=np.int64)) for key in count())


def ground(phases: Sequence[float], dac_step_rad: float = 0.0, samples: int = 64, seed: int = 0) -> Setting:
    """Return the setting of heaters 10, 11, ... that start at ``phases``, with a training set of zeros."""
    return Setting(
        np.zeros((samples, 2)),
        np.zeros(samples, dtype=np.int64),
        partial(stream, seed),
        np.arange(10, 10 + len(phases)),
        np.array(phases),
        dac_step_rad,
    )


def descent(phases: Sequence[float], seed: int = 0, dac_step_rad: float = 0.0, **options: Any) -> Controller:
    """Return the controller of heaters 10, 11, ... that start at ``phases`` and are all visited every time."""
    given = SzoScdConfig(**{"sparsity": 1.0, "epoch_iterations": 1000, **options})
    return szo_scd(given, ground(phases, dac_step_rad), one_sample(), stream(seed, "tests/szo_scd"))


def play(controller: Controller, score: Scorer, queries: int = 10_000) -> list[Command]:
    """Serve ``controller`` until it ends or has had ``queries`` replies; return what it asked.

    ``score`` is told the heaters that were ever set, with their phases.
    """
    asked: list[Command] = []
    phases: dict[int, float] = {}
    reply: Any = None
    while True:
        try:
            command = controller.send(reply)
        except StopIteration:
            return asked
        if isinstance(command, Probe):
            phases.update(zip(command.heaters, command.radians, strict=True))
        if isinstance(command, Forward | Probe):
            if queries == 0:
                controller.close()
                return asked
            queries -= 1
            reply = Reading(np.array([[0.0, score(phases)]]), 0)
        elif isinstance(command, SetPhases):
            phases.update(zip(command.heaters, command.radians, strict=True))
            reply = PhasesSet(0.0)
        else:
            reply = Settled(0) if isinstance(command, Settle) else None
        asked.append(command)


def scripted(scores: Sequence[float]) -> Scorer:
    replies = iter(scores)
    return lambda phases: next(replies)


def never_better() -> Scorer:
    """Return ever higher scores: every step fails."""
    rising = count()
    return lambda phases: 1e-3 * next(rising)


def always_better() -> Scorer:
    falling = count()
    return lambda phases: -1e-3 * next(falling)


def coin_flips(seed: int) -> Scorer:
    """Return scores of which each is a little better or worse than the last, with equal chances."""
    rng, scores = stream(seed, "tests/coin"), [0.0]

    def flip(phases: dict[int, float]) -> float:
        scores.append(scores[-1] + 0.01 * rng.choice((-1, 1)))
        return scores[-1]

    return flip


def moves(asked: Sequence[Command]) -> list[str | tuple[int, float]]:
    """Return "query", "settle" or the heater and phase that is set, of all but logs; a Probe is all three."""
    told: list[str | tuple[int, float]] = []
    for command in asked:
        if isinstance(command, SetPhases | Probe):
            told.extend(zip(command.heaters, command.radians, strict=True))
        if isinstance(command, Settle | Probe):
            told.append("settle")
        if isinstance(command, Forward | Probe):
            told.append("query")
    return told


def settings(asked: Sequence[Command]) -> list[tuple[int, float]]:
    return [move for move in moves(asked) if not isinstance(move, str)]


def values(asked: Sequence[Command], name: str) -> list[float]:
    return [command.value for command in asked if isinstance(command, Log) and command.name == name]


def iterations(asked: Sequence[Command]) -> list[list[Command]]:
    """Split ``asked`` by batch; what is logged before the first query belongs to no iteration."""
    split: list[list[Command]] = []
    key = None
    for command in asked:
        if isinstance(command, Forward | Probe) and command.batch.key != key:
            key = command.batch.key
            split.append([])
        if split:
            split[-1].append(command)
    return split


def visited(iteration: Sequence[Command]) -> list[int]:
    """Return the heaters in the order of their visits."""
    return [heater for heater, _ in groupby(heater for heater, _ in settings(iteration))]
