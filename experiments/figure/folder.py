"""Figures of a sweep's folder, drawn anew from its ``results.csv``: what the sweep drew, or another front."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emulator.config.difference import Scalar
from emulator.errors import ConfigError
from experiments.figure.sweep import beside, draw_front, draw_sweep
from experiments.output.drawing import check_image
from experiments.output.pareto import Goal, goals_of
from experiments.sweep.results import Row, Spot
from experiments.sweep.summary import Summary, summarize

__all__ = ["FOLDER_KINDS", "draw_folder", "read_summary"]

FOLDER_KINDS: Final = ("sweep", "pareto")
"""The kinds of figure of a sweep's folder."""

_RESULTS: Final = "results.csv"
_ABOUT: Final = "sweep.json"
_FACTS: Final = ("seed", "name", "status", "reason")
"""The columns that stand between the swept paths and the numbers."""
_NAMED: Final = 5


@dataclass(frozen=True)
class _Spot:
    """Hold where a row of the table stands."""

    point: int
    values: tuple[Scalar, ...]
    seed: int
    name: str


@dataclass(frozen=True)
class _Outline:
    """Hold what the table says of its sweep."""

    study: str
    paths: tuple[str, ...]
    seeds: tuple[int, ...]
    runs: tuple[Spot, ...]


def draw_folder(
    folder: Path, out: Path | None = None, kind: str | None = None, pareto: str = "", force: bool = False
) -> tuple[Path, ...]:
    """Draw the sweep in ``folder``, or with ``pareto`` the front of its goals; return the images.

    ``out`` None replaces the sweep's own ``sweep.png`` and ``.svg``, or ``pareto.png`` and ``.svg``. Raises
    ``ConfigError`` for a folder that is no sweep's, one in which no run has finished, and goals that are not there.
    """
    kind = kind or ("pareto" if pareto else "sweep")
    if kind not in FOLDER_KINDS:
        raise ConfigError(
            f"--kind {kind[:60]!r} is refused for a sweep's folder; allowed: {', '.join(FOLDER_KINDS)}, or traces: "
            f"{folder / 'traces'}/*.h5"
        )
    if (kind == "pareto") != bool(pareto):
        raise ConfigError("--kind pareto and --pareto NAME,NAME belong together: one kind, and its goals")
    if out is not None:
        check_image(out, force, [folder / _RESULTS])
    found = read_summary(folder, goals_of(pareto) if pareto else ())
    outs = (out,) if out is not None else beside(folder / kind)
    (draw_front if pareto else draw_sweep)(found, outs, force=force or out is None)
    return outs


def read_summary(folder: Path, goals: Sequence[Goal] = ()) -> Summary:
    """Return the points of the sweep in ``folder``; raises ``ConfigError`` where there is none to read."""
    table = folder / _RESULTS
    if not table.is_file():
        held = sorted(path.name for path in folder.iterdir())
        some = ", ".join(held[:_NAMED]) + (f" and {len(held) - _NAMED} more" if len(held) > _NAMED else "")
        raise ConfigError(
            f"{folder}: this is no folder of a sweep: it has no {_RESULTS}; it holds {some or 'nothing'}; allowed: "
            "traces, or the folder that lightloop sweep --out wrote"
        )
    paths, rows = _read(table)
    if not any(row.numbers for row in rows):
        raise ConfigError(f"{table}: no run of this sweep has finished: there is nothing to draw")
    title = _title(folder)
    seeds = tuple(sorted({row.run.seed for row in rows}))
    outline = _Outline(title, paths, seeds, tuple(row.run for row in rows))
    return summarize(outline, rows, title, goals)


def _read(table: Path) -> tuple[tuple[str, ...], list[Row]]:
    try:
        with table.open(encoding="utf-8", newline="") as file:
            head, *lines = list(csv.reader(file)) or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{table}: cannot be read: {error}") from error
    at = head.index(_FACTS[0]) if _FACTS[0] in head else -1
    if at < 2 or head[0] != "point" or tuple(head[at : at + len(_FACTS)]) != _FACTS:
        raise ConfigError(
            f"{table}: this is no table of a sweep; expected columns: point, the swept paths, {', '.join(_FACTS)}, "
            f"numbers; found: {', '.join(head)[:120] or 'none'}"
        )
    paths = tuple(head[1:at])
    return paths, [_row(table, number, line, head, at) for number, line in enumerate(lines, start=2)]


def _row(table: Path, number: int, line: Sequence[str], head: Sequence[str], at: int) -> Row:
    try:
        cells = dict(zip(head, line, strict=True))
        spot = _Spot(
            int(cells["point"]), tuple(_value(cell) for cell in line[1:at]), int(cells["seed"]), cells["name"]
        )
        numbers = {name: float(cells[name]) for name in head[at + len(_FACTS) :] if cells[name]}
    except ValueError as error:
        raise ConfigError(f"{table}, line {number}: this is no row of a sweep: {error}") from error
    return Row(spot, cells["status"], cells["reason"], numbers)


def _value(cell: str) -> Scalar:
    """Return a swept value as it was before it was written."""
    if cell in ("", "true", "false"):
        return None if not cell else cell == "true"
    for kind in (int, float):
        try:
            return kind(cell)
        except ValueError:
            continue
    return cell


def _title(folder: Path) -> str:
    """Return what the sweep was of, or the folder's name where it does not say."""
    try:
        about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
        return str(about.get("title") or about.get("study") or folder.name)
    except (OSError, ValueError, AttributeError):
        return folder.resolve().name
