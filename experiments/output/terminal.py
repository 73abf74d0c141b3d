"""The look of tables on a terminal: no lines, names to the left, numbers to the right; it computes nothing."""

from rich.table import Table

__all__ = ["titled_table"]


def titled_table(title: str, *columns: str) -> Table:
    """Return an empty table with a bold ``title`` (none when empty) and dim headings."""
    table = Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", header_style="dim", overflow="fold")
    return table
