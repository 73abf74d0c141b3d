"""What a terminal of some width shows, as text and as the sentences that it stands for; no test lives here."""

import io
from collections.abc import Callable, Iterable
from typing import Final

from rich.console import Console

__all__ = ["WIDTHS", "missing", "seen"]

WIDTHS: Final = (80, 40)
"""A usual terminal, and half of one beside an editor."""


def seen(show: Callable[[Console], None], width: int) -> str:
    """Return what ``show`` prints on a terminal of ``width`` columns; no line is longer than it."""
    paper = io.StringIO()
    show(Console(file=paper, width=width))
    text = paper.getvalue()
    assert max(map(len, text.splitlines()), default=0) <= width
    return text


def missing(sentences: Iterable[str], text: str) -> list[str]:
    """Return the ``sentences`` that ``text`` does not show; a line may end between two words, not within one."""
    flowing = " ".join(text.split())
    return [sentence for sentence in sentences if sentence not in flowing]
