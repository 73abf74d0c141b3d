"""Entries that take no time: a look at what is the case, or a change of the client itself."""

from collections.abc import Callable

from emulator.instruments.wire import Said, Sort
from emulator.remote.scpi.values import told
from emulator.remote.words.client import Client
from emulator.remote.words.table import Entry

__all__ = ["change", "look", "look_whole"]

Found = Callable[[Client], object]


def look(words: str, sort: Sort, what: str, found: Found) -> Entry:
    """Return the query ``words``, which answers what ``found`` finds at the client, and says so."""

    def answer(client: Client, said: Said) -> bytes:
        del said
        return told(found(client), sort, client.form)

    return Entry(f"{words}?", (), f"Returns {what}.", answer)


def look_whole(words: str, what: str, found: Found) -> Entry:
    """Return the query ``words``, which answers a whole number."""
    return look(words, "whole", what, found)


def change(done: Callable[..., None]) -> Callable[[Client, Said], None]:
    """Return what gives the values that were said to ``done``, in their order."""

    def changed(client: Client, said: Said) -> None:
        done(client, *said.values())

    return changed
