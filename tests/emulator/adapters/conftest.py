"""Binary vectors and quiet configurations that the adapters' tests share."""

import numpy as np
import pytest
from numpy.typing import NDArray

from emulator.config.models import build
from emulator.instruments.opu.config import OpuConfig
from emulator.streams import stream


@pytest.fixture
def binary() -> NDArray[np.bool_]:
    """Return 40 vectors of 60 features, three in ten of them on."""
    return stream(0, "tests/adapters/binary").random((40, 60)) < 0.3


@pytest.fixture
def quiet() -> OpuConfig:
    """Return the second generation with a camera that reads light exactly."""
    return build(OpuConfig, {"preset": "opu_gen2", "camera": {"noise": False}}, "tests")
