"""a * b + c with one rounding: what exact fractions say, in vectors and alone."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from emulator.kernel import fma, kernel

NUMBERS = st.floats(min_value=-1e100, max_value=1e100, allow_nan=False).filter(
    lambda x: x == 0.0 or abs(x) > 1e-100
)


@kernel
def fused(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64]) -> NDArray[np.float64]:
    out = np.empty(a.size)
    for i in range(a.size):
        out[i] = fma(a[i], b[i], c[i])
    return out


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=19))
def test_it_is_rounded_once_however_many_pass_together(terms: list[tuple[float, float, float]]) -> None:
    columns = np.array(terms).T.copy()
    exact = [float(Fraction(a) * Fraction(b) + Fraction(c)) for a, b, c in terms]
    np.testing.assert_array_equal(fused(*columns), exact)


def test_what_two_roundings_would_lose_is_kept() -> None:
    tiny = 2.0**-52
    assert fused(np.array([1.0 + tiny]), np.array([1.0 - tiny]), np.array([-1.0]))[0] == -(tiny**2)
