"""What a fault says of itself: which hidden state it changes, of which parts, and to what at which time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, takewhile
from typing import Annotated, Any, Final, Self, TypeVar, get_args

import numpy as np
from pydantic import Field, model_validator

from emulator.commands import Controller, Disturb, Wait
from emulator.config.models import PositiveInt, Seconds, refusal
from emulator.errors import ConfigError
from emulator.units import s_to_ps
from experiments.agents.kind import AgentKind, AgentOptions, Scene

__all__ = [
    "Drawn",
    "FaultKind",
    "FaultOptions",
    "Gradual",
    "OfParts",
    "Period",
    "Timed",
    "abrupt",
    "fault_kind",
    "gradual",
    "parts_of",
    "ticks",
]

_LONGEST_S: Final = 9e6
_STEPS: Final = 20  # of a drift, over the horizon of a random plan
Instant = Annotated[Seconds, Field(ge=0, le=_LONGEST_S)]
Period = Annotated[Seconds, Field(gt=0, le=_LONGEST_S)]

Timed = tuple[int, Disturb]
"""An instant in ps, and what changes then."""

Drawn = Callable[[np.random.Generator, float], dict[str, object]]
"""Draws how bad a fault of a random plan is, as keys of its options, by the horizon of the plan in seconds."""

Options = TypeVar("Options", bound="FaultOptions")


class FaultOptions(AgentOptions):
    """Say when a fault begins, and when it is mended."""

    at_s: Instant = 0.0
    """Emulated time at which it begins, in seconds, [0, 9e6]."""
    until_s: Instant | None = None
    """Emulated time at which it ends and all is as it was built, in seconds; None is never."""

    @model_validator(mode="after")
    def _ends_after_it_began(self) -> Self:
        if self.until_s is not None and self.until_s <= self.at_s:
            raise refusal(
                "until_s", f"{self.until_s:g} s is not after at_s = {self.at_s:g} s; allowed: a later time"
            )
        return self


class OfParts(FaultOptions):
    """Say of which parts a fault is."""

    indices: tuple[Annotated[int, Field(ge=0, lt=2**31)], ...] = ()
    """Which parts, numbered as the instrument does; none are drawn from the study's seed."""
    count: PositiveInt = 1
    """How many parts are drawn where ``indices`` names none."""


class Gradual(FaultOptions):
    """Say how often a state that drifts is changed."""

    every_s: Period = 1e-3
    """Time between two changes, in seconds, (0, 9e6]; a drift is a staircase of such steps."""


@dataclass(frozen=True)
class FaultKind(AgentKind):
    """An agent that is one fault.

    Attributes
    ----------
    target
        The hidden state that it changes.
    about
        What it is, in words.
    drawn
        Draws how bad it is in a random plan; what it leaves out is as its options have it.
    """

    target: str = ""
    about: str = ""
    drawn: Drawn = lambda rng, horizon_s: {}

    def draw(self, rng: np.random.Generator, horizon_s: float) -> dict[str, object]:
        """Draw the keys of a fault that begins before ``horizon_s``, its parts apart."""
        keys: dict[str, object] = {"at_s": float(rng.uniform(0.0, horizon_s))}
        if issubclass(self.options, Gradual):
            keys["every_s"] = horizon_s / _STEPS
        return keys | self.drawn(rng, horizon_s)


def fault_kind(
    options: type[Options],
    target: str,
    about: str,
    timetable: Callable[[Options], Iterator[Timed]],
    drawn: Drawn | None = None,
) -> FaultKind:
    """Return the kind of the fault whose entry is ``options``, and which does what ``timetable`` says."""
    name = str(get_args(options.model_fields["kind"].annotation)[0])

    def start(chosen: Any) -> Controller:
        for at_ps, change in timetable(chosen):
            yield Wait(at_ps)
            yield change

    def disturbs(chosen: Any) -> Sequence[Disturb]:
        first = next(timetable(chosen), None)
        return () if first is None else (first[1],)

    kind = FaultKind(name, options, start, disturbs, _resolver(target), target=target, about=about)
    return kind if drawn is None else replace(kind, drawn=drawn)


def _resolver(target: str) -> Callable[[Any, Scene], Sequence[AgentOptions]]:
    """Return what draws the parts of an entry, where it names none."""

    def resolve(options: Any, scene: Scene) -> Sequence[AgentOptions]:
        if not isinstance(options, OfParts) or options.indices or target not in scene.hidden:
            return (options,)
        parts = np.array(scene.hidden[target])
        if options.count > parts.size:
            raise ConfigError(
                f"{options.kind}: count = {options.count} is refused; {target} has {parts.size} parts here"
            )
        chosen = np.sort(scene.rng.choice(parts, options.count, replace=False)).tolist()
        return (options.model_copy(update={"indices": tuple(chosen)}),)

    return resolve


def parts_of(options: FaultOptions) -> tuple[int, ...]:
    """Return the parts of a fault, -1 where its state has none."""
    return options.indices if isinstance(options, OfParts) else (-1,)


def abrupt(target: str, options: FaultOptions, broken: float, whole: float) -> Iterator[Timed]:
    """Yield that every part becomes ``broken`` when the fault begins, and ``whole`` when it ends."""
    for at_s, value in ((options.at_s, broken), (options.until_s, whole)):
        if at_s is not None:
            for index in parts_of(options):
                yield s_to_ps(at_s), Disturb(target, value, index)


def ticks(options: Gradual) -> Iterator[float]:
    """Yield the instants in seconds, from the beginning of a drift until it ends, if it does."""
    instants = (options.at_s + step * options.every_s for step in count())
    if options.until_s is None:
        return instants
    return takewhile(lambda at_s: at_s < float(options.until_s or 0.0), instants)


def gradual(target: str, options: Gradual, value: Callable[[float], float], whole: float) -> Iterator[Timed]:
    """Yield that every part becomes ``value`` of the time since the beginning, and ``whole`` when it ends."""
    for at_s in ticks(options):
        for index in parts_of(options):
            yield s_to_ps(at_s), Disturb(target, value(at_s - options.at_s), index)
    for index in parts_of(options):
        yield s_to_ps(float(options.until_s or 0.0)), Disturb(target, whole, index)
