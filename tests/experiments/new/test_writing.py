"""Templates are written under a name of the user's, and nothing that lies there is replaced."""

from pathlib import Path

import pytest

from emulator.errors import ConfigError
from experiments.new.writing import KINDS, write_new


@pytest.mark.parametrize("what", KINDS)
def test_what_lies_there_is_kept_unless_it_is_to_be_replaced(what: str, empty: Path) -> None:
    (path,) = write_new(what, "mine").files[-1:]
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"mine\.\w+: a file lies here already"):
        write_new(what, "mine")
    assert path.read_text(encoding="utf-8") == "mine"
    write_new(what, "mine", force=True)
    assert path.read_text(encoding="utf-8") != "mine"


def test_nothing_is_written_where_one_of_two_files_lies_there(empty: Path) -> None:
    (empty / "mine.toml").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"mine\.toml"):
        write_new("task", "mine")
    assert not (empty / "mine.csv").exists()


@pytest.mark.parametrize("name", ["", "a b", "../a", "a.py", "3a", "class", "x" * 61, "-"])
def test_a_name_that_no_function_could_have_is_refused(name: str, empty: Path) -> None:
    with pytest.raises(ConfigError, match="allowed: a name of letters"):
        write_new("controller", name)
    assert list(empty.iterdir()) == []


def test_a_kind_that_is_not_known_is_refused_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match="allowed: controller, preset, study, task; did you mean 'study'"):
        write_new("studdy", "mine")
