"""What the parts of a report share: titled sections, the colours of traces, texts that are safe in a plot."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from experiments.report.markup import Markup

if TYPE_CHECKING:
    from bokeh.models import Model

__all__ = ["COLOURS", "Section", "colour", "plot_labels", "plot_text"]

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#595959", "#000000")
"""The Okabe-Ito palette; the first is the page's accent."""

_LONGEST_LABEL: Final = 26


@dataclass(frozen=True)
class Section:
    """One titled part of the page; ``ident`` is its address on the page.

    ``parts`` are Markup or Bokeh models, in order.
    """

    ident: str
    title: str
    parts: Sequence["Markup | Model"]


def colour(number: int) -> str:
    """Return the colour of the trace ``number``; after eight they repeat."""
    return COLOURS[number % len(COLOURS)]


def plot_text(text: str) -> str:
    """Return ``text`` for a Bokeh plot, which would otherwise fetch a typesetter for what looks like TeX."""
    for opening in ("$$", "\\[", "\\("):
        text = text.replace(opening, f"{opening[0]}\u200b{opening[1]}")
    return text


def plot_labels(names: Sequence[str]) -> list[str]:
    """Return ``names`` as labels of an axis: short enough to leave room for the plot, and no two the same."""
    labels: list[str] = []
    for name in names:
        short = plot_text(name if len(name) <= _LONGEST_LABEL else f"{name[: _LONGEST_LABEL - 1]}…")
        label, number = short, 1
        while label in labels:
            number += 1
            label = f"{short} ({number})"
        labels.append(label)
    return labels
