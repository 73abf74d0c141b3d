"""``lightloop ceiling``: one JSON object for machines, a table that names the oracle for people, refusals."""

import json
from pathlib import Path

import pytest

from experiments.cli import main
from tests.weights import share_weights

STUDY = ["vowel_recovery", "--set", "task.seed=0"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return share_weights(tmp_path_factory.mktemp("ceiling"), tmp_path_factory)


@pytest.fixture(autouse=True)
def _there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def test_it_prints_one_json_object_with_the_metric_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ceiling", *STUDY, "--json", "-q"]) == 0
    said = capsys.readouterr()
    assert 0.7 < json.loads(said.out)["test_accuracy"] <= 1.0
    assert said.err == ""


def test_it_prints_a_table_that_says_whose_number_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ceiling", *STUDY, "-q"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith("Ceiling of vowel_recovery")
    assert "an oracle's" in said
    assert "Wilson interval of the ceiling" in said


def test_what_has_no_chip_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ceiling", "mnist_light"]) == 2
    assert "controller.kind = 'odfa' is refused here" in capsys.readouterr().err
