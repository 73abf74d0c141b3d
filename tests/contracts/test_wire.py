"""What every instrument promises to clients on a wire: its commands have words, and the manual has them all."""

from typing import Any, get_args

import pytest

from emulator.instruments.instrument import InstrumentKind
from emulator.instruments.registry import INSTRUMENTS
from emulator.instruments.wire import Sort
from emulator.remote.server.limits import Limits
from emulator.remote.server.pacing import Asap
from emulator.remote.server.service import Service, table_of
from emulator.remote.words.table import spellings
from experiments.serve.page import PAGE, written
from tests.contracts.instrument_specimens import SPECIMENS
from tests.wire_lab import IDENTITY, Talk, small_bench

every_kind = pytest.mark.parametrize("kind", INSTRUMENTS.values(), ids=lambda kind: kind.name)


@every_kind
def test_every_command_that_it_serves_has_words(kind: InstrumentKind) -> None:
    assert set(kind.commands) <= {verb.asks for verb in kind.words.verbs}
    assert kind.words.root.isalpha()


@every_kind
def test_words_have_short_forms_and_say_what_they_mean(kind: InstrumentKind) -> None:
    for verb in kind.words.verbs:
        assert verb.what.endswith(".")
        takes = verb.takes
        optional = [taken.optional for taken in takes]
        assert optional == sorted(optional)  # what may be left out comes last
        assert all(taken.sort in get_args(Sort) and taken.what for taken in takes)
        assert all(bool(taken.choices) == (taken.sort == "choice") for taken in takes)


def test_no_header_means_two_things() -> None:
    kinds = tuple(INSTRUMENTS.values())
    said: dict[str, str] = {}
    for entry in table_of(kinds).entries:
        for header in spellings(entry.words):
            assert said.setdefault(header, entry.words) == entry.words


@every_kind
def test_it_is_served_as_it_stands_and_looks_cost_nothing(kind: InstrumentKind) -> None:
    specimen = SPECIMENS[kind.name]
    lab: Any = {kind.name: specimen.stand} | (
        {} if kind.name == "host" else {"host": SPECIMENS["host"].stand}
    )
    service = Service(small_bench(lab), IDENTITY, Asap(), Limits())
    service.open()
    talk = Talk(service)
    for look in kind.words.looks:
        assert talk.ask(f"{kind.words.root}:{look.words}?")
    for command in kind.words.reset(service.instrument(kind.name)):
        assert type(command) in kind.commands
    assert talk.ask("*RST;*OPC?;:SYST:ERR?") == '1;0,"No error"'


def test_the_manual_says_what_the_table_has() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert written(page) == page
