"""States that are saved and brought back: what is hidden, what drives, and in which order."""

import math
from typing import Any

import numpy as np
import pytest

from emulator.bench import Bench
from emulator.commands import Controller, Disturb, Forward, SetPhases, Settle
from emulator.instruments.chip.config import ChipConfig, ReceiverConfig
from emulator.instruments.instrument import Lab, Stand
from emulator.remote.control.states import Saved, bring_back, save
from tests.builders import random_batch
from tests.wire_lab import small_lab

QUIET = ReceiverConfig(shot_noise=False, thermal_noise_a_per_sqrt_hz=0.0, adc_bits=0)
LAB: Lab = {**small_lab(), "chip": Stand(ChipConfig(receiver=QUIET), small_lab()["chip"].design)}
MUCH_LATER_PS = 10**9
HEATERS = list(range(0, 45, 2))
EVERY = (
    *(Disturb(f"chip.{state}", value, 4) for state, value in (("dead", 1), ("gamma", 0.7), ("channel", 1))),
    Disturb("chip.stuck", 1.25, 6),
    Disturb("chip.responsivity", 0.5, 1),
    Disturb("chip.offset", 0.125, 2),
    Disturb("chip.laser", 0.9),
    Disturb("chip.laser_noise", 0.01),
    Disturb("chip.substrate", 0.2),
    Disturb("opu.correlation", 0.8),
    Disturb("opu.responsivity", 0.0, 3),
    Disturb("opu.laser", 0.9),
    Disturb("opu.laser_noise", 0.01),
    Disturb("opu.torn", 0.125),
    Disturb("opu.missed", 0.25),
    Disturb("opu.trigger", 1e-3),
)


class Stage:
    """A bench whose agent carries out what a test asks, and may save and bring back."""

    def __init__(self) -> None:
        self.bench = Bench(LAB, 0)
        self.kinds = self.bench.standing
        self.readings: list[np.ndarray[Any, Any]] = []

    def saved(self) -> Saved:
        return save(self.kinds, self.bench.named)

    def back(self, saved: Saved) -> Controller:
        yield from bring_back(saved, self.kinds, self.bench.named)

    def read(self) -> Controller:
        yield Settle(MUCH_LATER_PS)  # the configured time leaves a little of the heat before
        reading = yield Forward(random_batch(1, 6))
        self.readings.append(reading.outputs)  # type: ignore[union-attr]

    def play(self, controller: Controller) -> None:
        assert self.bench.run({"main": controller}).status == "complete"


@pytest.mark.parametrize("fault", EVERY, ids=lambda fault: str(fault.target))
def test_every_hidden_state_is_saved_and_comes_back(fault: Disturb) -> None:
    stage = Stage()

    def script() -> Controller:
        healthy = stage.saved()
        yield fault
        ill = stage.saved()
        assert (
            ill.hidden[fault.target, fault.index] == fault.value != healthy.hidden[fault.target, fault.index]
        )
        yield from stage.back(healthy)
        assert stage.saved().hidden == healthy.hidden
        yield from stage.back(ill)
        assert stage.saved().hidden == ill.hidden

    stage.play(script())


def test_a_link_that_is_held_passes_and_is_not_saved() -> None:
    assert not any(target.endswith(".link") for target, _ in Stage().saved().hidden)


def test_heaters_are_driven_as_they_were_and_read_as_they_did_whatever_broke_meanwhile() -> None:
    stage = Stage()

    def script() -> Controller:
        yield SetPhases(HEATERS[:3], [0.3, 0.6, 0.9])
        yield Settle()
        yield Disturb("chip.channel", 1.0, HEATERS[1])  # holds 0.6 from now on
        yield from stage.read()
        saved = stage.saved()
        yield Disturb("chip.channel", 0.0, HEATERS[1])
        yield SetPhases(HEATERS[:3], [2.0, 2.0, 2.0])
        yield Disturb("chip.dead", 1.0, HEATERS[0])
        yield Disturb("chip.stuck", 0.1, HEATERS[2])
        yield Settle()
        yield from stage.read()
        yield from stage.back(saved)
        yield from stage.read()
        yield SetPhases(HEATERS[1:2], [1.0])
        yield Settle()
        yield from stage.read()  # it is deaf again

    stage.play(script())
    before, broken, after, deaf = stage.readings
    assert after == pytest.approx(before, abs=1e-6)
    assert deaf == pytest.approx(before, abs=1e-6)
    assert np.abs(broken - before).max() > 1e-2


def test_an_offset_that_is_no_number_is_saved_as_it_is() -> None:
    stage = Stage()

    def script() -> Controller:
        yield Disturb("chip.offset", math.nan, 1)
        broken = stage.saved()
        yield Disturb("chip.offset", 0.0, 1)
        yield from stage.back(broken)
        assert math.isnan(stage.saved().hidden["chip.offset", 1])

    stage.play(script())
