"""The ceiling of a study: one a chip and a seed, whoever the controller is, found once, called what it is."""

import io
import json
from typing import Any

import pytest
from rich.console import Console

from emulator.errors import ConfigError
from experiments.ceiling.ceiling import Ceiling, ceiling_of, ceilings_of
from experiments.ceiling.progress import ClimbLine
from experiments.ceiling.view import as_json, show_ceilings
from experiments.output.json import to_json
from experiments.run.launch import open_study
from tests.weights import share_weights

STEPS = 150


@pytest.fixture(scope="module", autouse=True)
def room(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = share_weights(tmp_path_factory.mktemp("ceiling"), tmp_path_factory)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder


def vowel(*changes: str, seed: int = 1) -> Any:
    return open_study("vowel_recovery", ("task.seed=0", *changes), seed)


def test_an_oracle_wins_back_most_of_what_a_chip_has_lost() -> None:
    found = ceiling_of(vowel(), steps=STEPS)
    assert (found.metric, found.seed, found.test_samples) == ("accuracy", 1, 108)
    assert found.deployed < found.test
    assert found.test > found.ideal - 0.1


def test_it_is_found_once_and_whoever_the_controller_is() -> None:
    said: list[int] = []
    first = ceiling_of(vowel(), steps=STEPS)
    again = ceiling_of(vowel("controller.queries=77", "host.overhead_s=1.0"), said.append, STEPS)
    assert again == first
    assert said == []


@pytest.mark.parametrize(
    "change", ["chip.heaters.omega=0.02", "deployment.alpha=0.3", "chip.mesh.rotation=cw"]
)
def test_another_chip_has_another(change: str) -> None:
    said: list[int] = []
    ceiling_of(vowel(change), said.append, STEPS)
    assert said[-1] == STEPS


def test_seeds_count_on_from_the_studys_own() -> None:
    said: list[int] = []
    found = ceilings_of(vowel(seed=2), 2, said.append, STEPS)
    assert [each.seed for each in found] == [2, 3]
    assert found[0].test != found[1].test or found[0].val != found[1].val
    assert sorted(said) == said
    assert said[-1] == 2 * STEPS


def test_a_study_without_a_chip_is_refused() -> None:
    with pytest.raises(ConfigError, match="ChipConfig"):
        ceiling_of(open_study("mnist_light"))


ONE = Ceiling(3, "accuracy", 0.914, 0.92, 0.931, 0.552, 2000, 353)
TWO = Ceiling(4, "accuracy", 0.906, 0.91, 0.929, 0.742, 2000, 353)
VALUES = Ceiling(0, "rmse", 0.0123, 0.0124, 0.0071, 0.2, 40, 30)


def shown(*found: Ceiling) -> str:
    paper = io.StringIO()
    show_ceilings("mine", found, Console(file=paper, width=110))
    return paper.getvalue()


def test_the_table_says_whose_number_it_is_and_how_sure() -> None:
    text = shown(ONE)
    assert "an oracle's" in text
    assert "no controller can have" in " ".join(text.split())
    assert "91.4" in text
    assert "Wilson interval of the ceiling [90.1, 92.6]" in " ".join(text.split())
    assert "91.0 ± 0.6" in shown(ONE, TWO)
    assert "seeds 3 to 4" in shown(ONE, TWO)


def test_values_are_shown_by_their_metric_without_an_interval_of_shares() -> None:
    text = shown(VALUES)
    assert "RMSE" in text
    assert "0.0123" in text
    assert "Wilson" not in text


def test_json_has_the_mean_by_the_metrics_name_and_every_seed() -> None:
    record = json.loads(to_json(as_json("mine", (ONE, TWO))))
    assert record["test_accuracy"] == pytest.approx(0.91)
    assert record["ideal_test_accuracy"] == pytest.approx(0.93)
    assert "oracle" in record["what"]
    assert [each["seed"] for each in record["seeds"]] == [3, 4]
    assert record["seeds"][0]["test_accuracy_interval"] == pytest.approx([0.9009, 0.9255], abs=1e-3)
    alone = json.loads(to_json(as_json("mine", (VALUES,))))
    assert (alone["test_rmse"], alone["test_rmse_sd"]) == (0.0123, None)


def test_progress_is_told_in_steps() -> None:
    line = ClimbLine(2, quiet=True)
    with line:
        line.say(500)
    assert line.line(12.0).startswith("ceiling: 500 of 4,000 steps")
