"""The computer is asked for its memory."""

import sys

import pytest

from experiments.run.preflight.machine import available_bytes, resident_bytes


@pytest.mark.skipif(sys.platform != "linux", reason="other systems say less")
def test_what_can_be_had_and_what_is_held_are_amounts_of_memory() -> None:
    free, held = available_bytes(), resident_bytes()
    assert free is not None
    assert held is not None
    assert 0 < held < 2**50
    assert 0 < free < 2**50
