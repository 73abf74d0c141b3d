"""What the options of feedback alignment say of themselves, and which are refused."""

import pytest

from controllers.feedback_alignment.dfa import Split
from controllers.feedback_alignment.options import OdfaConfig
from emulator.errors import ConfigError


@pytest.mark.parametrize(
    ("feedback", "projects", "cuts"),
    [
        ("optical", True, True),
        ("ternary", True, True),
        ("exact", True, False),
        ("backprop", False, False),
        ("shallow", False, False),
    ],
)
def test_light_and_matrices_project_and_light_sees_three_values(
    feedback: str, projects: bool, cuts: bool
) -> None:
    config = OdfaConfig.model_validate({"feedback": feedback})
    assert (config.projects, config.centres, config.cuts) == (projects, projects, cuts)


def test_an_error_goes_nowhere_with_true_gradients_and_only_shallow_training_freezes() -> None:
    projected = OdfaConfig(tail=2, error_at=1)
    assert projected.split == Split(2, 1, False)
    assert OdfaConfig(feedback="backprop", tail=2, error_at=1).split == Split(2, 0, False)
    assert OdfaConfig(feedback="shallow", tail=2, error_at=1).split == Split(2, 0, True)


@pytest.mark.parametrize(
    ("key", "value"),
    [("tail", 0), ("error_at", -1), ("threshold_unit", "rms"), ("adam_beta2", 1.0), ("final_rate", 1.5)],
)
def test_a_value_that_is_not_allowed_is_refused(key: str, value: object) -> None:
    with pytest.raises((ConfigError, ValueError), match=key):
        OdfaConfig.model_validate({key: value})
