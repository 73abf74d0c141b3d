"""The benchmark's tables as plain text, and its results as one flat JSON object; it measures nothing."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from emulator.errors import ConfigError

__all__ = ["check_target", "table", "write_json"]

Cell = str | int | float


def table(
    title: str, headings: Sequence[str], rows: Sequence[Sequence[Cell]], notes: Sequence[str] = ()
) -> str:
    """Return an aligned table: words to the left, numbers to the right with three digits or more."""
    texts = [list(headings), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in texts) for column in range(len(headings))]
    words = [column for column in range(len(headings)) if all(_is_words(row[column]) for row in rows)]
    lines = [title]
    for number, line in enumerate(texts):
        cells = [
            cell.ljust(width) if column == 0 or column in words else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        lines.append(("  " + "  ".join(cells)).rstrip())
        if number == 0:
            lines.append("  " + "  ".join("-" * width for width in widths))
    return "\n".join([*lines, *(f"  {note}" for note in notes), ""])


def _is_words(cell: Cell) -> bool:
    return isinstance(cell, str) and not any(sign.isdigit() for sign in cell)


def _text(cell: Cell) -> str:
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.3g}" if abs(cell) < 100 else f"{cell:.0f}"
    return f"{cell:,}" if isinstance(cell, int) else cell


def check_target(path: Path) -> None:
    """Refuse a file that could not be written, before anything is measured; raises ``ConfigError``."""
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise ConfigError(f"bench: {path} cannot be written; --json takes a file in a folder that exists")
    if not os.access(path.absolute().parent, os.W_OK):
        raise ConfigError(f"bench: {path} cannot be written; its folder is read-only")


def write_json(path: Path, results: Mapping[str, float]) -> None:
    """Write ``results`` to ``path``, whole or not at all; an older file there is replaced.

    Raises ``ConfigError`` when the disk refuses.
    """
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(json.dumps(dict(results), indent=2, allow_nan=False) + "\n", encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise ConfigError(f"bench: {path} cannot be written: {error.strerror}") from error
