"""Tests of the cache of trained weights: whole, its own, or absent."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.errors import TaskError
from emulator.streams import stream
from experiments.tasks.weight_cache import cache_key, default_folder, read_weights, write_weights

SHAPES = ((3, 2), (4, 3))
WEIGHTS = tuple(stream(0, f"test/{shape}").normal(size=shape) for shape in SHAPES)
KEY = cache_key("test", 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_weights(tmp_path, KEY, WEIGHTS)
    return tmp_path


def test_what_is_read_is_what_was_written_bit_for_bit(folder: Path) -> None:
    found = read_weights(folder, KEY, SHAPES)
    assert found is not None
    assert [w.tobytes() for w in found] == [w.tobytes() for w in WEIGHTS]


def test_an_entry_is_a_plain_npz_file(folder: Path) -> None:
    with np.load(folder / f"{KEY}.npz", allow_pickle=False) as npz:
        assert [npz[name].shape for name in npz.files] == list(SHAPES)


def test_writing_leaves_nothing_else_behind_and_may_be_repeated(folder: Path) -> None:
    write_weights(folder, KEY, WEIGHTS)
    assert [path.name for path in folder.iterdir()] == [f"{KEY}.npz"]


def test_an_absent_entry_is_none(tmp_path: Path) -> None:
    assert read_weights(tmp_path / "nowhere", KEY, SHAPES) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(where=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_an_entry_with_a_flipped_bit_is_absent_or_the_bit_meant_nothing(
    folder: Path, where: int, bit: int
) -> None:
    path = folder / f"{KEY}.npz"
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[where % len(whole)] ^= 1 << bit
    path.write_bytes(damaged)
    try:
        found = read_weights(folder, KEY, SHAPES)
        assert found is None or [w.tobytes() for w in found] == [w.tobytes() for w in WEIGHTS]
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("keep", [0, 1, 63, 64, 65, 500, -1])
def test_a_truncated_entry_is_absent(folder: Path, keep: int) -> None:
    path = folder / f"{KEY}.npz"
    path.write_bytes(path.read_bytes()[:keep])
    assert read_weights(folder, KEY, SHAPES) is None


def test_an_entry_under_another_name_is_absent(folder: Path) -> None:
    other = cache_key("test", 2)
    (folder / f"{KEY}.npz").rename(folder / f"{other}.npz")
    assert read_weights(folder, other, SHAPES) is None


def test_an_entry_of_other_shapes_is_absent(folder: Path) -> None:
    assert read_weights(folder, KEY, ((3, 2), (5, 3))) is None
    assert read_weights(folder, KEY, SHAPES[:1]) is None


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(TaskError, match="LIGHTLOOP_CACHE"):
        write_weights(blocked, KEY, WEIGHTS)


def test_the_environment_names_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIGHTLOOP_CACHE", "elsewhere")
    assert default_folder() == Path("elsewhere")
    monkeypatch.delenv("LIGHTLOOP_CACHE")
    assert default_folder() == Path(".cache/lightloop")
