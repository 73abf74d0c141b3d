"""``lightloop tasks``: every task of the registry, for people and for programs."""

import json

import pytest

from experiments.cli import main
from experiments.tasks.registry import task_names


def test_it_lists_every_task(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tasks", "--json"]) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)] == list(task_names())
