"""A header has all the spellings of SCPI and no others."""

import pytest

from emulator.remote.scpi.faults import ScpiError
from emulator.remote.scpi.messages import Unit
from emulator.remote.words.table import Entry, Table, spellings


def test_every_node_is_said_short_or_long_and_brackets_may_be_left_out() -> None:
    assert set(spellings("SYSTem:ERRor[:NEXT]?")) == {
        f"{system}:{error}{rest}?"
        for system in ("SYST", "SYSTEM")
        for error in ("ERR", "ERROR")
        for rest in ("", ":NEXT")
    }
    assert list(spellings("*IDN?")) == ["*IDN?"]


def test_an_entry_is_found_by_any_spelling_and_nothing_else_is() -> None:
    entry = Entry("CHIP:PHASe", (), "")
    table = Table([entry, Entry("CHIP:PHAS", (), "the second of one header is none")])
    assert table.entries == [entry]
    assert table.find(Unit("CHIP:PHASE", ())) is table.find(Unit("CHIP:PHAS", ())) is entry
    for header in ("CHIP:PHA", "CHIP:PHASES", "CHIP:PHAS?", "PHAS", "CHIP", "__CLASS__"):
        with pytest.raises(ScpiError, match="-113"):
            table.find(Unit(header, ()))
