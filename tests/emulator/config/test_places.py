"""A ``~`` is the home folder wherever a path is written, also where no shell has seen it."""

from pathlib import Path

import pytest

from emulator.config.places import cache_folder, expanded


def test_a_leading_tilde_is_the_home_folder_and_no_other_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expanded("~/x.h5") == expanded(Path("~/x.h5")) == tmp_path / "x.h5"
    assert expanded("a/~/x.h5") == Path("a/~/x.h5")
    assert expanded("~nobody-of-this-name/x.h5") == Path("~nobody-of-this-name/x.h5")


def test_the_cache_is_where_the_variable_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LIGHTLOOP_CACHE", "~/kept")
    assert cache_folder(Path("here")) == tmp_path / "kept"
    monkeypatch.setenv("LIGHTLOOP_CACHE", "")
    assert cache_folder(Path("here")) == Path("here")
