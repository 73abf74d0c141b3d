"""Frames of recorded projections are sent again, in the order in which they were asked for."""

from pathlib import Path

import numpy as np
import pytest

from emulator.commands import Compute, Controller, Join, Project, Start
from emulator.retiming.frames import frame_sender, projections
from emulator.retiming.prices import price
from tests.emulator.retiming.retiming_lab import OPU_DESIGN, chip_lab, opu_lab, recording_of, run


def test_there_is_nothing_to_send_without_an_optical_processing_unit() -> None:
    assert frame_sender(chip_lab()) is None
    assert frame_sender(opu_lab()) is not None


@pytest.mark.parametrize("late", [False, True])
def test_projections_come_in_the_order_of_their_issue(tmp_path: Path, late: bool) -> None:
    """A computation that is done first comes first in the rows, and is none of them."""

    def agent() -> Controller:
        vectors = np.ones((3, OPU_DESIGN.features), dtype=np.float32)
        first = yield Start(Project(vectors))
        if late:
            yield Compute(1000, 1000)
        second = yield Start(Project(vectors))
        yield Join(first)
        yield Join(second)

    lab = opu_lab()
    recording = recording_of(run(lab, lambda: {"agent": agent()}, tmp_path / "run.h5"), lab)
    rows = projections(recording.links, price(recording.plans, lab))
    assert rows.tolist() == ([1, 2] if late else [0, 1])


def test_a_recording_without_projections_has_none(tmp_path: Path) -> None:
    def computer() -> Controller:
        yield Compute(1000, 1000)

    lab = opu_lab()
    recording = recording_of(run(lab, lambda: {"computer": computer()}, tmp_path / "run.h5"), lab)
    assert projections(recording.links, price(recording.plans, lab)).size == 0
