"""What an agent of a study says of itself; it lists none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from emulator.commands import Controller, Disturb
from emulator.config.models import StrictModel

__all__ = ["AgentKind", "AgentOptions"]


class AgentOptions(StrictModel):
    """One entry [[agents]] of a study; every kind narrows ``kind`` to its own name."""

    kind: str
    """Which agent this entry configures."""


@dataclass(frozen=True)
class AgentKind:
    """Describe one kind of agent.

    Attributes
    ----------
    name
        What a study chooses it by.
    options
        The model of its entry.
    start
        Makes the generator that runs beside the controller, until the controller ends at the latest.
    disturbs
        What it will ask for that a bench can judge before the run begins; none where that is not known.
    """

    name: str
    options: type[AgentOptions]
    start: Callable[[Any], Controller]
    disturbs: Callable[[Any], Sequence[Disturb]] = lambda _: ()
