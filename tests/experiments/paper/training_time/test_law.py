"""The law of docs/training-time-law.md: what it says of numbers that are easy to check by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.paper.training_time.law import least_parameters, most_rows

positive = st.floats(1.0, 1e15)


def test_a_billion_parameters_at_720_gb_a_second_win_up_to_four_rows() -> None:
    assert most_rows(1e9, 720e9, 2, 1500.0) == pytest.approx(4.17, abs=0.01)
    assert least_parameters(10e12, 2, 1500.0) == pytest.approx(6.67e9, rel=0.01)


@given(parameters=positive, bytes_per_s=positive, flops_per_s=positive, rate_hz=positive)
def test_at_the_break_even_light_and_product_take_the_same(
    parameters: float, bytes_per_s: float, flops_per_s: float, rate_hz: float
) -> None:
    rows = most_rows(parameters, bytes_per_s, 2, rate_hz)
    assert rows * 2 / rate_hz == pytest.approx(4 * parameters / bytes_per_s)
    enough = least_parameters(flops_per_s, 2, rate_hz)
    assert 2 / rate_hz == pytest.approx(2 * enough / flops_per_s)
