"""The fixture that the tests of the bench share."""

import pytest

from emulator.instruments.chip.config import ChipConfig, HeaterConfig, ReceiverConfig
from emulator.instruments.host.config import HostConfig
from tests.bench_lab import SmallLab


@pytest.fixture
def lab() -> SmallLab:
    """A chip with all its noise and its thermal dynamics, and a host that thinks for 5 us."""
    chip = ChipConfig(
        heaters=HeaterConfig(omega=0.02, dynamics="dynamic"), receiver=ReceiverConfig(full_scale_output=64.0)
    )
    return SmallLab(chip, HostConfig(overhead_s=5e-6, idle_power_w=40.0, active_power_w=100.0))
