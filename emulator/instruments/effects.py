"""What a parameter of an instrument decides; each kind says it of every one of its own, beside its model."""

from collections.abc import Mapping
from enum import Flag, auto

__all__ = ["Effect", "effect_in"]


class Effect(Flag):
    """Say what a parameter decides."""

    NOTHING = 0
    TIMING = auto()
    ENERGY = auto()
    PHYSICS = auto()
    """What the instruments would have read; a re-timing keeps the recorded readings."""
    CHOICES = auto()
    """Which commands there are; a re-timing would be of another run, and is refused."""
    LIMIT = auto()
    """When a run stops."""


def effect_in(effects: Mapping[str, Effect], path: str) -> Effect | None:
    """Return what the parameter at the dotted ``path`` decides by ``effects``, or None where they say nothing.

    Of several paths there that ``path`` lies below, the longest holds.
    """
    while path and path not in effects:
        path = path.rpartition(".")[0]
    return effects.get(path)
