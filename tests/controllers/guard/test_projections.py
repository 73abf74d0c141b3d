"""Looks at a medium: correlations vector by vector, wrong pairs, and ledgers that add up."""

import numpy as np

from controllers.guard.options import GuardConfig
from controllers.guard.projections import ProjectionWatch, correlations
from emulator.commands import FrameCounts, Projection
from emulator.streams import stream

NOTHING_LOST = FrameCounts(6, 0, 12, 12, 0, 0, 0)


def projection(outputs: np.ndarray, valid: np.ndarray | None = None) -> Projection:
    whole = np.ones(len(outputs), dtype=np.bool_)
    return Projection(outputs.astype(np.float32), whole if valid is None else valid, NOTHING_LOST, 0)


def test_correlations_are_those_of_rows_without_what_all_share() -> None:
    rng = stream(0, "tests/guard")
    rows = rng.standard_normal((6, 400))
    shared = 10.0 * rng.standard_normal(400)
    table = correlations(rows + shared, 0.6 * rows + 0.8 * rng.standard_normal((6, 400)) + shared)
    assert abs(np.diag(table).mean() - 0.6) < 0.1
    assert np.abs(table - np.diag(np.diag(table))).max() < 0.45


def test_wrong_pairs_are_counted_and_lost_vectors_are_left_out() -> None:
    rows = stream(1, "tests/guard").standard_normal((6, 400))
    watch = ProjectionWatch(GuardConfig(check_vectors=6), stream(0, "tests/vectors"))
    assert watch.vectors(10).shape == (6, 10)
    assert watch.vectors(10).any(axis=1).all()
    assert watch.look(projection(rows)) == (1.0, 0)
    swapped = rows[[1, 0, 2, 3, 4, 5]]
    assert watch.look(projection(swapped)).mispaired == 2
    lost = rows.copy()
    lost[2] = 0.0
    valid = np.arange(6) != 2
    found = watch.look(projection(lost, valid))
    assert found.mispaired == 0
    assert found.correlation > 0.9
    nothing = np.zeros(6, dtype=np.bool_)
    assert watch.look(projection(np.zeros_like(rows), nothing)) == (0.0, 0)


def test_it_looks_every_so_many_projections_and_counts_frames() -> None:
    watch = ProjectionWatch(GuardConfig(check_every=3), stream(0, "tests/vectors"))
    assert [watch.due() for _ in range(7)] == [True, False, False, True, False, False, True]
    assert watch.adds_up(FrameCounts(3, 0, 10, 6, 3, 1, 2), 3)
    assert not watch.adds_up(FrameCounts(3, 0, 10, 6, 3, 0, 2), 3)
    assert not watch.adds_up(FrameCounts(2, 0, 10, 6, 3, 1, 2), 3)
