"""Tables of the study: cells are texts, numbers or statistics; written as Markdown and as CSV."""

import csv
import io
import math
from dataclasses import dataclass

from experiments.output.statistics import Stat

__all__ = ["Cell", "Column", "Table", "to_csv", "to_markdown"]

Cell = str | int | float | Stat


@dataclass(frozen=True)
class Column:
    """A column: its heading with the unit, how many digits follow the point, and a factor (100 for percent)."""

    heading: str
    digits: int = 0
    factor: float = 1.0


@dataclass(frozen=True)
class Table:
    """A table with a title above it and notes below it; every row has one cell a column."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()


def to_markdown(table: Table) -> str:
    """Return ``table`` as Markdown; mean ± standard deviation over seeds, "not reached" where no run got there."""
    lines = [f"### {table.title}", ""]
    lines.append("| " + " | ".join(column.heading for column in table.columns) + " |")
    lines.append("|" + "|".join("---" if index == 0 else "---:" for index in range(len(table.columns))) + "|")
    for row in table.rows:
        cells = [_text(cell, column) for cell, column in zip(row, table.columns, strict=True)]
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", *(f"- {note}" for note in table.notes)]
    return "\n".join(lines).rstrip() + "\n"


def to_csv(table: Table) -> str:
    """Return ``table`` as CSV; a column of statistics becomes mean, sd, n, tried, bound, in its heading's unit."""
    wide = [any(isinstance(row[index], Stat) for row in table.rows) for index in range(len(table.columns))]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    head: list[str] = []
    for column, split in zip(table.columns, wide, strict=True):
        head += [f"{column.heading} {part}" for part in _PARTS] if split else [column.heading]
    writer.writerow(head)
    for row in table.rows:
        cells: list[str] = []
        for cell, column, split in zip(row, table.columns, wide, strict=True):
            cells += _fields(cell, column) if split else [_plain(cell, column)]
        writer.writerow(cells)
    return buffer.getvalue()


_PARTS = ("mean", "sd", "n", "tried", "bound")


def _text(cell: Cell, column: Column) -> str:
    if not isinstance(cell, Stat):
        return cell if isinstance(cell, str) else _number(float(cell), column)
    if cell.n == 0:
        return "not reached" if cell.tried else "-"
    text = ("≥ " if cell.bound else "") + _number(cell.mean, column)
    if not math.isnan(cell.sd):
        text += f" ± {_number(cell.sd, column)}"
    return text if cell.n == cell.tried else f"{text} ({cell.n} of {cell.tried})"


def _number(value: float, column: Column) -> str:
    return "-" if math.isnan(value) else f"{value * column.factor:,.{column.digits}f}"


def _fields(cell: Cell, column: Column) -> list[str]:
    if not isinstance(cell, Stat):
        return [_plain(cell, column), "", "", "", ""]
    numbers = ["" if math.isnan(v) else repr(v * column.factor) for v in (cell.mean, cell.sd)]
    return [*numbers, str(cell.n), str(cell.tried), str(int(cell.bound))]


def _plain(cell: Cell, column: Column) -> str:
    if isinstance(cell, float):
        return "" if math.isnan(cell) else repr(cell * column.factor)
    return str(cell)
