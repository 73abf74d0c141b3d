"""Encoders say what is wanted, and refuse what no mirror shows."""

import math

import numpy as np
import pytest

from emulator.adapters.lightonml.encoders import BinaryThresholdEncoder, SeparatedBitPlanEncoder, encoder_of
from emulator.errors import ConfigError


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
    with pytest.raises(ConfigError, match=r"allowed are 1\.\.16"):
        SeparatedBitPlanEncoder(precision)


def test_a_threshold_that_is_not_finite_is_refused() -> None:
    with pytest.raises(ConfigError, match="must be finite"):
        BinaryThresholdEncoder(math.nan)
