"""Reading amounts: as it is written or not at all; no text is read in a way that another reader would not share."""

import math
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.config.amounts import MAX_AMOUNT, amount, converted, number, quantity, split_amount, whole
from emulator.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("10 us", "s", 1e-5),
        ("10us", "s", 1e-5),
        (" 10\u00a0us\n", "s", 1e-5),
        ("10 \u00b5s", "s", 1e-5),  # the micro sign of a keyboard
        ("10 \u03bcs", "s", 1e-5),  # the Greek letter of a text
        (".5us", "s", 5e-7),
        ("+1. us", "s", 1e-6),
        ("1e-6 s", "s", 1e-6),
        ("1.22 us", "s", 1.22e-6),
        ("0.5 h", "s", 1800.0),
        ("5 mJ", "J", 5e-3),
        ("0.25 dB", "dB", 0.25),
        ("0.25dB", "dB", 0.25),
        ("-155 dB/Hz", "dB/Hz", -155.0),
        ("16 Gbit/s", "bit/s", 16e9),
        ("2 GB/s", "bit/s", 16e9),
        ("20 pA/Hz^0.5", "A/Hz^0.5", 20e-12),
        ("0.1275 1/um", "1/m", 0.1275e6),
        ("0.1275/um", "1/m", 0.1275e6),
        ("180 deg", "rad", math.pi),
        ("50 percent", "", 0.5),
    ],
)
def test_a_quantity_is_read_in_si_without_rounding_twice(text: str, unit: str, expected: float) -> None:
    assert quantity(text, unit) == expected


AMBIGUOUS = ("10,5 us", "1,885 us", "1_000 us", "10'000 us", "10\u2019000 us", "10 000 us", "1.000.000 us")
STRANGE = (
    "10",
    "us",
    "",
    "((",
    "ten us",
    "10 kg",
    "10 m",
    "10 us later",
    "10 us + 5 us",
    "2*10 us",
    "0x10 s",
    "nan s",
    "inf s",
    "-inf s",
    "1e400 s",
    "1e-400 s",
    f"1e{'9' * 20} s",
    "1e5e5 s",
    "\u221210 us",  # a minus sign that is no hyphen
    "\uff11\uff10 us",  # digits of full width
    "1 parsec^7",
    "9" * MAX_AMOUNT + " s",
    "true",
)


@pytest.mark.parametrize("text", [*AMBIGUOUS, *STRANGE])
def test_what_can_be_read_in_two_ways_or_in_none_is_refused_with_the_unit_named(text: str) -> None:
    with pytest.raises(ConfigError, match=r"\bs\b") as caught:
        quantity(text, "s")
    assert "\n" not in str(caught.value)


def test_a_comma_is_told_both_ways_of_writing_what_it_may_mean() -> None:
    with pytest.raises(ConfigError, match=r"write '10\.5 us' or '105 us'"):
        quantity("10,5 us", "s")


@pytest.mark.parametrize(
    ("text", "unit"), [("1 rpm", "Hz"), ("1 rad/s", "Hz"), ("1 GHz", "bit/s"), ("1 bit", ""), ("1 db", "dB"),
                       ("10 dBm", "W"), ("10 W", "dB"), ("x dB", "dB"), ("nan dB", "dB"), ("1_0 dB", "dB")]
)  # fmt: skip
def test_an_angle_a_turn_a_bit_and_a_decibel_are_not_plain_numbers(text: str, unit: str) -> None:
    with pytest.raises(ConfigError, match="is no"):
        quantity(text, unit)


@pytest.mark.parametrize(
    ("text", "expected"), [(".15", 0.15), ("+1", 1.0), ("1.", 1.0), ("-2e3", -2000.0), (" 7 ", 7.0)]
)
def test_a_number_alone_may_have_its_point_anywhere(text: str, expected: float) -> None:
    assert number(text) == expected


@pytest.mark.parametrize("text", ["", ".", "e5", "1,5", "1 000", "nan", "inf", "0x1", "1 s", "1e999", "5 %"])
def test_what_is_no_number_alone_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        number(text)


@pytest.mark.parametrize("read", [number, lambda text: quantity(f"{text} s", "s")])
def test_a_zero_has_no_sign(read: Callable[[str], float]) -> None:
    assert math.copysign(1.0, read("-0.0")) == 1.0


@given(value=st.floats(1e-12, 1e12))
def test_every_number_is_read_as_it_was_written(value: float) -> None:
    assert number(repr(value)) == value == amount(repr(value), "s") == quantity(f"{value!r} s", "s")


@given(text=st.text(max_size=80))
def test_any_text_is_an_amount_or_refused_by_name(text: str) -> None:
    for read in (number, whole, split_amount, lambda each: quantity(each, "s")):
        with suppress(ConfigError):
            read(text)


@pytest.mark.parametrize(("text", "expected"), [("7", 7), ("-1", -1), (" 007 ", 7)])
def test_a_whole_number_has_digits_alone(text: str, expected: int) -> None:
    assert whole(text) == expected


@pytest.mark.parametrize("text", ["", "1.0", "1e3", "1_0", "0x1", "\u0661", "9" * 70])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="no whole number"):
        whole(text)


def test_digits_move_to_another_unit_exactly() -> None:
    assert float(converted("0.1", "ms", "us")) == 100.0
    assert converted("3", "us", "us") == "3"
    with pytest.raises(ConfigError, match="measures something else"):
        converted("3", "us", "W")
