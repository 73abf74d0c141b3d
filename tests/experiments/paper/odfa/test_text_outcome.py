"""What is read of a training on text."""

from pathlib import Path

import numpy as np
import pytest

from emulator.errors import TraceError
from experiments.paper.odfa.text_outcome import read_text_training, texts_of
from experiments.run.launch import open_study
from experiments.run.run import run_study
from tests.dialogue_lab import write_corpus
from tests.experiments.light_traces import record_light


def test_bits_stand_against_tokens_and_texts_and_attention_are_read_as_they_were_shown(
    tmp_path: Path,
) -> None:
    small = (
        "controller.steps=4", "controller.report_steps=2", "controller.batch_size=4", "controller.align_every=1",
        f"task.file={write_corpus(tmp_path)}", "task.hidden=[8, 8, 8]", "task.context=32", "task.vocabulary=120",
    )  # fmt: skip
    run_study(open_study("dialogue_odfa", small), tmp_path / "run.h5")
    found = read_text_training(tmp_path / "run.h5")
    np.testing.assert_allclose(found.tokens, [0, 256, 512])
    assert len(found.bits) == len(found.said) == 3
    assert found.final < found.bits[0]
    assert found.alignment.shape == (2,)
    assert found.attention is not None
    assert found.attention.shape == (3, len(found.words), len(found.words))
    assert 0 < found.error < 1
    assert found.box_j > 0 < found.host_j


def test_a_training_on_pictures_is_refused(tmp_path: Path) -> None:
    record_light(tmp_path / "run.h5", "task.name=mnist", "controller.epochs=1")
    with pytest.raises(TraceError, match="no training on text was recorded"):
        read_text_training(tmp_path / "run.h5")


def test_texts_end_where_zeros_begin() -> None:
    assert texts_of(np.array([[97, 98, 0], [99, 0, 0]], dtype=np.uint8)) == ("ab", "c")
    assert texts_of(None) == ()
