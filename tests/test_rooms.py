"""Rooms: a folder is a command or a shelf, a command has tests of its own, and no folder is a heap."""

import re
from collections import Counter

from tests.test_house_rules import PACKAGES, sources, texts

MAX_FILES_OF_A_FOLDER = 14

SHELVES = {"agents", "models", "output"}  # of experiments; all else is a command


def rooms() -> dict[str, str]:
    """Return the command of every folder of ``experiments`` that has one, by the folder's name."""
    texts_of_rooms = {
        name: text for name, text in texts() if re.fullmatch(r"experiments/\w+/command\.py", name)
    }
    return {
        name.split("/")[1]: "".join(re.findall(r"^COMMAND = Command\(\s*(\w+)", text, re.MULTILINE))
        for name, text in texts_of_rooms.items()
    }


def test_a_folder_of_experiments_is_a_command_of_that_name_or_a_shelf() -> None:
    parts = [name.split("/") for name, _ in texts() if name.startswith("experiments/")]
    assert {part[1] for part in parts if len(part) > 2} - SHELVES == set(rooms())
    assert {folder: name for folder, name in rooms().items() if name != folder} == {"benchmarks": "bench"}
    beside = {part[1] for part in parts if len(part) == 2}
    assert beside == {"__init__.py", "cli.py", "command.py", "commands_page.py"}


def test_every_command_is_in_the_list_and_has_tests_of_its_own() -> None:
    listed = re.findall(
        r"^from experiments\.(\w+)\.command import COMMAND as",
        dict(texts())["experiments/cli.py"],
        re.MULTILINE,
    )
    assert set(listed) == set(rooms())
    known = {name for name, _ in texts()}
    assert [room for room in rooms() if f"tests/experiments/{room}/test_command.py" not in known] == []


def test_no_folder_is_a_heap() -> None:
    counts = Counter(file.name.rpartition("/")[0] for file in sources(*PACKAGES))
    assert {folder: count for folder, count in counts.items() if count > MAX_FILES_OF_A_FOLDER} == {}
