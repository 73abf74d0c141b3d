"""The words for what the bench itself answers: what is recorded, and what is spent."""

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from emulator.commands import Keep, Log, Spending, Spent
from emulator.instruments.wire import Said, Taken
from emulator.remote.scpi.values import told
from emulator.remote.words.client import Client
from emulator.remote.words.table import Entry, Serving
from emulator.units import ps_to_s

__all__ = ["desk_entries"]

_NAME: Final = Taken("name", "text", "name in the trace")
_NUMBER: Final = Taken("value", "number", "the number")
_NUMBERS: Final = Taken("values", "numbers", "the numbers")


def desk_entries() -> Iterator[Entry]:
    """Yield the words of TRACe and BUDGet."""
    yield Entry(
        "TRACe:LOG", (_NAME, _NUMBER), "Records a number at this instant.", serve=_log, asks=Log.__name__
    )
    yield Entry(
        "TRACe:KEEP",
        (_NAME, _NUMBERS),
        "Keeps numbers among the trace's states.",
        serve=_keep,
        asks=Keep.__name__,
    )
    spent = "Returns seconds, queries, commands, joules and present watts of the run."
    yield Entry("BUDGet:SPENt?", (), spent, serve=_spent, asks=Spending.__name__)
    left = "Returns what is left of each, in that order; 9.91E+37 where nothing limits it."
    yield Entry("BUDGet:LEFT?", (), left, serve=_left, asks=Spending.__name__)


def _log(client: Client, said: Said) -> Serving:
    del client
    yield Log(said["name"], said["value"])
    return None


def _keep(client: Client, said: Said) -> Serving:
    del client
    yield Keep(said["name"], said["values"])
    return None


def _spent(client: Client, said: Said) -> Serving:
    del said
    spent: Spent = yield Spending()
    values = (ps_to_s(spent.time_ps), spent.queries, spent.commands, spent.energy_j, spent.power_w)
    return told(np.array(values), "numbers", client.form)


def _left(client: Client, said: Said) -> Serving:
    del said
    spent: Spent = yield Spending()
    time_s = None if spent.time_left_ps is None else ps_to_s(spent.time_left_ps)
    left = (time_s, spent.queries_left, spent.commands_left, spent.energy_left_j, spent.power_left_w)
    return told(np.array([math.nan if each is None else each for each in left]), "numbers", client.form)
