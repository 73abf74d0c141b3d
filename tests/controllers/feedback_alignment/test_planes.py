"""An error shown by several three-valued planes: what they leave, what they teach, and what they cost."""

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from controllers.feedback_alignment.odfa import KIND, OdfaConfig
from controllers.feedback_alignment.ternary import row_scale, ternarize, ternary_planes
from controllers.feedback_alignment.work import planes_work
from emulator.commands import Compute, FrameCounts, Projection
from emulator.errors import ConfigError
from emulator.streams import stream
from tests.controllers.feedback_alignment.canned_light import light, logged, play, projected
from tests.controllers.feedback_alignment.odfa_lab import (
    BATCHES,
    CLASSES,
    EPOCHS,
    HIDDEN,
    IN_LIGHT_UNITS,
    QUIET,
    SAMPLES,
    agent,
    batches,
    distance,
    medium,
    network,
    plain,
    trained,
)  # fmt: skip
from tests.controllers.feedback_alignment.plain_training import (
    Feedback,
    exact_feedback,
)
from tests.controllers.feedback_alignment.test_odfa_accounts import setting

CUT = 0.8
TWO = {"planes": 2, "row_scale": True, "threshold": CUT, "threshold_unit": "row_rms"}


def shown_by(errors: torch.Tensor, planes: int) -> torch.Tensor:
    """Return what ``planes`` planes show of ``errors``, row by row, each cut at its own root mean square."""
    rows = []
    for row in errors:
        left, shown = row.clone(), torch.zeros_like(row)
        for _ in range(planes):
            lit = left.abs() > CUT * left.square().mean().sqrt()
            part = torch.where(lit, left.sign() * left[lit].abs().mean().nan_to_num(), 0.0)
            left, shown = left - part, shown + part
        rows.append(shown)
    return torch.stack(rows)


def by_planes(planes: int, **options: object) -> Feedback:
    project = exact_feedback(IN_LIGHT_UNITS * medium(), HIDDEN, **options)  # type: ignore[arg-type]
    return lambda errors: project(shown_by(errors, planes))


@given(st.integers(0, 2**32 - 1), st.floats(0.1, 1.5), st.integers(1, 4))
def test_every_plane_shows_what_is_left_and_leaves_less(seed: int, threshold: float, count: int) -> None:
    errors = stream(seed, "tests/planes").standard_normal((6, 9))
    planes, scales = ternary_planes(errors, count, threshold, "row_rms")
    left = errors
    for shown, scale in zip(planes, scales, strict=True):
        assert (shown == ternarize(left, threshold, "row_rms")).all()
        assert (scale == row_scale(left, shown)).all()
        rest = left - scale * shown
        assert ((rest**2).sum(axis=1) <= (left**2).sum(axis=1) * (1 + 1e-12)).all()
        left = rest


def test_of_normal_errors_one_plane_leaves_a_fifth_of_the_squares_and_two_a_twenty_fifth() -> None:
    errors = stream(0, "tests/planes").standard_normal((5000, 64))
    planes, scales = ternary_planes(errors, 2, CUT, "row_rms")
    left = [((errors - (scales * planes)[: n + 1].sum(axis=0)) ** 2).mean() for n in range(2)]
    assert left == pytest.approx([0.20, 0.04], abs=0.005)


def test_an_error_that_one_plane_shows_whole_leaves_the_next_dark() -> None:
    planes, scales = ternary_planes(np.array([[2.0, 0.0, -2.0]]), 3, 0.5, "row_rms")
    assert planes[0].tolist() == [[1, 0, -1]]
    assert not planes[1:].any()
    assert scales.ravel().tolist() == [2.0, 0.0, 0.0]


@pytest.mark.parametrize("planes", [1, 2, 3])
@pytest.mark.parametrize("schedule", ["wait", "late"])
def test_light_teaches_what_its_planes_show_together(planes: int, schedule: str) -> None:
    blocks, asked = trained(**{**TWO, "planes": planes}, schedule=schedule)
    expected = plain().train(batches(), by_planes(planes), schedule == "late").parameters
    assert distance(blocks, expected) < 1e-5
    assert distance(blocks, plain().train(batches(), by_planes(2 if planes == 1 else 1)).parameters) > 1e-3
    assert [len(vectors) for vectors in projected(asked)] == [planes * batch for batch in BATCHES] * EPOCHS
    assert {values for vectors in projected(asked) for values in np.unique(vectors)} == {-1.0, 0.0, 1.0}


def test_a_matrix_on_the_host_teaches_as_much() -> None:
    blocks = network()
    play(agent(blocks, feedback="ternary", **TWO))
    drawn = stream(0, "tests/odfa/feedback").standard_normal((CLASSES, sum(HIDDEN)), dtype=np.float32)
    project = exact_feedback(drawn / np.sqrt(CLASSES), HIDDEN)
    expected = plain().train(batches(), lambda errors: project(shown_by(errors, 2))).parameters
    assert distance(blocks, expected) < 1e-5


def test_a_row_of_which_a_plane_is_lost_teaches_nothing() -> None:
    whole, lost = light(medium()), (1, 4)

    def second_planes_lost(vectors: np.ndarray) -> Projection:
        found, rows = whole(vectors), len(vectors) // 2
        valid = np.ones(len(vectors), dtype=np.bool_)
        valid[[rows + row for row in lost]] = False
        frames = FrameCounts(len(vectors), 0, 2 * len(vectors), 2 * int(valid.sum()), 2 * len(lost), 0, 0)
        return Projection(np.where(valid[:, np.newaxis], found.outputs, 0.0), valid, frames, 0)

    blocks = network()
    asked = play(agent(blocks, **TWO), second_planes_lost)
    assert distance(blocks, plain().train(batches(), by_planes(2, lost=lost)).parameters) < 1e-5
    assert sum(logged(asked, "lost_vectors")) == len(lost) * len(BATCHES) * EPOCHS


def test_planes_are_asked_for_in_advance_and_paid_for() -> None:
    def paid(planes: int, activity: str) -> Counter[tuple[int, int]]:
        asked = play(agent(network(), **{**TWO, "planes": planes}), light(medium()))
        return Counter((c.flops, c.bytes) for c in asked if isinstance(c, Compute) and c.activity == activity)

    one, two = (KIND.start(OdfaConfig(**QUIET, **{**TWO, "planes": n}), setting()).queries for n in (1, 2))
    assert (one, two) == (SAMPLES * EPOCHS, 2 * SAMPLES * EPOCHS)
    assert paid(1, "output_gradient") == paid(2, "output_gradient")
    width, batch = sum(HIDDEN), BATCHES[0]
    more = planes_work(batch, CLASSES, width)
    assert (more.flops, more.bytes) == (batch * (2 * CLASSES + width), 12 * batch * (CLASSES + width))
    for activity, flops in (
        ("forward", 4 * batch * CLASSES),
        ("update", more.flops + batch * (3 * CLASSES + width)),
    ):
        assert max(paid(2, activity))[0] - max(paid(1, activity))[0] == flops


def test_planes_without_scales_are_refused() -> None:
    with pytest.raises(ConfigError, match="row_scale = true"):
        OdfaConfig(planes=2)
