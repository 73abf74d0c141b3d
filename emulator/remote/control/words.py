"""What can be said at the control port, beside the words that every bench has."""

import math
import re
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from emulator.commands import Disturb
from emulator.errors import LightloopError, nearest
from emulator.instruments.instrument import InstrumentKind
from emulator.instruments.wire import Said, Taken
from emulator.remote.control.states import Saved, bring_back, parts_of, save
from emulator.remote.scpi.faults import ScpiError
from emulator.remote.scpi.values import told
from emulator.remote.words.client import Client, House
from emulator.remote.words.table import Entry, Serving

__all__ = ["MOST_FAULT", "TOKEN", "Keeper", "control_entries"]

TOKEN: Final = "TOKen"
MOST_FAULT: Final = 1000
"""Characters of a fault; assumed, and far more than any needs."""
_MOST_STATES: Final = 16  # assumed; a state of a chip holds four numbers a heater
_NAME: Final = re.compile(r"[a-z0-9_-]{1,64}")
_TARGET: Final = Taken("target", "text", "hidden state, such as 'chip.dead'")
_PART: Final = Taken("part", "whole", "which device, receiver or output, where it has parts", optional=True)
_STATE: Final = (Taken("name", "text", "name of the state: a-z, 0-9, _ and -"),)


class Keeper(House, Protocol):
    """What these words need of the house: its saved states, and who starts a fault."""

    saved: dict[str, Saved]
    start_fault: Callable[[str], str]


def control_entries(keeper: Keeper) -> Iterator[Entry]:
    """Yield the words of a control port whose states and faults ``keeper`` has."""
    token = (Taken("token", "text", "what was printed at the start"),)
    yield Entry(TOKEN, token, "Comes first, alone on its line; another token ends the connection.", _known)

    def states(client: Client, said: Said) -> bytes:
        del client, said
        return ",".join(f'"{line}"' for line in _listed(keeper)).encode("ascii", "replace")

    yield Entry(
        "HIDDen:STATes?", (), "Returns hidden states, how many parts each has, and what it is.", states
    )

    def value(client: Client, said: Said) -> bytes:
        kind, state = _found(keeper, said["target"])
        instrument, part = keeper.instrument(kind.name), said.get("part", -1)
        if part not in parts_of(kind, instrument, state):
            raise ScpiError(-222, f"{said['target']} has no part {part}")
        found = kind.hidden(instrument, state, part)
        return told(math.nan if found is None else found, "number", client.form)

    yield Entry(
        "HIDDen?", (_TARGET, _PART), "Returns the value of a hidden state; 9.91E+37 of what passes.", value
    )
    becomes = Taken("value", "number", "what it becomes")
    yield Entry(
        "HIDDen", (_TARGET, becomes, _PART), "Changes a hidden state.", serve=_disturb, asks="Disturb"
    )
    yield from _of_states(keeper)

    def fault(client: Client, said: Said) -> bytes:
        del client
        try:
            return f'"{keeper.start_fault(said["fault"])}"'.encode("ascii", "replace")
        except LightloopError as error:
            raise ScpiError(-222, str(error)) from error

    what = "Starts an agent that plays the world, as [[agents]] of a study do; returns its name in the trace."
    yield Entry("FAULt?", (Taken("fault", "text", "its keys, as TOML: 'kind = ..., ...'"),), what, fault)


def _of_states(keeper: Keeper) -> Iterator[Entry]:
    def kept(client: Client, said: Said) -> None:
        del client
        name = _named(said)
        if name not in keeper.saved and len(keeper.saved) >= _MOST_STATES:
            raise ScpiError(-223, f"{_MOST_STATES} states are saved; allowed: one of their names")
        keeper.saved[name] = save(keeper.kinds, keeper.instrument)

    def brought_back(client: Client, said: Said) -> Serving:
        name = _named(said)
        if name not in keeper.saved:
            raise ScpiError(-222, f"no state {name!r} is saved; {nearest(name, keeper.saved)}".rstrip("; "))
        yield from client.rest()
        yield from bring_back(keeper.saved[name], keeper.kinds, keeper.instrument)
        return None

    def names(client: Client, said: Said) -> bytes:
        del client, said
        return ",".join(f'"{name}"' for name in keeper.saved).encode() or b'""'

    saves = "Saves what is hidden in the instruments and what they are driven to."
    yield Entry("STATe:SAVE", _STATE, saves, kept)
    yield Entry("STATe:RESTore", _STATE, "Brings a saved state back; time goes on.", serve=brought_back)
    yield Entry("STATe:CATalog?", (), "Returns the names of saved states.", names)


def _known(client: Client, said: Said) -> None:
    del client, said  # it was judged before it came here


def _disturb(client: Client, said: Said) -> Serving:
    del client
    yield Disturb(said["target"], said["value"], said.get("part", -1))
    return None


def _named(said: Said) -> str:
    name: str = said["name"]
    if _NAME.fullmatch(name) is None:
        raise ScpiError(-224, f"{name[:80]!r} is no name of a state; allowed: 1 to 64 of a-z, 0-9, _ and -")
    return name


def _found(keeper: Keeper, target: str) -> tuple[InstrumentKind, str]:
    for kind in keeper.kinds:
        for state in kind.disturbs:
            if target == f"{kind.name}.{state}":
                return kind, state
    known = [f"{kind.name}.{state}" for kind in keeper.kinds for state in kind.disturbs]
    raise ScpiError(-224, f"{target[:80]!r} is no hidden state; {nearest(target, known)}".rstrip("; "))


def _listed(keeper: Keeper) -> Iterator[str]:
    for kind in keeper.kinds:
        for state, what in kind.disturbs.items():
            parts = kind.parts(keeper.instrument(kind.name), state).size
            yield f"{kind.name}.{state}: {f'{parts} parts' if parts else 'no parts'}; {what}"
