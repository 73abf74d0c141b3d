"""Training on text learns the way that the true gradient points, in every hidden block."""

from pathlib import Path

import pytest

from emulator.trace.open import open_trace
from experiments.run.launch import open_study
from experiments.run.run import run_study
from tests.dialogue_lab import write_corpus


def aligned(folder: Path, *changes: str) -> list[float]:
    """Run the study with the exact error, and return the last cosine at each hidden block's output."""
    run_study(open_study("dialogue_odfa", ("controller.feedback=exact", *changes)), folder / "run.h5")
    with open_trace(folder / "run.h5") as trace:
        metrics = trace.metrics()
        assert metrics["test_bits_per_character"].value[-1] < metrics["test_bits_per_character"].value[0]
        return [float(metrics[f"alignment_output_{block}"].value[-1]) for block in (1, 2, 3)]


@pytest.mark.slow
def test_after_500_steps_every_blocks_error_points_along_the_true_gradient(tmp_path: Path) -> None:
    steps = ("controller.steps=501", "controller.report_steps=501", "controller.align_every=250")
    assert min(aligned(tmp_path, *steps)) > 0.3


def test_after_a_few_steps_on_little_text_it_has_begun_to(tmp_path: Path) -> None:
    small = (
        f"task.file={write_corpus(tmp_path)}", "task.hidden=[16, 16, 16, 16]", "task.context=16",
        "task.vocabulary=120", "controller.steps=121", "controller.report_steps=121", "controller.align_every=30",
        "controller.warmup_steps=10", "controller.batch_size=8", "controller.epochs=50",
        "controller.learning_rate=0.016",
    )  # fmt: skip
    assert min(aligned(tmp_path, *small)) > 0.3
