"""Machine code is kept under a name that every source it was made from has a part in."""

import shutil
from pathlib import Path

import pytest

import emulator.kernel


@pytest.mark.parametrize("edited", ["physics/gaussian.py", "physics/chip/tape.py", "retiming/schedule.py"])
def test_an_edit_of_any_source_of_linked_kernels_changes_the_name_of_the_cache(
    edited: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Path(emulator.kernel.__file__).parent
    for package in emulator.kernel._LINKED:
        shutil.copytree(here / package, tmp_path / package)
    monkeypatch.setattr(emulator.kernel, "__file__", str(tmp_path / "kernel.py"))
    before = emulator.kernel._cache_folder()
    assert before == emulator.kernel._cache_folder()
    with (tmp_path / edited).open("a", encoding="utf-8") as source:
        source.write("# edited\n")
    assert emulator.kernel._cache_folder() != before
