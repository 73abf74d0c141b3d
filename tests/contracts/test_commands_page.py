"""The page of all commands says what their help says, and has an example of each; tests/docs runs the examples."""

from experiments.cli import COMMANDS
from experiments.commands_page import PAGE, page


def test_the_page_holds_what_would_be_generated() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"


def test_every_command_has_a_section_with_its_example_on_a_line_of_its_own() -> None:
    text = page()
    missing = [
        command.name
        for command in COMMANDS
        if f"\n    lightloop {command.name}" not in text.split(f"## {command.name}\n")[1]
    ]
    assert missing == []
