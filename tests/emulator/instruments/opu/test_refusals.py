"""What the processing unit refuses, and that it says the limit and what would do."""

from typing import Any

import numpy as np
import pytest

from emulator.commands import Controller, Join, Project, Projection, Start
from emulator.errors import CommandError, ConfigError, PhysicsError
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import OpuDesign
from tests.opu_lab import project_all, projections, random_vectors, run_opu, small_opu


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.zeros((3, 19), np.float32), r"shape \(3, 19\); the unit takes \(n >= 1, 20\)"),
        (np.zeros(20, np.float32), r"shape \(20,\)"),
        (np.zeros((0, 20), np.float32), r"shape \(0, 20\)"),
        (np.zeros((3, 20)), "type float64; allowed: float32"),
        (np.full((3, 20), np.nan, np.float32), "every number finite"),
        (np.full((3, 20), np.inf, np.float32), "every number finite"),
        (np.full((3, 20), 0.5, np.float32), r"entry \(0, 0\) is 0.5; allowed are -1, 0 and 1"),
        ([[0.0] * 20], "vectors is a list; allowed: a NumPy array"),
    ],
)
def test_bad_vectors_are_refused_with_the_limit_and_disturb_nobody(vectors: Any, message: str) -> None:
    replies: list[Projection] = []

    def clumsy() -> Controller:
        with pytest.raises(CommandError, match=message):
            yield Project(vectors)
        ticket = yield Start(Project(vectors))
        replies.append((yield Project(random_vectors(5))))
        with pytest.raises(CommandError, match=message):
            yield Join(ticket)

    outing = run_opu(small_opu(), [clumsy()])
    assert outing.result.status == "complete"
    assert len(outing.rows.commands) == 1
    (undisturbed,), _ = projections(small_opu(), [random_vectors(5)])
    np.testing.assert_array_equal(replies[0].outputs, undisturbed.outputs)


@pytest.mark.parametrize(
    ("config", "design", "message"),
    [
        (small_opu(), OpuDesign(1601, 4), "1601"),
        (small_opu(), OpuDesign(0, 4), "0 features"),
        (small_opu(), OpuDesign(4, 1025), "65 rows of 64; allowed are 1..64 rows"),
        (small_opu(), OpuDesign(4, 0), "0 rows"),
        (small_opu("camera.roi_rows=2"), OpuDesign(4, 48), r"roi_rows = 2: .* 192 pixels, which are 3 rows of 64"),
        (small_opu("camera.columns=3"), OpuDesign(4, 4), r"columns = 3: .*allowed: 4 or more"),
        (
            small_opu("camera.row_s=20 us"),
            OpuDesign(4, 1000),
            r"frame rate 1500 Hz; the readout of 63 rows, 0.0015 s, .* allow at most 645.161 Hz",
        ),
    ],
)  # fmt: skip
def test_a_design_that_the_unit_cannot_hold_is_refused_with_what_would_do(
    config: OpuConfig, design: OpuDesign, message: str
) -> None:
    with pytest.raises((ConfigError, PhysicsError), match=message):
        run_opu(config, [project_all([], [])], design)
