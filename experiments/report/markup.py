"""The few HTML elements of a report; whatever text goes in is escaped here and nowhere else.

Text and markup have different types, so that a type checker finds text that was not escaped.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import NewType

from experiments.output.tables import Column, table_of, to_html

__all__ = ["Markup", "details", "element", "join", "note", "swatch", "table", "text"]

Markup = NewType("Markup", str)
"""HTML that is safe to write into the page."""


def text(value: str) -> Markup:
    """Return ``value`` as text that a browser shows and never obeys."""
    return Markup(escape(value, quote=True))


def join(parts: Iterable[Markup], between: str = "") -> Markup:
    return Markup(between.join(parts))


def element(name: str, content: Markup | str = "", **attributes: str) -> Markup:
    """Return one element; ``content`` that is not ``Markup`` has to be a literal, attributes are escaped.

    A name such as ``class_`` or ``data_axis`` stands for ``class`` and ``data-axis``.
    """
    pairs = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"' for key, value in attributes.items()
    )
    return Markup(f"<{name}{pairs}>{content}</{name}>")


def note(words: str) -> Markup:
    """Return a paragraph in small print."""
    return element("p", text(words), class_="note")


def details(summary: str, content: Markup) -> Markup:
    """Return a part that opens on a click."""
    return element("details", join((element("summary", text(summary)), content)))


def swatch(colour: str, label: str) -> Markup:
    """Return ``label`` behind a square of ``colour``, an entry of a legend."""
    square = element("span", class_="swatch", style=f"background:{colour}")
    return element("span", join((square, text(label))), class_="legend")


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    foot: Sequence[str] = (),
    kind: str = "numbers",
) -> Markup:
    """Return a table whose first column holds labels; ``foot`` is its last, ruled row.

    ``kind`` "numbers" aligns the other columns to the right, "words" to the left. A page that is too narrow
    scrolls the table and not itself.
    """
    columns = [Column(heading, words=kind == "words") for heading in head]
    everything = table_of("", columns, [*rows, foot] if foot else rows, total=bool(foot))
    return element("div", Markup(to_html(everything)), class_="wide")
