"""Phase sweep: the brute force of the first optical neural networks, one heater after the other.

Y. Shen et al., Nature Photonics 11, 2017, and H. Zhou et al., 2020, tune a mesh device by device. Here a heater is
driven to n phases, evenly spread over a span around where it stands, each read on the same mini-batch, and stays
at the best one. The active heaters take turns, all of them in every pass. The span is a whole turn at first; how
fast it narrows from pass to pass, and n, are choices of ours: a turn in 32 steps alone is no finer than 0.2 rad.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from controllers.kind import DEPLOYMENT, Kind, Program, Setting, TuningOptions
from controllers.phases import TWO_PI, total_rad, wrapped
from controllers.reading import losses_at
from controllers.zeroth_order.options import LoopOptions
from emulator.commands import Batch, Controller, Incumbent, Log, SetPhases, Settle
from emulator.config.models import Radians

__all__ = ["KIND", "PhaseSweepConfig", "levels_around", "phase_sweep", "start"]

Floats = NDArray[np.float64]


class PhaseSweepConfig(TuningOptions, LoopOptions):
    """Configure the sweep of one heater after the other; all numbers are choices of ours."""

    kind: Literal["phase_sweep"] = "phase_sweep"
    """Which controller this section configures."""
    levels: Annotated[int, Field(ge=2, le=4096)] = 32
    """Phases that are read of every heater, the one at which it stands among them, 2 to 4096."""
    span_rad: Annotated[Radians, Field(gt=0, le=TWO_PI)] = TWO_PI
    """Width of the first pass's sweeps, in radians, (0, 2 pi]; a whole turn is brute force."""
    span_decay: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Factor on the width after every pass over all heaters, (0, 1]; 1 sweeps a whole turn for ever."""


def levels_around(phase: float, span_rad: float, levels: int) -> Floats:
    """Return ``levels`` phases within ``span_rad`` around ``phase``, in [0, 2 pi), the nearest first."""
    offsets: Floats = (np.arange(levels) - levels // 2) * np.float64(span_rad / levels)
    return wrapped(np.float64(phase) + offsets[np.argsort(np.abs(offsets), kind="stable")])


def phase_sweep(options: PhaseSweepConfig, setting: Setting, batches: Iterator[Batch]) -> Controller:
    """Sweep the setting's heaters in turn until ``options.queries`` queries have been asked.

    The last sweep has as many levels as there are queries left. Logs ``train_loss`` (of the level that is kept) and
    ``active_phase_rad`` (the sum of phi mod 2 pi over active heaters) after every sweep.
    """
    heaters, phases, asked = setting.heaters, wrapped(setting.phases), 0
    yield Incumbent(phases.copy(), heaters)
    for sweep, batch in enumerate(batches):
        left = options.queries - asked
        if left == 0:
            break
        turn, place = divmod(sweep, len(heaters))
        span = options.span_rad * options.span_decay**turn
        tried = levels_around(float(phases[place]), span, options.levels)[:left]
        rows = np.full((len(tried), 1), heaters[place])
        losses = yield from losses_at(rows, tried[:, np.newaxis], batch, options.loop)
        asked += len(losses)
        best = int(np.argmin(losses))
        phases[place] = tried[best]
        yield SetPhases([int(heaters[place])], [float(tried[best])])
        yield Settle()
        yield Incumbent(phases.copy(), heaters)
        yield Log("train_loss", float(losses[best]))
        yield Log("active_phase_rad", total_rad(phases))


def start(options: PhaseSweepConfig, setting: Setting) -> Program:
    """Return the sweeps from the design phases; raises ``ConfigError`` for a batch beyond the training set."""
    batches = setting.batches(options.batch_size, "controller/batches")
    return Program(phase_sweep(options, setting, batches), options.queries, "recovering")


KIND = Kind("phase_sweep", PhaseSweepConfig, needs=frozenset({"chip", DEPLOYMENT}), start=start)
