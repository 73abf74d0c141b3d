"""Tables on a terminal: no lines, words to the left, numbers to the right; it computes nothing.

No word and no number is ever broken. A table that is too wide breaks its words between them and its headings, too;
one that is wider still is laid on its side: a block a row, a line a column.
"""

import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

from experiments.output.streams.standard import visible
from experiments.output.tables import Table

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["WIDTH", "show", "to_text"]

WIDTH: Final = 80
"""Characters of a line, where nobody says how many there are."""

_GAPS: Final = ("  ", " ")
"""What stands between two columns; the second where the first is too wide."""


class _Line(NamedTuple):
    text: str
    style: str = ""


def show(table: Table, console: "Console") -> None:
    """Print ``table`` as wide as ``console``, below an empty line where it has a title."""
    from rich.text import Text

    if table.title:
        console.print()
    for line in _lines(table, console.width):
        # Soft wrap: the lines are laid out already, and one long word may leave the screen whole.
        console.print(Text(line.text, line.style), soft_wrap=True)


def to_text(table: Table, width: int = WIDTH) -> str:
    """Return ``table`` as lines of at most ``width`` characters, unless one word or number is longer."""
    return "".join(f"{line.text}\n" for line in _lines(table, width))


def _lines(table: Table, width: int) -> Iterator[_Line]:
    if table.title:
        yield from (_Line(line, "bold") for line in _wrapped(table.title, width))
    cells = [[visible(cell, lines=False) for cell in row] for row in table.texts()]
    for gap in _GAPS:
        widths = _widths(table, cells, width - len(gap) * (len(table.columns) - 1))
        if widths is not None:
            yield from _upright(table, cells, widths, gap)
            break
    else:
        yield from _sideways(table, cells, width)
    for note in table.notes:
        yield from (_Line(line, "dim") for line in _wrapped(note, width))


def _widths(table: Table, cells: Sequence[Sequence[str]], width: int) -> list[int] | None:
    """Return the widths of the columns, ``width`` at most in all, or None when that is too narrow for them."""
    least, most = [], []
    for number, (column, words) in enumerate(zip(table.columns, table.words(), strict=True)):
        texts = [row[number] for row in cells]
        pieces = [word for text in texts for word in text.split()] if words else texts
        least.append(_longest([*column.heading.split(), *pieces]))
        most.append(_longest([column.heading, *texts]))
    spare = width - sum(least)
    if spare < 0:
        return None
    # Columns that want little get it first, so that only the longest ones are broken.
    order = sorted(range(len(least)), key=lambda number: most[number] - least[number])
    for place, number in enumerate(order):
        more = min(most[number] - least[number], spare // (len(order) - place))
        least[number] += more
        spare -= more
    return least


def _upright(
    table: Table, cells: Sequence[Sequence[str]], widths: Sequence[int], gap: str
) -> Iterator[_Line]:
    words = table.words()
    headings = [column.heading for column in table.columns]
    if any(headings):
        yield from (_Line(line, "dim") for line in _row(headings, widths, words, gap))
    for number, row in enumerate(cells, start=1):
        style = "bold" if table.total and number == len(cells) else ""
        yield from (_Line(line, style) for line in _row(row, widths, words, gap))


def _row(texts: Sequence[str], widths: Sequence[int], words: Sequence[bool], gap: str) -> Iterator[str]:
    wrapped = [_wrapped(text, width) for text, width in zip(texts, widths, strict=True)]
    for pieces in zip_longest(*wrapped, fillvalue=""):
        placed = (
            piece.ljust(width) if left else piece.rjust(width)
            for piece, width, left in zip(pieces, widths, words, strict=True)
        )
        yield gap.join(placed).rstrip()


def _sideways(table: Table, cells: Sequence[Sequence[str]], width: int) -> Iterator[_Line]:
    headings = [column.heading for column in table.columns[1:]]
    room = _longest(headings)
    if table.columns[0].heading:
        yield _Line(table.columns[0].heading, "dim")
    for label, *rest in cells:
        if label:
            yield _Line(label)
        for heading, text in zip(headings, rest, strict=True):
            first = f"  {heading.ljust(room)}  " if room else "  "
            for number, line in enumerate(_wrapped(text, width - len(first)) if text else ()):
                yield _Line(f"{' ' * len(first) if number else first}{line}")


def _wrapped(text: str, width: int) -> list[str]:
    """Return ``text`` in lines of ``width``, broken between words only; one line is left as it is."""
    text = visible(text, lines=False)
    if len(text) <= width:
        return [text]
    return textwrap.wrap(text, max(width, 1), break_long_words=False, break_on_hyphens=False)


def _longest(texts: Sequence[str]) -> int:
    return max(map(len, texts), default=0)
