"""Tests of printed numbers: columns add up to the last digit, and no cell is further off than one step."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.report.numbers import Scale, adding_up, aligned, percentages, scale_for

AMOUNTS = st.lists(st.floats(0, 1e6) | st.just(0.0), min_size=1, max_size=12)


def printed(cell: str) -> Decimal:
    return Decimal(cell.replace(",", "").replace("−", "-"))


@given(AMOUNTS, st.sampled_from([1.0, 1e3, 1e-3, 1 / 3600]))
def test_the_printed_cells_add_up_to_the_printed_sum(amounts: list[float], factor: float) -> None:
    column = adding_up(amounts, Scale(factor, "x"))
    assert sum(map(printed, column.cells)) == printed(column.total)
    step = Decimal(1).scaleb(-len(column.total.partition(".")[2]))
    for amount, cell in zip(amounts, column.cells, strict=True):
        assert abs(printed(cell) - Decimal(amount * factor)) <= step
    assert abs(printed(column.total) - Decimal(math.fsum(amounts) * factor)) <= step


@given(AMOUNTS.filter(lambda amounts: sum(amounts) > 1e-6))
def test_percentages_add_up_to_one_hundred(amounts: list[float]) -> None:
    column = percentages(amounts)
    assert column.total == "100.0"
    assert sum(map(printed, column.cells)) == 100


def test_of_nothing_there_are_no_percentages() -> None:
    assert percentages([0.0, 0.0]).cells == ("", "")
    assert percentages([0.0, 0.0]).total == ""


def test_a_negative_amount_is_printed_and_added_like_any_other() -> None:
    column = adding_up([1.25, -0.75], Scale(1.0, "s"), 3)
    assert (column.cells, column.total) == (("1.250", "−0.750"), "0.500")


def test_a_column_without_amounts_sums_to_nothing() -> None:
    assert adding_up([], Scale(1.0, "J")).cells == ()


@pytest.mark.parametrize(
    ("largest", "unit", "expected"),
    [
        (0.057, "s", "ms"),
        (2.0, "s", "s"),
        (4000.0, "s", "s"),
        (20000.0, "s", "h"),
        (3e-12, "s", "ps"),
        (2500.0, "J", "kJ"),
        (0.0, "J", "J"),
        (2e-6, "J s", "µJ s"),
    ],
)
def test_the_unit_is_the_one_that_reads_well(largest: float, unit: str, expected: str) -> None:
    assert scale_for(largest, unit).unit == expected


def test_the_cells_of_a_row_share_their_decimals() -> None:
    assert aligned([2.63507, 0.588833, None], Scale(1.0, "J"), "never") == ["2.63507", "0.58883", "never"]
    assert aligned([1234567.0], Scale(1.0, "J"), "") == ["1,234,567"]
    assert aligned([200.0, 1e-6, 0.0], Scale(1.0, "J"), "") == ["200.000", "1e-06", "0.000"]
    assert aligned([None], Scale(1.0, "J"), "never") == ["never"]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_is_printed_as_it_is(bad: float) -> None:
    assert adding_up([bad, 1.0], Scale(1.0, "J")).cells == (str(bad), "1")
    assert percentages([bad, 1.0]).total == "nan"
    assert aligned([bad, None], Scale(1.0, "J"), "") == [str(bad), ""]
