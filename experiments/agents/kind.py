"""What an agent of a study says of itself; it lists none."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from emulator.commands import Controller, Disturb
from emulator.config.models import StrictModel

__all__ = ["AgentKind", "AgentOptions", "Scene"]


class AgentOptions(StrictModel):
    """One entry [[agents]] of a study; every kind narrows ``kind`` to its own name."""

    kind: str
    """Which agent this entry configures."""


class Scene(NamedTuple):
    """Say where an agent plays: the hidden states of the bench with their parts (() is none), and its own draws."""

    hidden: Mapping[str, tuple[int, ...]]
    rng: np.random.Generator


def _as_it_stands(options: Any, scene: Scene) -> Sequence[AgentOptions]:
    del scene
    return (options,)


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
    resolve
        The entries that an entry comes to in a scene, with all drawn that it left to chance; raises ``ConfigError``
        for what has no place there.
    """

    name: str
    options: type[AgentOptions]
    start: Callable[[Any], Controller]
    disturbs: Callable[[Any], Sequence[Disturb]] = lambda _: ()
    resolve: Callable[[Any, Scene], Sequence[AgentOptions]] = _as_it_stands
