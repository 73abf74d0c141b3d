"""The common commands of IEEE 488.2, which begin with a star."""

from collections.abc import Iterator
from typing import Final

from emulator.instruments.wire import Said, Taken
from emulator.remote.scpi.status import OPERATION_COMPLETE
from emulator.remote.words.at_once import change, look, look_whole
from emulator.remote.words.client import Client
from emulator.remote.words.table import Entry, Serving

__all__ = ["ieee_entries"]

_MASK: Final = (Taken("mask", "whole", "sum of bits"),)
_ALL: Final = "all that this client began is done and at rest"


def ieee_entries() -> Iterator[Entry]:
    """Yield the common commands."""
    yield look("*IDN", "text", "maker, model, seed and version", lambda own: own.house.identity)
    yield Entry("*CLS", (), "Clears errors and events.", change(_clear))
    yield Entry("*ESE", _MASK, "Says which events count.", change(lambda own, mask: own.status.let(mask)))
    yield look_whole("*ESE", "which events count", lambda own: own.status.enable)
    yield look_whole("*ESR", "the events, and clears them", lambda own: own.status.take_events())
    yield Entry(
        "*SRE",
        _MASK,
        "Says which bits ask for service.",
        change(lambda own, mask: own.status.request_by(mask)),
    )
    yield look_whole("*SRE", "which bits ask for service", lambda own: own.status.request)
    yield look_whole("*STB", "the status byte", lambda own: own.status.byte(len(own.errors) > 0))
    yield Entry("*OPC", (), f"Sets the event bit 0 when {_ALL}; what follows waits.", serve=_complete)
    yield Entry("*OPC?", (), f"Returns 1 when {_ALL}.", serve=_completed)
    yield Entry("*WAI", (), f"Waits until {_ALL}.", serve=_wait)
    yield Entry(
        "*RST",
        (),
        "Sets heaters to where the run began; forgets what this client put down.",
        serve=_reset,
    )
    yield look_whole("*TST", "0: there is nothing to test", lambda own: 0)


def _clear(client: Client) -> None:
    client.errors.clear()
    client.status.clear()


def _complete(client: Client, said: Said) -> Serving:
    del said
    yield from client.rest()
    client.status.note(OPERATION_COMPLETE)
    return None


def _completed(client: Client, said: Said) -> Serving:
    del said
    yield from client.rest()
    return b"1"


def _wait(client: Client, said: Said) -> Serving:
    del said
    return (yield from client.rest())


def _reset(client: Client, said: Said) -> Serving:
    del said
    yield from client.rest()
    client.forget()
    for kind in client.house.kinds:
        for command in kind.words.reset(client.house.instrument(kind.name)):
            reply = yield command
            del reply
    return None
