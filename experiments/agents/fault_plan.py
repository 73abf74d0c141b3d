"""An agent that plays faults drawn at random: which, when, how bad and of which parts follows from the seed."""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from emulator.commands import Controller
from emulator.config.models import PositiveInt, Seconds
from emulator.errors import ConfigError, nearest
from experiments.agents.faults.fault import FaultKind, FaultOptions
from experiments.agents.faults.registry import FAULTS
from experiments.agents.kind import AgentKind, AgentOptions, Scene

__all__ = ["KIND", "FaultPlanOptions", "draw_faults"]


class FaultPlanOptions(AgentOptions):
    """Say how many faults are drawn, of which, and until when they begin."""

    kind: Literal["fault_plan"]
    """Which agent this entry configures."""
    faults: tuple[str, ...] = ()
    """Kinds of faults to draw from; none are all that this bench can have."""
    count: PositiveInt = 3
    """How many are drawn; one kind may come several times."""
    horizon_s: Annotated[Seconds, Field(gt=0, le=9e6)] = 0.1
    """Emulated time before which all of them begin, in seconds, (0, 9e6]; drifts take their pace from it."""


def draw_faults(
    rng: np.random.Generator,
    hidden: Mapping[str, tuple[int, ...]],
    horizon_s: float,
    count: int,
    names: Collection[str] = (),
) -> tuple[FaultOptions, ...]:
    """Return ``count`` faults that a bench with the ``hidden`` states can have, all of them ready to be started.

    ``hidden`` is ``Bench.hidden()``: targets, and the parts that each has. ``names`` limits the kinds; equal
    generators draw equal faults. Raises ``ConfigError`` for a kind that is unknown or has no place here.
    """
    fitting = {name: kind for name, kind in FAULTS.items() if _instruments(kind, hidden)}
    for name in names:
        if name not in fitting:
            hint = nearest(name, fitting)
            raise ConfigError(
                f"fault_plan: faults holds {name!r}, which this bench cannot have; {hint}; "
                f"allowed: {', '.join(fitting)}"
            )
    kinds = list(names or fitting)
    if not kinds:
        raise ConfigError("fault_plan: nothing on this bench can have a fault; allowed: a chip, or light")
    found: list[FaultOptions] = []
    for place in rng.integers(len(kinds), size=count).tolist():
        kind = fitting[kinds[place]]
        keys = {"kind": kind.name, **kind.draw(rng, horizon_s)}
        instruments = _instruments(kind, hidden)
        if "instrument" in kind.options.model_fields:
            keys["instrument"] = instruments[int(rng.integers(len(instruments)))]
        [options] = kind.resolve(kind.options.model_validate(keys), Scene(hidden, rng))
        assert isinstance(options, FaultOptions)  # noqa: S101  (a fault resolves to itself)
        found.append(options)
    return tuple(found)


def _instruments(kind: FaultKind, hidden: Mapping[str, tuple[int, ...]]) -> list[str]:
    """Return the instruments here that can have such a fault: the one it names, or any that has the state."""
    _, _, state = kind.target.partition(".")
    if "instrument" not in kind.options.model_fields:
        return [kind.target.partition(".")[0]] if kind.target in hidden else []
    return [target.partition(".")[0] for target in hidden if target.partition(".")[2] == state]


def _resolve(options: FaultPlanOptions, scene: Scene) -> Sequence[AgentOptions]:
    return draw_faults(scene.rng, scene.hidden, options.horizon_s, options.count, options.faults)


def _start(options: FaultPlanOptions) -> Controller:
    raise ConfigError(f"fault_plan: {options.count} faults are drawn for a bench; resolve the entry first")
    yield


KIND = AgentKind("fault_plan", FaultPlanOptions, _start, resolve=_resolve)
