"""The table of commands: what a header means, in all its spellings. It is all that is ever looked up in."""

import re
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from emulator.instruments.wire import Said, Taken
from emulator.remote.scpi.faults import ScpiError
from emulator.remote.scpi.messages import Unit

if TYPE_CHECKING:
    from emulator.remote.words.client import Client

__all__ = ["Entry", "Serving", "Table", "spellings"]

Serving = Generator[Any, Any, bytes | None]
"""What serves a unit: it yields commands of the vocabulary, and returns the answer of a query."""

_NODE: Final = re.compile(r"(\[)?:?(\*?[A-Za-z]\w*)(\])?")
_SHORT: Final = re.compile(r"\*?[A-Z][A-Z0-9]*")


@dataclass(frozen=True)
class Entry:
    """One header: how it is written in a manual, what it takes and does, and who serves it.

    ``at_once`` returns the answer of what takes no time; else ``serve`` is a ``Serving``. ``part_of`` is the
    instrument whose channels it takes.
    """

    words: str
    takes: tuple[Taken, ...]
    what: str
    at_once: Callable[["Client", Said], bytes | None] | None = None
    serve: Callable[["Client", Said], Serving] | None = None
    part_of: str = ""
    asks: str = ""
    """The vocabulary's command behind it, for the manual; "" is none."""


def spellings(words: str) -> Iterator[str]:
    """Yield every way to say ``words``, ``SYSTem:ERRor[:NEXT]?``: short or long, with brackets or without."""
    query = "?" if words.endswith("?") else ""
    ways: list[tuple[str, ...]] = []
    for optional, node, _ in _NODE.findall(words.rstrip("?")):
        short = _SHORT.match(node)
        forms = {node.upper(), short[0] if short else node.upper()}
        ways.append((*forms, *([""] if optional else [])))
    for chosen in product(*ways):
        yield ":".join(filter(None, chosen)) + query


class Table:
    """All entries of a bench by all their spellings; of two entries with one header, the first counts."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries: list[Entry] = []
        self._known: dict[str, Entry] = {}
        for entry in entries:
            said = list(spellings(entry.words))
            if said[0] in self._known:
                continue
            self.entries.append(entry)
            for header in said:
                self._known.setdefault(header, entry)

    def find(self, unit: Unit) -> Entry:
        """Return the entry of ``unit``; raises ``ScpiError`` where there is none."""
        entry = self._known.get(unit.header)
        if entry is None:
            raise ScpiError(-113, f"{unit.header}; SYSTem:HELP:HEADers? lists all")
        return entry
