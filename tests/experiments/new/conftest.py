"""An empty folder to write into."""

from pathlib import Path

import pytest


@pytest.fixture
def empty(room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, with the session's weights."""
    monkeypatch.setenv("LIGHTLOOP_CACHE", str(room / ".cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path
