"""Tests of studies: strict, frozen, overridable by one dotted path, and whole in a trace."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from emulator.config import digest, to_toml
from emulator.errors import ConfigError
from experiments.launch import shipped_studies
from experiments.study import StudyConfig, TrainingConfig, load_study, study_from_text
from experiments.tasks.registry import task_names

from .conftest import STUDIES


def write(folder: Path, text: str) -> Path:
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_empty_file_is_the_default_study(tmp_path: Path) -> None:
    assert load_study(write(tmp_path, "")) == StudyConfig()


def test_overrides_beat_the_file_and_the_seed_beats_both(tmp_path: Path) -> None:
    path = write(tmp_path, "seed = 1\n[controller]\nalpha = 0.5\n")
    study = load_study(path, ("controller.alpha=0.25", "seed=2", "chip.heaters.tau_s=2 us"), seed=3)
    assert (study.controller.alpha, study.seed, study.chip.heaters.tau_s) == (0.25, 3, 2e-6)


def test_the_tasks_seed_follows_the_studys_unless_it_is_given() -> None:
    assert study_from_text("seed = 4").task_seed == 4
    assert study_from_text("seed = 4\n[task]\nseed = 0").task_seed == 0


def test_a_run_is_evaluated_two_hundred_times_unless_told_otherwise() -> None:
    assert study_from_text("[controller]\nqueries = 10_000").evaluate_every == 50
    assert study_from_text("[controller]\nqueries = 7").evaluate_every == 1
    assert study_from_text("[evaluation]\nevery_queries = 3").evaluate_every == 3


@pytest.mark.parametrize("name", ["vowel_recovery", "mnist_recovery", "fashion_recovery"])
def test_a_shipped_study_survives_being_written_into_a_trace(name: str) -> None:
    study = load_study(STUDIES / f"{name}.toml")
    again = study_from_text(to_toml(study))
    assert again == study
    assert digest(again) == digest(study)


@pytest.mark.parametrize("name", shipped_studies())
def test_a_shipped_study_names_a_task_and_the_papers_settings(name: str) -> None:
    study = load_study(STUDIES / f"{name}.toml")
    assert study.title
    assert study.task.name in task_names()
    if isinstance(study, StudyConfig):
        chip = study.controller
        assert (chip.alpha, chip.step_rad, chip.step_decay, chip.batch_size) == (0.15, 0.02, 0.985, 32)
    else:
        light = study.controller
        assert (light.feedback, light.threshold, light.learning_rate) == ("optical", 0.1, 0.01)
        assert study.opu.camera.frame_rate_hz == 1500


@pytest.mark.parametrize("name", ["mnist_odfa", "fashion_odfa"])
def test_a_training_with_light_is_the_papers(name: str) -> None:
    study = load_study(STUDIES / f"{name}.toml")
    assert isinstance(study, TrainingConfig)
    assert study.task.hidden == (1024, 1024)
    assert study.controller.epochs == 10


@pytest.mark.parametrize(
    "name", ["vowel_recovery", "fashion_recovery", "mnist_odfa", "fashion_odfa", "mnist_light"]
)
def test_every_number_of_a_shipped_study_has_a_source(name: str) -> None:
    lines = (STUDIES / f"{name}.toml").read_text(encoding="utf-8").splitlines()
    settings = [line for line in lines if re.match(r"\w+ = ", line) and not line.startswith("title")]
    assert [line for line in settings if "  # " not in line] == []


def test_a_study_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        StudyConfig().seed = 1  # type: ignore[misc]


def test_a_refusal_names_file_key_value_and_what_is_allowed(tmp_path: Path) -> None:
    path = write(tmp_path, "[controller]\nalpha = 1.5\n")
    with pytest.raises(
        ConfigError, match=r"study\.toml: controller\.alpha = 1\.5 is refused; allowed: .*<= 1"
    ):
        load_study(path)
