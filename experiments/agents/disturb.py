"""An agent that damages or changes an instrument at given times, which the controller is not told."""

from typing import Annotated, Literal

from pydantic import Field

from emulator.commands import Controller, Disturb, Wait
from emulator.config.models import Seconds
from emulator.units import s_to_ps
from experiments.agents.kind import AgentKind, AgentOptions

__all__ = ["KIND", "DisturbOptions", "disturbs", "start"]


class DisturbOptions(AgentOptions):
    """Say what changes, to what, and when."""

    kind: Literal["disturb"]
    """Which agent this entry configures."""
    target: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}(\.[a-z0-9_]{1,64}){1,7}$")]
    """Hidden state that an instrument declares, such as ``chip.dead``."""
    value: float
    """What it becomes."""
    index: Annotated[int, Field(ge=-1, lt=2**31)] = -1
    """Of which part, such as a heater, where the state has parts; -1 is none."""
    at_s: Annotated[Seconds, Field(ge=0, le=9e6)] = 0.0
    """Emulated time of the first change, in seconds, [0, 9e6]."""
    every_s: Annotated[Seconds, Field(gt=0, le=9e6)] | None = None
    """Time between two changes, in seconds, (0, 9e6]; None is one change only."""


def start(options: DisturbOptions) -> Controller:
    """Disturb at ``at_s``, and every ``every_s`` after it until the run ends."""
    first_ps = s_to_ps(options.at_s)
    every_ps = None if options.every_s is None else max(1, s_to_ps(options.every_s))
    [change] = disturbs(options)
    times = 0
    while times == 0 or every_ps is not None:
        yield Wait(first_ps + times * (every_ps or 0))
        yield change
        times += 1


def disturbs(options: DisturbOptions) -> tuple[Disturb]:
    """Return the change that it will ask for."""
    return (Disturb(options.target, options.value, options.index),)


KIND = AgentKind("disturb", DisturbOptions, start, disturbs)
