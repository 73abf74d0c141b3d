"""What a chip will take is told from its size."""

import numpy as np
import pytest

from controllers.deployment import deploy
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.chip.memory import devices_of, memory
from emulator.instruments.instrument import Scale
from emulator.physics.chip.mesh import Shape
from emulator.streams import stream


@pytest.mark.parametrize("shape", ["thin", "square"])
def test_devices_are_counted_without_building_them(shape: Shape) -> None:
    weights = [np.full((5, 9), 0.1), np.full((7, 5), 0.1)]
    deployed = deploy(weights, 1.0, stream(0, "test"), shape=shape)
    assert devices_of(((5, 9), (7, 5)), shape) == deployed.active.size


def test_a_chip_of_the_papers_next_size_fits_in_two_gigabytes() -> None:
    needs = memory(ChipConfig(), Scale(((128, 784), (10, 128)), batch=32, watched=2800))
    assert sum(needs.values()) < 2e9


def test_nothing_is_needed_where_nothing_is_taped_out() -> None:
    assert memory(ChipConfig(), Scale(sizes=(10, 20))) == {}
