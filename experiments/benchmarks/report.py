"""The benchmark's tables as plain text; it measures nothing."""

from collections.abc import Sequence

__all__ = ["table"]

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
