"""What a unit will take is told from its size."""

import pytest

from emulator.instruments.instrument import Scale
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.memory import memory
from emulator.physics.opu.medium import make_medium


@pytest.mark.parametrize("store", ["dense", "streamed", "structured"])
def test_a_medium_keeps_what_was_foretold(store: str) -> None:
    config = OpuConfig.model_validate({"medium": {"store": store}})
    foretold = next(iter(memory(config, Scale(sizes=(12, 300))).values()))
    kept = make_medium(store, 12, 300, (1, 2), 10**9).stored_bytes
    assert foretold == (kept if store != "streamed" else 0)
