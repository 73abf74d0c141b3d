"""The entries of a kind of instrument: of each verb, note and look that its words declare."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from emulator.instruments.instrument import InstrumentKind
from emulator.instruments.wire import Given, Look, Note, Said, Verb
from emulator.remote.scpi.faults import ScpiError
from emulator.remote.scpi.values import told
from emulator.remote.words.client import Client
from emulator.remote.words.table import Entry, Serving

__all__ = ["entries_of"]

_At = Callable[..., Entry]


def entries_of(kind: InstrumentKind) -> Iterator[Entry]:
    """Yield all that can be said to an instrument of ``kind``; what is looked up comes before what is done."""
    root = f"{kind.words.root}:"
    for look in kind.words.looks:
        serve = partial(_look, kind.name, look)
        yield Entry(f"{root}{look.words}?", look.takes, f"Returns {look.what}.", serve, part_of=kind.name)
    for note in kind.words.notes:
        at = partial(Entry, part_of=kind.name)
        yield at(f"{root}{note.words}", note.takes, note.what, partial(_keep, kind.name, note))
        yield at(f"{root}{note.words}?", (), f"Returns {note.gives.what}.", partial(_kept, kind.name, note))
    for verb in kind.words.verbs:
        yield from _entries_of(kind, verb, f"{root}{verb.words}")


def _entries_of(kind: InstrumentKind, verb: Verb, words: str) -> Iterator[Entry]:
    at = partial(Entry, part_of=kind.name, asks=verb.asks.__name__)
    yield at(words, verb.takes, verb.what, serve=partial(_do, kind, verb))
    if verb.gives:
        first = f"{verb.what} Returns {verb.gives[0].what}."
        yield at(f"{words}?", verb.takes, first, serve=partial(_ask, kind, verb))
    for given in verb.gives:
        what = f"Returns, of the last reply to {words}, {given.what}."
        yield at(f"{words}:{given.words}?", (), what, partial(_again, kind, verb, given))
    if verb.asks in kind.commands:
        yield at(
            f"{words}:STARt",
            verb.takes,
            f"Begins {words} and does not wait for its reply.",
            serve=partial(_start, kind, verb),
        )
        yield at(
            f"{words}:FETCh?",
            (),
            f"Returns the reply to the first {words}:STARt that was not fetched, when it is there.",
            serve=partial(_fetch, kind, verb),
        )


def _key(kind: InstrumentKind, verb: Verb) -> str:
    return f"{kind.name}.{verb.words}"


def _look(name: str, look: Look, client: Client, said: Said) -> bytes:
    return told(look.read(client.house.instrument(name), said), look.sort, client.form)


def _keep(name: str, note: Note, client: Client, said: Said) -> None:
    notes = client.notes.setdefault(name, {})
    notes[note.name] = note.keep(client.house.instrument(name), said, notes)


def _kept(name: str, note: Note, client: Client, said: Said) -> bytes:
    del said
    kept = client.notes.get(name, {}).get(note.name)
    return told(note.gives.read(kept), note.gives.sort, client.form)


def _command(kind: InstrumentKind, verb: Verb, client: Client, said: Said) -> Any:
    return verb.command(client.house.instrument(kind.name), said, client.notes.get(kind.name, {}))


def _moved(kind: InstrumentKind, verb: Verb, client: Client) -> None:
    """Note what the verb has set in motion, or that it was the wait for what moved."""
    if verb.unsettled is not None:
        client.moves(kind.name, verb.unsettled)
    elif any(each.unsettled is verb.asks for each in kind.words.verbs):
        client.moves(kind.name, None)


def _do(kind: InstrumentKind, verb: Verb, client: Client, said: Said) -> Serving:
    client.last[_key(kind, verb)] = yield _command(kind, verb, client, said)
    _moved(kind, verb, client)
    return None


def _ask(kind: InstrumentKind, verb: Verb, client: Client, said: Said) -> Serving:
    reply = yield _command(kind, verb, client, said)
    _moved(kind, verb, client)
    return _first(kind, verb, client, reply)


def _first(kind: InstrumentKind, verb: Verb, client: Client, reply: Any) -> bytes:
    client.last[_key(kind, verb)] = reply
    first = verb.gives[0]
    return told(first.read(reply), first.sort, client.form)


def _again(kind: InstrumentKind, verb: Verb, given: Given, client: Client, said: Said) -> bytes:
    del said
    reply = client.last.get(_key(kind, verb))
    if reply is None:
        raise ScpiError(-230, f"{verb.words} has not been asked for by this client")
    return told(given.read(reply), given.sort, client.form)


def _start(kind: InstrumentKind, verb: Verb, client: Client, said: Said) -> Serving:
    yield from client.start(_key(kind, verb), _command(kind, verb, client, said))
    _moved(kind, verb, client)
    return None


def _fetch(kind: InstrumentKind, verb: Verb, client: Client, said: Said) -> Serving:
    del said
    reply = yield from client.fetch(_key(kind, verb))
    return _first(kind, verb, client, reply)
