"""Templates that run as they are written, under a name of the user's; nothing that lies there is replaced."""

import keyword
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Final

import numpy as np

import experiments.new as home
from emulator.errors import ConfigError, nearest
from emulator.streams import stream
from experiments.output.files import check_new, write_text

__all__ = ["KINDS", "Written", "write_new"]

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}")
_ROWS, _CLASSES, _FEATURES = 40, 3, 4  # of the table that stands for the user's own


@dataclass(frozen=True, slots=True)
class _Kind:
    """Say what a kind's file ends with, and which command runs it."""

    suffix: str
    run: str


KINDS: Final = {
    "controller": _Kind(
        ".py", "lightloop run vowel_recovery --controller $name.py:$name --set controller.queries=2000"
    ),
    "preset": _Kind(
        ".toml", "lightloop run vowel_recovery --set chip.preset=./$name.toml --set controller.queries=2000"
    ),
    "study": _Kind(".toml", "lightloop run $name.toml"),
    "task": _Kind(".toml", "lightloop run $name.toml"),
}
"""What can be begun, by name."""


@dataclass(frozen=True, slots=True)
class Written:
    """Hold the files that were written, and the command line that runs them."""

    files: tuple[Path, ...]
    run: str


def write_new(what: str, name: str, force: bool = False) -> Written:
    """Write a new ``what`` called ``name`` into the working folder.

    Raises ``ConfigError`` for a kind that is not known, a name that no Python function could have, and a file that
    lies there already, unless ``force``.
    """
    kind = KINDS.get(what)
    if kind is None:
        hint = nearest(what, KINDS)
        raise ConfigError(f"new {what[:60]!r} is unknown; allowed: {', '.join(KINDS)}{hint and f'; {hint}'}")
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise ConfigError(
            f"new {what} {name[:60]!r} is refused; allowed: a name of letters, digits and underscores that begins "
            "with a letter"
        )
    out = Path(f"{name}{kind.suffix}")
    texts = {out: Template(_template(what)).substitute(name=name)}
    if what == "task":
        texts = {Path(f"{name}.csv"): _table(), **texts}
    for path in texts:
        check_new(path, force)
    for path, text in texts.items():
        write_text(path, text)
    return Written(tuple(texts), Template(kind.run).substitute(name=name))


def _template(what: str) -> str:
    return (files(home) / "templates" / f"{what}.txt").read_text(encoding="utf-8")


def _table() -> str:
    """Return a table of made-up samples, which scatter around one point a class."""
    rng = stream(0, "new/table")
    centres = rng.uniform(0.0, 4.0, (_CLASSES, _FEATURES))
    lines = [",".join([*(f"feature_{number + 1}" for number in range(_FEATURES)), "label"])]
    for _ in range(_ROWS):
        for number, centre in enumerate(centres):
            values = centre + rng.normal(0.0, 0.4, _FEATURES)
            lines.append(",".join([*(f"{value:.3f}" for value in np.round(values, 3)), f"class_{number}"]))
    return "\n".join(lines) + "\n"
