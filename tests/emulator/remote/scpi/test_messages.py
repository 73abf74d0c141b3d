"""What clients send is read as IEEE 488.2 and SCPI-1999 write it, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.remote.scpi.faults import TEXTS, ScpiError
from emulator.remote.scpi.messages import Channels, Text, Unit, Word, units_of


def read(message: bytes) -> list[Unit]:
    return list(units_of(message))


def code(message: bytes) -> int:
    with pytest.raises(ScpiError) as caught:
        read(message)
    return caught.value.code


def channels_of(datum: object) -> list[int]:
    assert isinstance(datum, Channels)
    return datum.numbers.tolist()


def test_a_message_is_units_with_semicolons_between() -> None:
    assert read(b"*IDN?") == [Unit("*IDN?", ())]
    assert read(b"  syst:err? ; *cls;") == [Unit("SYST:ERR?", ()), Unit("*CLS", ())]
    assert code(b"syst:err?;;") == -102
    assert read(b"") == read(b" \t\r") == []


def test_a_header_without_a_colon_in_front_goes_on_where_the_one_before_it_was() -> None:
    headers = [unit.header for unit in read(b"CHIP:PROB:SAT?;POW?;*OPC?;X;:SYST:TIME?;Y:Z?;W")]
    assert headers == [
        "CHIP:PROB:SAT?", "CHIP:PROB:POW?", "*OPC?", "CHIP:PROB:X", "SYST:TIME?", "SYST:Y:Z?", "SYST:Y:W",
    ]  # fmt: skip


def test_values_are_numbers_words_texts_channels_and_blocks() -> None:
    (unit,) = read(b'A:B 1, -2.5e-3 ,WORD,"a;""b""",\'c,d\',(@1,3:5,9:8),#13\n;",#HFF,#B101,.5,+7')
    assert unit.data[:5] == (1, -2.5e-3, Word("WORD"), Text('a;"b"'), Text("c,d"))
    assert channels_of(unit.data[5]) == [1, 3, 4, 5, 9, 8]
    assert unit.data[6:] == (b'\n;"', 255, 5, 0.5, 7)
    assert [type(each) for each in unit.data[:5]] == [int, float, Word, Text, Text]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"1A", -102),
        (b"A::B", -102),
        (b"A:B?1", -102),
        (b"*", -102),
        (b"A 1 2", -103),
        (b"A 1,", -102),
        (b"A 1,,2", -102),
        (b"A 1x", -121),
        (b"A 1e", -121),
        (b'A "open', -151),
        (b"A (1,2)", -171),
        (b"A (@1:2:3)", -171),
        (b"A (@a)", -171),
        (b"A (@1:99999999)", -223),
        (b"A #0abc", -161),
        (b"A #2", -161),
        (b"A #19abc", -161),
        (b"A #1xabc", -161),
        (b"A " + b"9" * 500, -121),
        (b"\x00\xff", -102),
        (b"A \x80", -102),
    ],
)
def test_what_cannot_be_read_is_refused_by_the_number_that_scpi_has_for_it(
    message: bytes, expected: int
) -> None:
    assert code(message) == expected


def test_what_stands_before_an_error_has_been_read() -> None:
    units = units_of(b"A 1;B 2;1C")
    assert [next(units).header, next(units).header] == ["A", "B"]
    with pytest.raises(ScpiError):
        next(units)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_and_nothing_else_happens(message: bytes) -> None:
    try:
        units, refused = read(message.replace(b"\n", b"")), -100
    except ScpiError as error:
        units, refused = [], error.code
    assert refused in TEXTS
    assert all(unit.header.isascii() for unit in units)


@given(st.lists(st.integers(1, 50), max_size=6))
def test_channels_are_read_in_the_order_in_which_they_are_named(numbers: list[int]) -> None:
    (unit,) = read(f"A (@{','.join(map(str, numbers))})".encode())
    assert [channels_of(each) for each in unit.data] == [numbers]


@given(
    st.lists(
        st.integers(-999, 999) | st.floats(allow_nan=False, allow_infinity=False), min_size=257, max_size=300
    )
)
def test_a_long_list_of_numbers_is_read_in_one_go_as_value_by_value(numbers: list[float]) -> None:
    (unit,) = read(f"A {' ,'.join(map(repr, numbers))} ;".encode())
    short = [datum for each in numbers for datum in read(f"A {each!r}".encode())[0].data]
    assert list(unit.data) == short == numbers


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"A " + b"1," * 300 + b"x", -223),
        (b"A " + b"1," * 300, -223),
        (b"A " + b"1 2," * 300 + b"1", -103),
        (b"A " + b"1," * 300 + b"1e999", -223),
        (b"A " + b"x," * 300 + b"x", -223),
        (b"A (@" + b"1:2," * 2000 + b"1)", -223),
        (b"A (@" + b"1," * 2000 + b")", -171),
        (b"A (@" + b"1," * 2000 + b"1 2)", -171),
        (b"A (@1,99999999999999999999)", -171),
    ],
)
def test_what_takes_long_to_read_is_refused(message: bytes, expected: int) -> None:
    assert code(message) == expected
