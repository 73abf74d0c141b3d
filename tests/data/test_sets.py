"""Tests of the shipped data sets and of the refusal of any other file in their place."""

import subprocess
import sys
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from data.sets import DataSet, load, set_names
from emulator.errors import TaskError

SHAPES = {
    "vowel": (990, 10, 528),
    "mnist10k": (10000, 784, 8000),
    "mnist10k_8x8": (10000, 64, 8000),
    "fashion4k": (4000, 784, 3000),
    "emoji32": (1906, 3072, 1906),
}


@pytest.mark.parametrize("name", set_names())
def test_a_set_has_the_published_shape_and_split(name: str) -> None:
    data = load(name)
    rows, features, train = SHAPES[name]
    assert data.inputs.shape == (rows, features)
    assert data.inputs.dtype == np.float64
    assert data.labels.dtype == np.int64
    assert len(data.train) == train
    assert set(np.unique(data.labels)) == set(range(len(data.class_names)))


def test_the_small_digits_are_the_area_averages_of_the_large_ones() -> None:
    large, small = load("mnist10k"), load("mnist10k_8x8")
    fine = large.inputs[:500].reshape(-1, 28, 28).repeat(2, axis=1).repeat(2, axis=2)
    means = fine.reshape(-1, 8, 7, 8, 7).mean(axis=(2, 4)).reshape(-1, 64)
    assert np.abs(means - small.inputs[:500]).max() <= 0.5 + 1e-9
    assert np.array_equal(large.labels, small.labels)


def test_the_parts_of_vowel_share_no_speaker() -> None:
    data = load("vowel")
    assert data.groups is not None
    assert len(np.unique(data.groups[data.train])) == 8
    assert not set(data.groups[data.train]) & set(data.groups[data.test])


def test_a_set_cannot_be_changed_by_who_holds_it() -> None:
    data = load("vowel")
    with pytest.raises(ValueError, match="read-only"):
        data.inputs[0, 0] = 0.0


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(TaskError, match="did you mean 'vowel'"):
        load("vowels")


@pytest.mark.parametrize("name", set_names())
def test_one_flipped_bit_is_refused(name: str, tmp_path: Path) -> None:
    (shipped,) = (f for f in files("data").iterdir() if f.name == f"{name}.npz")
    content = bytearray(shipped.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / f"{name}.npz").write_bytes(content)
    with pytest.raises(TaskError, match="SHA-256"):
        load(name, tmp_path)


def test_a_missing_file_is_refused_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"vowel\.npz: cannot be read"):
        load("vowel", tmp_path)


def test_an_exact_copy_in_another_folder_is_the_same_set(tmp_path: Path) -> None:
    (tmp_path / "vowel.npz").write_bytes(files("data").joinpath("vowel.npz").read_bytes())
    assert np.array_equal(load("vowel", tmp_path).inputs, load("vowel").inputs)


def _broken(**changes: object) -> None:
    replace(load("vowel"), **changes)  # type: ignore[arg-type]


def test_parts_that_do_not_fit_each_other_are_refused() -> None:
    data: DataSet = load("vowel")
    with pytest.raises(TaskError, match="labels"):
        _broken(labels=data.labels[1:])
    with pytest.raises(TaskError, match="exactly once"):
        _broken(train=data.train[1:])
    with pytest.raises(TaskError, match="finite"):
        _broken(inputs=np.full_like(data.inputs, np.nan))
    with pytest.raises(TaskError, match="image_shape"):
        _broken(image_shape=(3, 3))


def test_every_shipped_file_has_its_licence_note() -> None:
    notes = files("data").joinpath("LICENSES.md").read_text()
    for shipped in files("data").iterdir():
        if shipped.name.endswith((".npz", ".xz")):
            assert f"## {shipped.name}" in notes


def test_loading_works_from_any_working_directory(tmp_path: Path) -> None:
    code = "from data.sets import load; print(load('vowel').sha256)"
    root = str(Path(__file__).parents[2])
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, env={"PYTHONPATH": root, "PATH": ""}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout.strip() == load("vowel").sha256
