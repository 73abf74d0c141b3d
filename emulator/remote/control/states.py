"""States of a bench that are saved and brought back: what is hidden in its instruments, and what drives them.

Time, energy, budgets and the numbers of draws go on: a state that is brought back is a thing that happened to the
bench, in its trace as everything else, and no step back in time.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from emulator.commands import Command, Controller, Disturb
from emulator.instruments.instrument import InstrumentKind

__all__ = ["Saved", "bring_back", "parts_of", "save"]

_Find = Callable[[str], Any]


class Saved(NamedTuple):
    """Hold a state: hidden values by target and part, and by instrument the commands that drive it as it was."""

    hidden: Mapping[tuple[str, int], float]
    driven: Mapping[str, tuple[Command, ...]]


def parts_of(kind: InstrumentKind, instrument: Any, state: str) -> Sequence[int]:
    """Return the indices that ``state`` of ``instrument`` has; -1 alone where it has no parts."""
    return kind.parts(instrument, state).tolist() or (-1,)


def save(kinds: Sequence[InstrumentKind], find: _Find) -> Saved:
    """Return the state of instruments of ``kinds``, which ``find`` finds by name."""
    hidden: dict[tuple[str, int], float] = {}
    driven: dict[str, tuple[Command, ...]] = {}
    for kind in kinds:
        instrument = find(kind.name)
        for state in kind.disturbs:
            for part in parts_of(kind, instrument, state):
                value = kind.hidden(instrument, state, part)
                if value is not None:
                    hidden[f"{kind.name}.{state}", part] = value
        driven[kind.name] = kind.words.driven(instrument)
    return Saved(hidden, driven)


def bring_back(saved: Saved, kinds: Sequence[InstrumentKind], find: _Find) -> Controller:
    """Yield the commands that bring instruments of ``kinds`` back to ``saved``.

    What hears no commands hears them first: it is driven as it was, and only then deaf again.
    """
    for kind in kinds:
        instrument = find(kind.name)
        deaf: list[Command] = []
        for (target, part), was in saved.hidden.items():
            name, _, state = target.partition(".")
            if name != kind.name:
                continue
            wanted = 0.0 if state in kind.deaf else was
            if kind.hidden(instrument, state, part) != wanted:
                yield Disturb(target, wanted, part)
            if wanted != was:
                deaf.append(Disturb(target, was, part))
        driving = list(saved.driven[kind.name])
        if driving:
            driving += [verb.unsettled() for verb in kind.words.verbs if verb.unsettled is not None][:1]
        for command in (*driving, *deaf):
            reply = yield command  # tuples take no replies
            del reply
