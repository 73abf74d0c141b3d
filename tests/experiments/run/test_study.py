"""Tests of studies: strict, frozen, overridable by one dotted path, and whole in a trace."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from emulator.config.models import digest, to_toml
from emulator.errors import ConfigError
from experiments.run.launch import shipped_studies
from experiments.run.study import StudyConfig, TrainingConfig, chip_study, load_study, study_from_text
from experiments.tasks.registry import task_names
from tests.experiments.conftest import STUDIES


def write(folder: Path, text: str) -> Path:
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_empty_file_is_the_default_study(tmp_path: Path) -> None:
    assert load_study(write(tmp_path, "")) == StudyConfig()


def test_overrides_beat_the_file_and_the_seed_beats_both(tmp_path: Path) -> None:
    path = write(tmp_path, "seed = 1\n[controller]\nalpha = 0.5\n")
    study = chip_study(
        load_study(path, ("controller.alpha=0.25", "seed=2", "chip.heaters.tau_s=2 us"), seed=3)
    )
    assert (study.controller.alpha, study.seed, study.chip.heaters.tau_s) == (0.25, 3, 2e-6)


def test_the_tasks_seed_follows_the_studys_unless_it_is_given() -> None:
    assert study_from_text("seed = 4").task_seed == 4
    assert study_from_text("seed = 4\n[task]\nseed = 0").task_seed == 0


def test_a_run_is_evaluated_two_hundred_times_unless_told_otherwise() -> None:
    assert chip_study(study_from_text("[controller]\nqueries = 10_000")).evaluate_every == 50
    assert chip_study(study_from_text("[controller]\nqueries = 7")).evaluate_every == 1
    assert chip_study(study_from_text("[evaluation]\nevery_queries = 3")).evaluate_every == 3


@pytest.mark.parametrize("name", shipped_studies())
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


# ------------------------------------------------------------------------------- which kind it is


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", StudyConfig),
        ("[controller]\nalpha = 0.5", StudyConfig),
        ('[controller]\nkind = "szo_scd"', StudyConfig),
        ('[controller]\nkind = "odfa"', TrainingConfig),
    ],
)
def test_the_controllers_kind_says_what_is_studied(text: str, kind: type) -> None:
    assert type(study_from_text(text)) is kind


def test_an_override_may_choose_the_kind(tmp_path: Path) -> None:
    path = write(tmp_path, '[task]\nname = "mnist"')
    study = load_study(path, ("controller.kind=odfa", "controller.threshold=0.2"))
    assert isinstance(study, TrainingConfig)
    assert (study.task.name, study.controller.threshold) == ("mnist", 0.2)


@pytest.mark.parametrize(
    ("kind", "refused", "hint"),
    [
        ('"odfaa"', "'odfaa'", "; did you mean 'odfa'?"),
        ('"szo_scdd"', "'szo_scdd'", "; did you mean 'szo_scd'?"),
        ('"simulated annealing"', "'simulated annealing'", ""),
        ("3", "'3'", ""),
        ("[]", "'[]'", ""),
    ],
)
def test_an_unknown_kind_is_refused_with_the_nearest_that_is_known(
    kind: str, refused: str, hint: str, tmp_path: Path
) -> None:
    path = write(tmp_path, f"[controller]\nkind = {kind}\n")
    with pytest.raises(ConfigError) as caught:
        load_study(path)
    expected = f"controller.kind = {refused} is refused; allowed: one of 'szo_scd', 'odfa'{hint}"
    assert str(caught.value) == f"{path}: {expected}"


def test_an_endless_kind_does_not_fill_the_screen() -> None:
    with pytest.raises(ConfigError) as caught:
        study_from_text(f'[controller]\nkind = "{"x" * 10_000}"')
    assert len(str(caught.value)) < 200


def test_a_controller_that_is_no_section_is_refused() -> None:
    with pytest.raises(ConfigError, match="controller = 3 is refused; allowed: a section"):
        study_from_text("controller = 3")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[opu]\nfidelity = "field"', r"\[opu\] is refused with .*'szo_scd'; it belongs to 'odfa'"),
        ("[opu.camera]\nbits = 4", r"\[opu\] is refused with .*'szo_scd'; it belongs to 'odfa'"),
        (
            "[evaluatoin]\nevery_queries = 3",
            r"evaluatoin = .* is not a known key; did you mean 'evaluation'\?",
        ),
        ('[controller]\nfeedback = "optical"', r"controller\.feedback = 'optical' is not a known key"),
        (
            '[controller]\nkind = "odfa"\n[chip]\nactivation_clip = 4.0',
            r"\[chip\] is refused with .*'odfa'; it belongs to 'szo_scd'",
        ),
        ('[controller]\nkind = "odfa"\nalpha = 0.15', r"controller\.alpha = 0\.15 is not a known key"),
        (
            '[controller]\nkind = "odfa"\n[opu.camera]\nexposure = "1 ms"',
            r"opu\.camera\.exposure = .* did you mean 'opu\.camera\.exposure_s'\?",
        ),
    ],
)
def test_what_belongs_to_another_kind_of_study_is_refused_with_the_nearest_key(
    text: str, reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason):
        study_from_text(text)


def test_where_only_a_chip_makes_sense_a_training_is_refused() -> None:
    chip = study_from_text("seed = 5")
    assert chip_study(chip) is chip
    with pytest.raises(ConfigError, match=r"controller\.kind = 'odfa' is refused here.*allowed: 'szo_scd'"):
        chip_study(study_from_text('[controller]\nkind = "odfa"'))
