"""Encoders say what is wanted, and refuse what no mirror shows."""

import math
from typing import Any

import numpy as np
import pytest

from emulator.adapters.lightonml.encoders import BinaryThresholdEncoder, SeparatedBitPlanEncoder, encoder_of
from emulator.errors import CommandError, ConfigError


def test_a_threshold_is_exceeded_strictly() -> None:
    shown = BinaryThresholdEncoder(0.5).encode(np.array([[-1.0, 0.5, 0.6]]))
    assert shown.dtype == np.float32
    assert shown.tolist() == [[0, 0, 1]]


def test_a_class_stands_for_its_defaults() -> None:
    assert encoder_of(SeparatedBitPlanEncoder) == SeparatedBitPlanEncoder(6)
    assert encoder_of(None) is None


def test_what_is_no_encoder_is_refused() -> None:
    with pytest.raises(ConfigError, match="int is no encoder; allowed: BinaryThresholdEncoder"):
        encoder_of(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("precision", [0, 17])
def test_a_precision_outside_the_planes_is_refused(precision: int) -> None:
    with pytest.raises(ConfigError, match=r"allowed: a whole number, 1\.\.16"):
        SeparatedBitPlanEncoder(precision)


def test_a_threshold_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ConfigError, match="a finite number or 'auto'"):
        BinaryThresholdEncoder(math.nan)


def test_the_names_of_lightonml_s_threshold_encoder_work() -> None:
    x = np.arange(50)
    for encoder in (BinaryThresholdEncoder(24), BinaryThresholdEncoder(threshold_enc=24)):
        assert encoder.fit(x).transform(x).tolist() == [0] * 25 + [1] * 25
        assert encoder.threshold_enc == 24
    assert BinaryThresholdEncoder(threshold_enc=24, greater_is_one=False).transform(x).sum() == 25


def test_auto_learns_each_feature_s_median() -> None:
    x = np.array([[0.0, 10.0], [1.0, 30.0], [2.0, 20.0]])
    encoder = BinaryThresholdEncoder(threshold_enc="auto")
    with pytest.raises(CommandError, match="call fit"):
        encoder.transform(x)
    assert encoder.fit_transform(x).tolist() == [[0, 0], [0, 1], [1, 0]]
    with pytest.raises(CommandError, match="fitted to 2 features"):
        encoder.transform(np.ones((2, 3)))


def test_planes_are_the_unit_s_own_affair_and_the_message_says_so() -> None:
    with pytest.raises(CommandError, match=r"OPU\.linear_transform"):
        SeparatedBitPlanEncoder().fit(np.arange(5)).transform(np.arange(5))


@pytest.mark.parametrize(
    "given",
    [{"threshold": "mean"}, {"threshold": True}, {"threshold": [1]}, {"threshold": 1, "threshold_enc": 1},
     {"greater_is_one": 1}],
)  # fmt: skip
def test_a_threshold_that_is_no_number_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="BinaryThresholdEncoder"):
        BinaryThresholdEncoder(**given)
