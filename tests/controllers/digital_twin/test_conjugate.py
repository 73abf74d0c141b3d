"""Conjugate gradients against numpy's dense solver."""

import numpy as np

from controllers.digital_twin.conjugate import conjugate
from emulator.streams import stream


def test_as_many_products_as_unknowns_solve_the_problem() -> None:
    rng = stream(0, "tests/conjugate")
    root, right = rng.standard_normal((12, 12)), rng.standard_normal(12)
    matrix = root @ root.T + np.eye(12)
    found, used = conjugate(lambda way: matrix @ way, right, 100)
    assert used <= 14
    assert np.linalg.norm(matrix @ found - right) <= 1.001e-3 * np.linalg.norm(right)
    np.testing.assert_allclose(found, np.linalg.solve(matrix, right), rtol=0, atol=1e-2)


def test_it_stops_when_it_may_go_no_further_and_needs_nothing_for_nothing() -> None:
    found, used = conjugate(lambda way: np.arange(1.0, 9.0) * way, np.ones(8), 3)
    assert used == 3
    assert np.isfinite(found).all()
    assert conjugate(lambda way: way, np.zeros(4), 5)[1] == 0
