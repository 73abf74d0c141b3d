"""The binary version of CIFAR-10, made small: its layout is checked, and nothing else is taken for it."""

from pathlib import Path

import numpy as np
import pytest

from data.cifar10 import CLASSES, FILES, load_cifar10
from emulator.errors import ConfigError, TaskError
from emulator.streams import stream
from experiments.run.study import study_from_overrides
from experiments.tasks.registry import build_task
from experiments.tasks.task import FileOptions, TaskOptions

RECORDS = 30


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of files with so few records, every one of another grey."""
    monkeypatch.setattr("data.cifar10._RECORDS", RECORDS)
    for number, name in enumerate(FILES):
        records = stream(number, "test").integers(0, 256, (RECORDS, 3073)).astype(np.uint8)
        records[:, 0] = np.arange(RECORDS) % 10
        (tmp_path / name).write_bytes(records.tobytes())
    return tmp_path


def test_labels_and_colours_are_where_the_layout_says(folder: Path) -> None:
    data = load_cifar10(folder)
    raw = np.frombuffer((folder / FILES[-1]).read_bytes(), dtype=np.uint8).reshape(RECORDS, 3073)
    np.testing.assert_array_equal(data.inputs[data.test], raw[:, 1:])
    assert (len(data.train), len(data.test), data.class_names) == (5 * RECORDS, RECORDS, CLASSES)
    task = build_task(TaskOptions("cifar10", own=FileOptions(str(folder))))
    assert task.picture == (3, 32, 32)
    assert task.with_convolutions(None).network == "3x32x32-c8s2-c8s2-c8s2-24-24-10"
    assert task.options.own.digest == data.sha256


def test_other_files_are_refused(folder: Path) -> None:
    digest = load_cifar10(folder).sha256
    with pytest.raises(TaskError, match="other files than the study was made with"):
        load_cifar10(folder, "0" * 64)
    first = folder / FILES[0]
    content = first.read_bytes()
    first.write_bytes(bytes([77]) + content[1:])
    with pytest.raises(TaskError, match="label 77"):
        load_cifar10(folder, digest)
    for wrong, said in (
        (content[:-1], r"92,189 bytes, must hold 92,190"),
        (content + b"0", "holds more bytes"),
    ):
        first.write_bytes(wrong)
        with pytest.raises(TaskError, match=said):
            load_cifar10(folder)
    first.unlink()
    with pytest.raises(TaskError, match="cannot be read"):
        load_cifar10(folder)


def test_a_study_names_the_folder_and_only_that() -> None:
    study = study_from_overrides(["task.name=cifar10", "task.file=/data/cifar-10-batches-bin"])
    assert (study.task.name, study.task.file) == ("cifar10", "/data/cifar-10-batches-bin")
    for wrong, said in (
        (["task.name=cifar10"], "needs the folder"),
        (["task.name=cifar10", "task.file=/data", "task.metric=r2"], "metric"),
        (["task.name=cifar10", "task.file=/data", "task.scaling=none"], "scaling"),
    ):
        with pytest.raises(ConfigError, match=said):
            study_from_overrides(wrong)
