"""Columns: numbers where all cells are, and lengths that agree."""

import numpy as np
import pytest

from data.columns import Columns, csv_columns
from emulator.errors import TaskError


def test_a_text_column_of_numbers_alone_is_numbers() -> None:
    found = csv_columns(b"a,y\n1,10\n2,9\n", "t", ["y"], None)
    assert found.values["y"].dtype == np.float64


def test_columns_that_nobody_wants_may_hold_anything() -> None:
    found = csv_columns(b"a,note,y\n1,hello,0\n2,there,1\n", "t", ["y"], ["a"])
    assert list(found.values) == ["a", "y"]


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(TaskError, match="'a' has 2 rows, 'b' 3"):
        Columns("t", {"a": np.ones(2), "b": np.ones(3)}, None)
