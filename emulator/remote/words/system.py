"""SCPI's words of system, format and status, which every instrument has; time and its pace are ours."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from emulator.commands import Wait
from emulator.instruments.wire import Said, Taken
from emulator.remote.scpi.blocks import block
from emulator.remote.scpi.faults import ScpiError
from emulator.remote.scpi.status import Register
from emulator.remote.words.at_once import change, look, look_whole
from emulator.remote.words.client import Client
from emulator.remote.words.table import Entry, Serving

__all__ = ["STEP", "system_entries"]

STEP: Final = "SYSTem:TIME:STEP"
"""What lets time pass where it is stepped; it acts as soon as it has come."""

_SCPI_VERSION: Final = "1999.0"
_UNTIL: Final = (Taken("until", "seconds", "emulated time"),)
_DURATION: Final = (Taken("duration", "seconds", "how long"),)
_MASK: Final = (Taken("mask", "whole", "sum of bits"),)
_DATA: Final = (
    Taken("kind", "choice", "how many numbers are written", choices=("ascii", "real")),
    Taken("bits", "whole", "32 or 64", optional=True),
)
_ORDER: Final = (Taken("order", "choice", "order of bytes in a block", choices=("normal", "swapped")),)


def system_entries() -> Iterator[Entry]:
    """Yield the words of SYSTem, FORMat and STATus."""
    yield from _errors()
    yield from _time()
    yield from _format()
    yield from _status()


def _errors() -> Iterator[Entry]:
    yield look(
        "SYSTem:ERRor[:NEXT]", "text", "the oldest error, and forgets it", lambda own: own.errors.take()
    )
    yield look("SYSTem:ERRor:ALL", "text", "all errors, and forgets them", lambda own: own.errors.take_all())
    yield look_whole("SYSTem:ERRor:COUNt", "how many errors wait", lambda own: len(own.errors))
    yield look("SYSTem:VERSion", "text", "the version of SCPI", lambda own: _SCPI_VERSION)
    yield Entry("SYSTem:HELP:HEADers?", (), "Returns all headers, one a line, as a block.", _headers)


def _headers(client: Client, said: Said) -> bytes:
    del said
    return block("".join(f"{entry.words}\n" for entry in client.house.table.entries).encode())


def _time() -> Iterator[Entry]:
    yield look("SYSTem:TIME", "seconds", "the emulated time, in seconds", lambda own: own.house.now_ps)
    yield look_whole(
        "SYSTem:TIME:PICoseconds", "the emulated time, in picoseconds", lambda own: own.house.now_ps
    )
    yield Entry("SYSTem:TIME:WAIT", _UNTIL, "Waits for an instant of emulated time.", serve=_wait)
    yield Entry(
        STEP,
        _DURATION,
        "Lets time pass, where its pace is stepped. It acts at once, also while this client waits for an answer, "
        "and has to be alone on its line.",
        _misplaced_step,
    )
    yield look("SYSTem:PACE", "text", "asap, realtime or stepped", lambda own: own.house.pace)
    yield look_whole(
        "SYSTem:PACE:OVERruns",
        "how many instants came late by the wall clock",
        lambda own: own.house.overruns,
    )
    yield look(
        "SYSTem:ENERgy", "number", "what the bench has drawn, in joules", lambda own: own.house.energy_j
    )


def _wait(client: Client, said: Said) -> Serving:
    del client
    yield Wait(said["until"])
    return None


def _misplaced_step(client: Client, said: Said) -> None:
    del said
    raise ScpiError(-221, f"the pace is {client.house.pace}; allowed where it is stepped, alone on a line")


def _format() -> Iterator[Entry]:
    yield Entry(
        "FORMat[:DATA]", _DATA, "Says how many numbers are written, in answers and in blocks.", _written
    )
    yield look("FORMat[:DATA]", "text", "how many numbers are written", _form)
    yield Entry(
        "FORMat:BORDer", _ORDER, "Says that the greatest byte comes first, or the least.", change(_order)
    )
    yield look(
        "FORMat:BORDer",
        "text",
        "the order of bytes",
        lambda own: "SWAP" if own.form.swapped else "NORM",
    )


def _written(client: Client, said: Said) -> None:
    kind, bits = said["kind"], said.get("bits", 64)
    if kind == "ascii":
        client.form = client.form._replace(kind="ASC", bits=64)
    elif bits in {32, 64}:
        client.form = client.form._replace(kind="REAL", bits=bits)
    else:
        raise ScpiError(-224, f"reals of {bits} bits; allowed: 32, 64")


def _form(client: Client) -> str:
    return "ASC" if client.form.kind == "ASC" else f"REAL,{client.form.bits}"


def _order(client: Client, order: str) -> None:
    client.form = client.form._replace(swapped=order == "swapped")


_Of = Callable[[Client], Register]


def _status() -> Iterator[Entry]:
    yield Entry(
        "STATus:PRESet",
        (),
        "Lets no event of these two count.",
        change(lambda own: own.status.preset()),
    )
    yield from _register("STATus:OPERation", lambda own: own.status.operation)
    yield from _register("STATus:QUEStionable", lambda own: own.status.questionable)


def _register(root: str, of: _Of) -> Iterator[Entry]:
    yield look_whole(f"{root}[:EVENt]", "the events, and clears them", lambda own: of(own).take_event())
    yield look_whole(f"{root}:CONDition", "what is the case now", lambda own: of(own).condition)
    yield Entry(f"{root}:ENABle", _MASK, "Says which events count.", change(partial(_let, of)))
    yield look_whole(f"{root}:ENABle", "which events count", lambda own: of(own).enable)


def _let(of: _Of, client: Client, mask: int) -> None:
    of(client).let(mask)
