"""Values are read as a word takes them, and refused by the numbers that SCPI has for it."""

import numpy as np
import pytest

from emulator.instruments.wire import Sort, Taken
from emulator.remote.scpi.blocks import Format, block
from emulator.remote.scpi.faults import ScpiError
from emulator.remote.scpi.messages import Channels, Datum, Text, Word
from emulator.remote.scpi.values import Reading, said_by, told

READING = Reading(Format("REAL"), lambda: np.array([0, 7, 9]))


def taken(sort: Sort, optional: bool = False) -> Taken:
    return Taken("it", sort, "a thing", optional, ("forward", "adjoint"))


@pytest.mark.parametrize(
    ("sort", "datum", "expected"),
    [
        ("whole", 5, 5),
        ("whole", 1e3, 1000),
        ("number", 5, 5.0),
        ("seconds", 1.5e-6, 1_500_000),
        ("channels", Channels(np.array([1, 3])), [0, 9]),
        ("choice", Word("ADJO"), None),
        ("choice", Word("ADJ"), "adjoint"),
        ("choice", Word("Forward"), "forward"),
        ("text", Text("a b"), "a b"),
    ],
)
def test_a_value_is_read_as_its_sort(sort: Sort, datum: Datum, expected: object) -> None:
    if expected is None:
        with pytest.raises(ScpiError, match="-224"):
            said_by([datum], [taken(sort)], READING)
    else:
        assert said_by([datum], [taken(sort)], READING) == {"it": expected}


def test_many_numbers_are_a_block_or_a_list_that_takes_all_that_is_left() -> None:
    takes = [taken("numbers"), Taken("more", "whole", "more", optional=True)]
    assert said_by([1, 2.5, 3], takes, READING)["it"].tolist() == [1.0, 2.5, 3.0]
    said = said_by([np.array([1.0, 2.0], dtype=">f8").tobytes(), 4], takes, READING)
    assert (said["it"].tolist(), said["more"]) == ([1.0, 2.0], 4)


@pytest.mark.parametrize(
    ("sort", "data", "code"),
    [
        ("whole", [], -109),
        ("whole", [1, 2], -108),
        ("whole", [1.5], -104),
        ("whole", [Word("ONE")], -104),
        ("number", [Text("1")], -104),
        ("number", [10**400], -222),
        ("number", [float("inf")], -222),
        ("seconds", [-1.0], -222),
        ("seconds", [1e9], -222),
        ("numbers", [1.0, Word("A")], -104),
        ("numbers", [10**400], -222),
        ("numbers", [b"123"], -161),
        ("channels", [1], -104),
        ("channels", [Channels(np.array([0]))], -222),
        ("channels", [Channels(np.array([4]))], -222),
        ("choice", [Word("BOTH")], -224),
        ("choice", [Text("forward")], -224),
        ("text", [Word("a")], -104),
    ],
)
def test_what_does_not_fit_is_refused(sort: Sort, data: list[Datum], code: int) -> None:
    with pytest.raises(ScpiError) as caught:
        said_by(data, [taken(sort)], READING)
    assert caught.value.code == code


def test_channels_need_somebody_who_has_some() -> None:
    with pytest.raises(ScpiError, match="-171"):
        said_by([Channels(np.array([1]))], [taken("channels")], Reading(Format()))


def test_what_is_told_is_written_as_its_sort() -> None:
    ascii_form = Format()
    assert told(5, "whole", ascii_form) == b"5"
    assert told(0.1, "number", ascii_form) == b"0.1"
    assert told(1_500_000, "seconds", ascii_form) == b"1.5e-06"
    assert told(np.array([1.0, 2.0]), "numbers", ascii_form) == b"1.0,2.0"
    assert told("a", "text", ascii_form) == b"a"
    assert told([2.0], "numbers", Format("REAL")) == block(np.array([2.0], dtype=">f8").tobytes())
