"""A compiled kernel computes what its text says, and is kept under a name that all its sources have a part in."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from numba.core.errors import NumbaError
from numpy.typing import NDArray

from emulator.kernel import bare_kernel, compiling, inlined, kernel
from emulator.streams import stream


@kernel
def quotient(a: float, b: float) -> float:
    return a / b


@inlined
def halved(x: float) -> float:
    return 0.5 * x


@kernel
def total(values: NDArray[np.float64]) -> float:
    found = 0.0
    for value in values:
        found += halved(value)
    return found


def test_division_by_zero_is_an_infinity_and_no_error() -> None:
    assert quotient(1.0, 0.0) == np.inf
    assert np.isnan(quotient(0.0, 0.0))


@kernel
def ones(count: int) -> float:
    return float(np.ones(count).sum())


@bare_kernel
def more_ones(count: int) -> float:
    return float(np.ones(count).sum())


def test_a_bare_kernel_may_make_no_array() -> None:
    """It counts no references: an array that it made would never be freed."""
    assert ones(5) == 5.0
    with pytest.raises(NumbaError):
        more_ones(5)


def test_a_sum_is_added_up_in_order_also_through_an_inlined_function() -> None:
    """Another order, as a compiler likes for its vectors, gives other bits for numbers of many sizes."""
    values = stream(0, "tests/kernel").normal(size=1001) * 10.0 ** (np.arange(1001) % 9)
    expected = 0.0
    for value in values.tolist():
        expected += 0.5 * value
    assert total(values) == expected
    assert float(np.sum(0.5 * values)) != expected


@pytest.mark.parametrize("edited", ["physics/gaussian.py", "physics/chip/tape.py", "retiming/schedule.py"])
def test_an_edit_of_any_source_of_linked_kernels_changes_the_name_of_the_cache(
    edited: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in compiling._LINKED:
        shutil.copytree(compiling._ROOT / package, tmp_path / package)
    monkeypatch.setattr(compiling, "_ROOT", tmp_path)
    before = compiling._cache_name()
    assert before == compiling._cache_name()
    with (tmp_path / edited).open("a", encoding="utf-8") as source:
        source.write("# edited\n")
    assert compiling._cache_name() != before
