"""Tests of what is read from a training's trace: frames, energy and alignment are the run's own."""

from pathlib import Path

import numpy as np
import pytest

from emulator.errors import TraceError
from emulator.trace.open import open_trace
from experiments.paper.light_in_the_loop.training_outcome import read_training
from tests.experiments.light_traces import record_light


def test_frames_energy_and_alignment_are_the_traces_own(tmp_path: Path) -> None:
    path = record_light(tmp_path / "light.h5")
    found = read_training(path)
    with open_trace(path) as trace:
        sent = int(trace.frames.sent.sum())
        cosine = trace.metrics()["alignment_1"]
        end_s = trace.metrics()["epoch"].t_s[0]
        assert found.vectors == trace.queries
        held_out = trace.metrics()["val_accuracy"].value[-1]
        elapsed_s = trace.elapsed_s
    assert found.frames == sent == 2 * found.vectors
    assert found.box_j == pytest.approx(30 * elapsed_s)
    assert found.epochs == 2
    assert found.held_out == held_out
    assert found.epoch_s == pytest.approx(elapsed_s / 2)
    assert found.alignment.shape == (2, 2)
    assert found.alignment[0, 0] == pytest.approx(cosine.value[cosine.t_s <= end_s].mean())


def test_without_light_there_are_no_frames_and_no_box(tmp_path: Path) -> None:
    found = read_training(
        record_light(tmp_path / "exact.h5", "controller.feedback=exact", "trace.detail=summary")
    )
    assert (found.frames, found.vectors, found.box_j) == (0, 0, 0.0)
    assert found.host_j > 0
    assert np.isfinite(found.alignment).all()


def test_a_recovery_is_no_training(small_trace: Path) -> None:
    with pytest.raises(TraceError, match="no training was recorded"):
        read_training(small_trace)
