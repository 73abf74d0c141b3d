"""Numbers go over the wire exactly, as decimals and as blocks."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.remote.scpi.blocks import Format, block, block_bytes, listed, numbers_in, written
from emulator.remote.scpi.faults import ScpiError

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(FINITE, max_size=20), st.booleans())
def test_reals_of_64_bits_come_back_bit_for_bit_from_blocks_and_decimals(
    numbers: list[float], swapped: bool
) -> None:
    form = Format("REAL", 64, swapped)
    sent = np.array(numbers, dtype=np.float64)
    content, end = block_bytes(text := written(sent, form), 0)
    assert end == len(text)
    assert numbers_in(content, form).tobytes() == sent.tobytes()
    decimals = listed(sent)
    back = np.array([float(each) for each in decimals.split(b",")] if decimals else [], dtype=np.float64)
    assert back.tobytes() == sent.tobytes()


def test_the_greatest_byte_comes_first_unless_it_is_swapped() -> None:
    assert written([1.0], Format("REAL", 32)) == b"#14\x3f\x80\x00\x00"
    assert written([1.0], Format("REAL", 32, swapped=True)) == b"#14\x00\x00\x80\x3f"
    assert written([1.0, 2.5], Format()) == b"1.0,2.5"


def test_whole_numbers_and_flags_are_written_as_such_and_what_is_no_number_as_scpi_has_it() -> None:
    assert listed(np.array([1, -2])) == b"1,-2"
    assert listed(np.array([True, False])) == b"1,0"
    assert listed([math.nan, math.inf, -math.inf]) == b"9.91E+37,9.9E+37,-9.9E+37"


def test_a_block_says_its_length() -> None:
    assert block(b"") == b"#10"
    assert block(b"x" * 12345)[:7] == b"#512345"


@pytest.mark.parametrize("text", [b"#", b"#0", b"#x1", b"#1", b"#13ab", b"#2a1", b"#9"])
def test_what_is_no_block_is_refused(text: bytes) -> None:
    with pytest.raises(ScpiError, match="-161"):
        block_bytes(text, 0)


def test_a_block_whose_length_is_no_multiple_of_its_reals_is_refused() -> None:
    with pytest.raises(ScpiError, match="9 bytes are no reals of 64 bits"):
        numbers_in(b"123456789", Format())
