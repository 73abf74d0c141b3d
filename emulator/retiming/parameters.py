"""What each parameter of a study decides: times, energies, readings, or what the controller asks for.

What an instrument's parameters decide its kind says; the other sections are here.
"""

from typing import Final

from emulator.instruments.effects import Effect, effect_in
from emulator.instruments.registry import INSTRUMENTS

__all__ = ["Effect", "effect_of"]

_SECTIONS: Final = {
    "title": Effect.NOTHING,
    "trace": Effect.NOTHING,
    "clock": Effect.NOTHING,
    "evaluation": Effect.NOTHING,
    "seed": Effect.CHOICES,
    "task": Effect.CHOICES,
    "deployment": Effect.CHOICES,
    "agents": Effect.CHOICES,
    "controller": Effect.CHOICES,
    "budget": Effect.LIMIT,
}


def effect_of(path: str) -> Effect:
    """Return what the parameter at the dotted ``path`` decides; what nobody declares might decide anything."""
    section, _, below = path.partition(".")
    kind = INSTRUMENTS.get(section)
    found = effect_in(_SECTIONS, path) if kind is None else effect_in(kind.retiming.effects, below)
    return Effect.TIMING | Effect.ENERGY | Effect.PHYSICS | Effect.LIMIT if found is None else found
