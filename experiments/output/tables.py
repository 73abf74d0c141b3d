"""One kind of table for every command: its cells as text, and its faces Markdown, CSV and HTML.

The face for a terminal is ``experiments.output.terminal``'s.
"""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from experiments.output.statistics import Stat

__all__ = ["Cell", "Column", "Table", "table_of", "to_csv", "to_html", "to_markdown", "tree_of"]

Cell = str | int | float | Stat


@dataclass(frozen=True)
class Column:
    """A column: its heading with the unit, how many digits follow the point, and a factor (100 for percent).

    ``digits`` None shows three digits that count, or more where they stand before the point. ``words`` says that
    the cells are words, to the left and broken between words; None: if they look like it.
    """

    heading: str
    digits: int | None = 0
    factor: float = 1.0
    words: bool | None = None


@dataclass(frozen=True)
class Table:
    """A table with a title above it and notes below it; every row has one cell a column.

    ``total`` says that the last row is the sum of the others.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    total: bool = False

    def texts(self) -> list[list[str]]:
        """Return the cells as people read them: mean ± sd over seeds, "not reached" where no run got there."""
        return [[_text(*pair) for pair in zip(row, self.columns, strict=True)] for row in self.rows]

    def words(self) -> list[bool]:
        """Return which columns hold words: the first, and those of texts without a digit."""
        return [
            number == 0 or _are_words(row[number] for row in self.rows)
            if column.words is None
            else column.words
            for number, column in enumerate(self.columns)
        ]


def table_of(
    title: str,
    headings: Sequence[str | Column],
    rows: Iterable[Sequence[Cell]],
    notes: Sequence[str] = (),
    total: bool = False,
) -> Table:
    """Return a table whose ``headings`` are texts, or columns where there is more to say than their heading."""
    columns = (Column(one, None) if isinstance(one, str) else one for one in headings)
    return Table(title, tuple(columns), tuple(map(tuple, rows)), tuple(notes), total)


def to_markdown(table: Table) -> str:
    """Return ``table`` as Markdown."""
    lines = [f"### {table.title}", "", _line(column.heading for column in table.columns)]
    lines.append("|" + "|".join("---" if words else "---:" for words in table.words()) + "|")
    lines += [_line(row) for row in table.texts()]
    told = any(_has_interval(cell) for row in table.rows for cell in row)
    lines += ["", *(f"- {note}" for note in (*table.notes, *((_INTERVALS,) if told else ())))]
    return "\n".join(lines).rstrip() + "\n"


def to_html(table: Table) -> str:
    """Return ``table`` as an HTML element without its title and notes; its texts are escaped."""
    rows = table.texts()
    body, foot = (rows[:-1], rows[-1:]) if table.total else (rows, [])
    parts = [("thead", "th", [[column.heading for column in table.columns]]), ("tbody", "td", body)]
    if foot:
        parts.append(("tfoot", "td", foot))
    kind = "words" if all(table.words()) else "numbers"
    return f'<table class="{kind}">{"".join(_part(*part) for part in parts)}</table>'


def to_csv(table: Table) -> str:
    """Return ``table`` as CSV; a column of statistics becomes mean, sd, n, tried, in its heading's unit.

    Where a statistic has an interval, its column has low and high, too.
    """
    wide = [_parts_of([row[index] for row in table.rows]) for index in range(len(table.columns))]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    head: list[str] = []
    for column, split in zip(table.columns, wide, strict=True):
        head += [f"{column.heading} {part}" for part in split] or [column.heading]
    writer.writerow(head)
    for row in table.rows:
        cells: list[str] = []
        for cell, column, split in zip(row, table.columns, wide, strict=True):
            cells += _fields(cell, column, split) if split else [_plain(cell, column)]
        writer.writerow(cells)
    return buffer.getvalue()


def tree_of(table: Table) -> dict[str, object]:
    """Return ``table`` as mappings and lists for JSON: a row is a mapping from headings to cells, in their units.

    A statistic is a mapping of its mean, sd, n, tried, low and high.
    """
    rows = [
        {column.heading: _tree(cell, column) for column, cell in zip(table.columns, row, strict=True)}
        for row in table.rows
    ]
    return {"title": table.title, "rows": rows, "notes": list(table.notes)}


def _tree(cell: Cell, column: Column) -> object:
    if isinstance(cell, Stat):
        scaled = {part: getattr(cell, part) * column.factor for part in ("mean", "sd", "low", "high")}
        return {**scaled, "n": cell.n, "tried": cell.tried}
    return cell * column.factor if isinstance(cell, float) else cell


_PARTS: Final = ("mean", "sd", "n", "tried")
_ENDS: Final = ("low", "high")
_INTERVALS: Final = "[low, high]: 95 % interval of the mean over seeds (Student's t); of one seed Wilson's"


def _parts_of(cells: Sequence[Cell]) -> tuple[str, ...]:
    """Return into which parts a column of ``cells`` is split; none, where none is a statistic."""
    if not any(isinstance(cell, Stat) for cell in cells):
        return ()
    return (*_PARTS, *_ENDS) if any(map(_has_interval, cells)) else _PARTS


def _has_interval(cell: Cell) -> bool:
    return isinstance(cell, Stat) and not math.isnan(cell.low)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _part(name: str, cell: str, rows: Sequence[Sequence[str]]) -> str:
    lines = ("".join(f"<{cell}>{escape(text, quote=True)}</{cell}>" for text in row) for row in rows)
    return f"<{name}>{''.join(f'<tr>{line}</tr>' for line in lines)}</{name}>"


def _are_words(cells: Iterable[Cell]) -> bool:
    return all(isinstance(cell, str) and not any(sign.isdigit() for sign in cell) for cell in cells)


def _text(cell: Cell, column: Column) -> str:
    if not isinstance(cell, Stat):
        return cell if isinstance(cell, str) else _number(cell, column)
    if cell.n == 0:
        return "not reached" if cell.tried else "-"
    text = _number(cell.mean, column)
    if not math.isnan(cell.sd):
        text += f" ± {_number(cell.sd, column)}"
    if _has_interval(cell):
        text += f" [{_number(cell.low, column)}, {_number(cell.high, column)}]"
    return text if cell.n == cell.tried else f"{text} ({cell.n} of {cell.tried})"


def _number(value: float, column: Column) -> str:
    if math.isnan(value):
        return "-"
    scaled = value * column.factor
    if column.digits is not None:
        return f"{scaled:,.{column.digits}f}"
    return f"{scaled:,.0f}" if isinstance(scaled, int) or abs(scaled) >= 100 else f"{scaled:.3g}"


def _fields(cell: Cell, column: Column, parts: Sequence[str]) -> list[str]:
    if not isinstance(cell, Stat):
        return [_plain(cell, column), *("" for _ in parts[1:])]
    scaled = {
        part: "" if math.isnan(value) else repr(value * column.factor)
        for part, value in (("mean", cell.mean), ("sd", cell.sd), ("low", cell.low), ("high", cell.high))
    }
    counts = {"n": str(cell.n), "tried": str(cell.tried)}
    return [(scaled | counts)[part] for part in parts]


def _plain(cell: Cell, column: Column) -> str:
    if isinstance(cell, float):
        return "" if math.isnan(cell) else repr(cell * column.factor)
    return str(cell)
