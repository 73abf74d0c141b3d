"""Tests of the door for new files: whole or not at all, and never over, onto or through anything."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.errors import ConfigError
from experiments.output.files import check_new, new_file


def write(
    out: Path, text: str, force: bool = False, inputs: tuple[Path, ...] = (), then: Callable[[], object] = int
) -> None:
    with new_file(out, force, inputs) as part:
        part.write_text(text)
        then()


def test_a_new_file_appears_whole_with_its_folders_and_nothing_beside_it(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b" / "page.html"
    with new_file(out) as part:
        assert (part.name, part.suffix) == ("page.html", ".html")
        part.write_text("whole")
        assert not out.exists()
    assert out.read_text() == "whole"
    assert os.listdir(out.parent) == ["page.html"]


def test_a_new_file_may_be_read_by_whom_any_other_may(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    write(tmp_path / "new", "x")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_file_that_lies_there_is_replaced_only_by_force(tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    out.write_text("precious")
    with pytest.raises(ConfigError, match="lies here already; choose another path or add --force"):
        write(out, "new")
    assert out.read_text() == "precious"
    write(out, "new", force=True)
    assert out.read_text() == "new"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError("a bug")])
def test_what_fails_half_way_leaves_what_was_there(error: Exception, tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    out.write_text("precious")

    def fail() -> None:
        raise error

    with pytest.raises((ConfigError, RuntimeError), match=r"No space left on device|a bug"):
        write(out, "half", force=True, then=fail)
    assert out.read_text() == "precious"
    assert os.listdir(tmp_path) == ["page.html"]


def test_a_file_that_appeared_meanwhile_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    with pytest.raises(ConfigError, match="lies here already"):
        write(out, "mine", then=lambda: out.write_text("somebody else's"))
    assert out.read_text() == "somebody else's"


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("target", ["precious", "nothing"])
def test_nothing_is_written_through_a_link(force: bool, target: str, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    out = tmp_path / "link"
    out.symlink_to(target)
    with pytest.raises(ConfigError, match="a link lies here"):
        write(out, "new", force)
    assert sorted(os.listdir(tmp_path)) == ["link", "precious"]
    assert (tmp_path / "precious").read_text() == "precious"


def test_an_input_is_never_replaced_under_none_of_its_names(tmp_path: Path) -> None:
    trace, other = tmp_path / "run.h5", tmp_path / "other.h5"
    trace.write_text("recorded")
    other.hardlink_to(trace)
    for out in (trace, other, tmp_path / "." / "run.h5"):
        with pytest.raises(ConfigError, match="read by the same command"):
            write(out, "new", True, (tmp_path / "gone", trace))
    assert trace.read_text() == "recorded"


def test_what_cannot_take_a_file_is_refused_before_anything_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    for out in (tmp_path, tmp_path / "file" / "page.html", tmp_path / "file" / "deep" / "page.html"):
        with pytest.raises(ConfigError, match="cannot be written"):
            check_new(out, force=True)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(ConfigError, match="no folder that takes files"):
        check_new(tmp_path / "new" / "page.html")
