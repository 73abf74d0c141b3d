"""Machine code is kept where nobody else can write, and what is wrong with it costs time only."""

import gc
import os
import stat
import subprocess
from pathlib import Path

import pytest
from numba import njit

from emulator.kernel import cache
from emulator.kernel.cache import KernelCache, prepared
from emulator.processes import child_environment, module_command


def twice(x: float) -> float:
    return 2.0 * x


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(cache.tempfile, "gettempdir", lambda: str(folder))
    return folder


def compiled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[float, KernelCache]:
    """Compile ``twice``, or load it from ``folder``, as a process does that begins."""
    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(folder))
    dispatcher = njit(twice)
    dispatcher._cache = KernelCache(twice)
    return dispatcher(4.0), dispatcher._cache


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in {".nbi", ".nbc"})


def test_a_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = prepared(tmp_path / "new" / "base", "kernels")
    assert folder == tmp_path / "new" / "base" / "kernels"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_of_ones_own_that_others_could_write_is_closed_to_them(tmp_path: Path) -> None:
    folder = tmp_path / "kernels"
    folder.mkdir()
    folder.chmod(0o777)
    assert prepared(tmp_path, "kernels") == folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_where_a_file_is_in_the_way_a_folder_among_the_temporary_ones_serves(
    tmp_path: Path, temporary: Path
) -> None:
    (tmp_path / "file").write_text("")
    folder = prepared(tmp_path / "file", "kernels")
    assert folder == temporary / f"lightloop-{os.geteuid()}" / "kernels"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_link_in_the_place_of_the_folder_is_not_followed(tmp_path: Path, temporary: Path) -> None:
    planted = tmp_path / "planted"
    planted.mkdir()
    (tmp_path / "kernels").symlink_to(planted)
    folder = prepared(tmp_path, "kernels")
    assert folder is not None
    assert folder.is_relative_to(temporary)


def test_a_warm_cache_that_cannot_be_written_is_copied_once(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels" / "warm").write_text("code")
    monkeypatch.setattr(cache, "_is_own", lambda folder: folder.is_relative_to(temporary) and _made(folder))
    folder = prepared(tmp_path, "kernels")
    assert folder is not None
    assert (folder / "warm").read_text() == "code"


def _made(folder: Path) -> bool:
    folder.mkdir(parents=True, exist_ok=True)
    return True


def test_where_nothing_can_be_written_nothing_is_kept(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "_is_own", lambda _: False)
    assert prepared(tmp_path, "kernels") is None
    assert list(temporary.iterdir()) == []


def test_code_that_was_kept_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert compiled(tmp_path, monkeypatch)[0] == 8.0
    before = {path: path.stat().st_mtime_ns for path in files(tmp_path)}
    assert {path.suffix for path in before} == {".nbi", ".nbc"}
    assert compiled(tmp_path, monkeypatch)[0] == 8.0
    assert {path: path.stat().st_mtime_ns for path in files(tmp_path)} == before


@pytest.mark.parametrize("looked", [True, False])
def test_no_garbage_is_looked_for_while_code_is_loaded_and_then_as_before(
    looked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: object) -> None:
        during.append(gc.isenabled())
        raise OSError("damaged")

    during: list[bool] = []
    monkeypatch.setattr(cache.FunctionCache, "load_overload", load)
    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path))
    was = gc.isenabled()
    (gc.enable if looked else gc.disable)()
    try:
        assert KernelCache(twice).load_overload(None, None) is None
        assert (during, gc.isenabled()) == ([False], looked)
    finally:
        (gc.enable if was else gc.disable)()


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("damage", ["bit", "cut", "empty", "gone"])
def test_damaged_code_is_compiled_again_and_replaced(
    suffix: str, damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled(tmp_path, monkeypatch)
    (path,) = (path for path in files(tmp_path) if path.suffix == suffix)
    whole = path.read_bytes()
    bit = whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:]
    hurt = {"bit": bit, "cut": whole[: len(whole) // 2], "empty": b"", "gone": b""}[damage]
    path.write_bytes(hurt)
    if damage == "gone":
        path.unlink()
    assert compiled(tmp_path, monkeypatch)[0] == 8.0
    assert path.read_bytes()[:32] != b""
    assert compiled(tmp_path, monkeypatch)[0] == 8.0


def test_a_command_works_where_neither_home_nor_cache_can_be_written() -> None:
    environment = child_environment(LIGHTLOOP_CACHE="/dev/null/cache", HOME="/dev/null/home")
    done = subprocess.run(
        module_command("lightloop", "presets", "host", "ideal"),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_full_disk_costs_nothing_but_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache._CheckedFile, "_open_for_write", full)
    assert compiled(tmp_path, monkeypatch)[0] == 8.0
