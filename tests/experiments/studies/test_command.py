"""``lightloop studies``: the list, one study as it is written, and a refusal with the nearest name."""

import json

import pytest

from experiments.cli import main
from experiments.run.launch import shipped_studies
from tests.experiments.command_line import refusal


def test_it_lists_and_prints_the_shipped_studies(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["studies", "--json"]) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)] == list(shipped_studies())
    assert main(["studies", "mnist_light"]) == 0
    assert capsys.readouterr().out.startswith('title = "MNIST')
    assert "did you mean 'mnist_light'?" in refusal(capsys, "studies", "mnist_ligt")
