"""A model that does not fit its GPU is refused with what would fit."""

import pytest

from emulator.errors import ConfigError
from emulator.instruments.gpu.check import GpuDesign, check
from emulator.instruments.gpu.config import GpuConfig
from emulator.instruments.instrument import Stand

SMALL = GpuConfig(memory_bytes=10**9)


def test_what_fits_is_not_refused() -> None:
    check(Stand(SMALL, GpuDesign(10**9, 10**8)), None)
    check(Stand(SMALL.model_copy(update={"offload": True}), GpuDesign(10**12, 10**9)), None)


def test_a_model_that_would_fit_offloaded_is_refused_with_that_way() -> None:
    with pytest.raises(ConfigError, match=r"needs 5 GB .* gpu\.offload = true, which leaves 100 MB"):
        check(Stand(SMALL, GpuDesign(5 * 10**9, 10**8)), None)


def test_a_model_that_does_not_even_fit_offloaded_is_not_told_to_be() -> None:
    with pytest.raises(ConfigError) as refused:
        check(Stand(SMALL, GpuDesign(5 * 10**9, 2 * 10**9)), None)
    assert "offload" not in str(refused.value)
    assert "5 such GPUs hold as much" in str(refused.value)
