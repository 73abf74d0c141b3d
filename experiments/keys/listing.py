"""The keys of studies that begin with some letters, for a terminal and as JSON."""

import textwrap
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.text import Text

from emulator.errors import ConfigError, nearest
from experiments.run.keys import Group, Key, groups

__all__ = ["Listed", "listed_keys", "show_keys"]

_LIST = {"agents": "agents[].", "chip.noise": "chip.noise[]."}

_INDENT: Final = 4
"""Columns by which what is said of a key stands in."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One key: path, SI unit, what is allowed, default as TOML, meaning, and the controllers that it is for.

    ``of`` is the kind that an entry of a list must have, such as the noise term that the key belongs to.
    """

    path: str
    unit: str
    allowed: str
    default: str
    meaning: str
    controllers: tuple[str, ...]
    of: str = ""


def listed_keys(prefix: str = "") -> tuple[Listed, ...]:
    """Return the keys at or below ``prefix``, or which begin with it; raises ``ConfigError`` when there is none."""
    every = tuple(_listed(group, key) for group in groups() for key in group.keys)
    found = tuple(one for one in every if one.path.startswith(prefix))
    if not found:
        known = dict.fromkeys(one.path for one in every)
        sections = dict.fromkeys(path.rpartition(".")[0] for path in known)
        hint = nearest(prefix, (*filter(None, sections), *known))
        raise ConfigError(f"no key begins with {prefix[:80]!r}; {hint or 'without a word, all are listed'}")
    return found


def show_keys(found: tuple[Listed, ...], console: Console) -> None:
    """Print a block for each key: path and default, what is allowed, what it means."""
    for one in found:
        console.print(Text.assemble((one.path, "bold"), f" = {one.default}"), soft_wrap=True)
        notes = [one.allowed, one.meaning]
        if one.of:
            notes.append(f"For entries of kind {one.of}.")
        for note in filter(None, notes):
            style = "" if note == one.meaning else "dim"
            for line in textwrap.wrap(note, max(console.width - _INDENT, 1), break_long_words=False):
                console.print(Text(f"{' ' * _INDENT}{line}"), style=style, soft_wrap=True)


def _listed(group: Group, key: Key) -> Listed:
    where = next((name for name in _LIST if f"[[{name}]]" in group.title), None)
    of = group.title.rpartition(" ")[2].strip("`") if where else ""
    default = key.default.strip("`")
    return Listed(
        f"{_LIST[where] if where else ''}{key.path}",
        key.unit,
        key.allowed,
        default,
        key.meaning,
        group.kinds,
        of,
    )
