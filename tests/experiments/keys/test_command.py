"""``lightloop keys``: lists for people and for programs."""

import json

import pytest

from experiments.cli import main


def test_programs_get_the_keys_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "budget.energy_j", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["path"], found["unit"]) == ("budget.energy_j", "J")
    assert main(["keys", "budget.energy_j"]) == 0
    assert capsys.readouterr().out.startswith("budget.energy_j = ")
