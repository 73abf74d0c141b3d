"""Probes and sequences against the same done step by step: setting, reading and loss, bit for bit."""

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from controllers.losses import cross_entropy, mean_squared_error
from emulator.errors import ConfigError
from emulator.instruments.chip.config import ChipConfig, HeaterConfig, ReceiverConfig
from emulator.instruments.chip.state import ChipCore, Rule, Visits
from emulator.physics.chip.kernels.sequence import HOMING, READING, Pace
from emulator.streams import stream
from tests.builders import QUIET, ideal_chip, random_batch, random_design

Floats = NDArray[np.float64]
SIZES = (7, 6, 4)
DESIGN = random_design(SIZES, 1, active=0.7)
HEATERS = np.flatnonzero(DESIGN.active)
NOISY = ReceiverConfig()
PACE = Pace(
    first_ps=3_000_000, set_ps=1_500_000, light_ps=7_000_000, home_ps=900_000, after_home_ps=6_500_000
)

dynamics: st.SearchStrategy[Literal["instant", "dynamic"]] = st.sampled_from(["instant", "dynamic"])
receivers = st.sampled_from([QUIET, NOISY])
substrates = st.sampled_from([0.0, 1e-4])
dead = st.sampled_from([(), (int(HEATERS[3]), int(HEATERS[8]))])
seeds = st.integers(0, 2**32)


@st.composite
def configs(draw: st.DrawFn) -> ChipConfig:
    heaters = HeaterConfig(
        omega=0.02,
        dynamics=draw(dynamics),
        substrate_coupling=draw(substrates),
        substrate_tau_s=1e-5,
        dead=draw(dead),
    )
    return ideal_chip(heaters, receiver=draw(receivers), dac_bits=draw(st.sampled_from([0, 8])))


def two_chips(config: ChipConfig, samples: int) -> tuple[ChipCore, ChipCore, NDArray[np.int64]]:
    """Return the same chip twice, with the same batch loaded, and labels."""
    one, other = (ChipCore(config, DESIGN, 5) for _ in range(2))
    batch = random_batch(samples, SIZES[0])
    for core in (one, other):
        core.load(batch.inputs)
    return one, other, stream(samples, "tests/labels").integers(SIZES[-1], size=samples)


def assert_same_state(one: ChipCore, other: ChipCore) -> None:
    assert one.heater_power_w == other.heater_power_w
    np.testing.assert_array_equal(one.driven_phases(), other.driven_phases())
    np.testing.assert_array_equal(one.phases(), other.phases())


@settings(max_examples=40)
@given(config=configs(), samples=st.sampled_from([1, 5, 32, 40]), seed=seeds)
def test_a_probe_is_a_setting_and_a_reading(config: ChipConfig, samples: int, seed: int) -> None:
    probed, stepped, _ = two_chips(config, samples)
    rng = stream(seed, "tests/probe")
    for draw in range(12):
        set_ps, light_ps = (int(ps) for ps in rng.integers(0, 10**7, 2))
        count = int(rng.integers(1, 4))
        heaters, radians = rng.choice(HEATERS, count, replace=False), rng.uniform(-7, 14, count)
        stepped.drive(heaters, radians, set_ps)
        outputs, saturated, total = stepped.read(draw, light_ps)
        if count == 1 and draw % 2:
            found = probed.probe(int(heaters[0]), float(radians[0]), set_ps, light_ps, draw)
        else:
            found = probed.probe(heaters, radians, set_ps, light_ps, draw)
        np.testing.assert_array_equal(found[0], outputs)
        assert found[1:] == (saturated, total)
        assert_same_state(probed, stepped)


@dataclass
class Stepwise:
    """The oracle: a sequence done with ``drive``, ``read`` and ``cross_entropy``, one call after the other."""

    core: ChipCore
    labels: NDArray[np.int64]
    draw: int
    rows: list[tuple[object, ...]] = field(default_factory=list)
    readings: int = 0

    def set(self, heater: int, radian: float, passed_ps: int) -> None:
        self.core.drive(np.array([heater]), np.array([radian]), passed_ps)

    def read(self, heater: int, radian: float, passed_ps: int) -> float:
        outputs, saturated, total = self.core.read(self.draw + self.readings, passed_ps)
        self.readings += 1
        loss = cross_entropy(outputs, self.labels)
        self.rows.append((READING, heater, radian, loss, total, saturated, self.core.driven_rad, 0))
        return loss

    def home(self, heater: int, radian: float) -> None:
        self.set(heater, radian, PACE.home_ps)
        self.rows.append((HOMING, heater, radian, math.nan, 0.0, 0, self.core.driven_rad, 0))

    def accept(self) -> None:
        self.rows[-1] = (*self.rows[-1][:-1], 1)

    def run(self, visits: Visits, rule: Rule, most: int) -> tuple[float, int, int, int, int, int]:
        visited = accepted = tied = pruned = 0
        reference = self.read(-1, 0.0, PACE.first_ps)
        gap = PACE.set_ps
        for i, heater in enumerate(visits.heaters[:, 0].tolist()):
            if self.readings >= most:
                break
            visited += 1
            self.set(heater, visits.try_rad[i, 0], gap)
            gap = PACE.set_ps
            loss = self.read(heater, visits.try_rad[i, 0], PACE.light_ps)
            goes_home = bool(visits.pruned[i]) or self.readings >= most
            before, rest = reference, visits.home_rad[i]
            if rule == "best_of_both" and not goes_home:
                reference, rest = loss, visits.try_rad[i, 0]
            elif loss < reference:
                reference, accepted = loss, accepted + 1
                self.accept()
                continue
            else:
                tied += loss == reference
                pruned += bool(visits.pruned[i])
            if not goes_home:
                self.set(heater, visits.back_rad[i], PACE.set_ps)
                loss = self.read(heater, visits.back_rad[i], PACE.light_ps)
                if rule == "step_back":
                    before = reference = loss
                elif loss < reference:
                    reference = loss
                    self.accept()
                else:
                    tied += loss == reference
                    goes_home = True
                accepted += reference < before
            if goes_home:
                self.home(heater, rest)
                gap = PACE.after_home_ps
        return reference, visited, accepted, tied, pruned, self.readings


def some_visits(core: ChipCore, count: int, seed: int, step_rad: float) -> Visits:
    """Return visits to random heaters (some more than once); a step of 0 makes ties where nothing is noisy."""
    rng = stream(seed, "tests/visits")
    heaters = rng.choice(HEATERS, count)
    home = core.driven_phases()[heaters]
    steps = rng.choice([step_rad, 0.0], count)
    return Visits(heaters[:, None], (home + steps)[:, None], home - steps, home, rng.random(count) < 0.3)


@settings(max_examples=80)
@given(
    config=configs(),
    rule=st.sampled_from(["step_back", "three_point", "best_of_both"]),
    count=st.integers(0, 12),
    most=st.integers(1, 26),
    samples=st.sampled_from([1, 8, 33]),
    seed=seeds,
)
def test_a_sequence_is_its_settings_readings_and_losses_one_by_one(
    config: ChipConfig,
    rule: Literal["step_back", "three_point", "best_of_both"],
    count: int,
    most: int,
    samples: int,
    seed: int,
) -> None:
    fused, stepped, labels = two_chips(config, samples)
    oracle = Stepwise(stepped, labels, draw=7)
    for _ in range(2):
        visits = some_visits(fused, count, seed, 0.3)
        oracle.rows, oracle.draw, oracle.readings = [], oracle.draw + oracle.readings, 0
        found = fused.sequence(visits, rule, labels, PACE, oracle.draw, most)
        wanted = oracle.run(visits, rule, most)
        rows = np.array(oracle.rows, dtype=found.events.dtype)
        np.testing.assert_array_equal(
            found.events.view(np.int64), rows.view(np.int64)
        )  # bits: NaN equals NaN
        assert found.outputs is None
        assert found[3:] == wanted
        assert found.readings <= most
        assert_same_state(fused, stepped)


@settings(max_examples=40)
@given(
    config=configs(),
    count=st.integers(0, 8),
    width=st.integers(1, 3),
    labelled=st.booleans(),
    keep=st.booleans(),
    seed=seeds,
)
def test_a_blind_sequence_is_its_settings_and_readings_one_by_one(
    config: ChipConfig, count: int, width: int, labelled: bool, keep: bool, seed: int
) -> None:
    fused, stepped, labels = two_chips(config, 9)
    rng = stream(seed, "tests/blind")
    heaters = np.array([rng.choice(HEATERS, width, replace=False) for _ in range(count)], dtype=np.int64)
    visits = Visits(heaters.reshape(count, width), rng.uniform(0, 6, (count, width)))
    found = fused.sequence(visits, "none", labels if labelled else None, PACE, 3, keep_outputs=keep)
    for i in range(count):
        stepped.drive(visits.heaters[i], visits.try_rad[i], PACE.set_ps if i else PACE.first_ps)
        outputs, saturated, total = stepped.read(3 + i, PACE.light_ps)
        event = found.events[i]
        assert (event["kind"], event["saturated"], event["total"]) == (READING, saturated, total)
        assert event["driven_rad"] == stepped.driven_rad
        assert (event["heater"], event["phase_rad"]) == (
            (heaters[i, 0], visits.try_rad[i, 0]) if width == 1 else (-1, 0.0)
        )
        np.testing.assert_equal(event["loss"], cross_entropy(outputs, labels) if labelled else math.nan)
        if found.outputs is not None:
            np.testing.assert_array_equal(found.outputs[i], outputs)
    assert (found.outputs is not None) == keep
    assert (found.visited, found.readings) == (count, count)
    assert_same_state(fused, stepped)


def test_the_power_over_a_sequence_is_known_from_its_events() -> None:
    core, _, labels = two_chips(ideal_chip(), 4)
    found = core.sequence(some_visits(core, 6, 0, 0.1), "step_back", labels, PACE, 0)
    driven_rad = found.events["driven_rad"]
    assert (np.diff(driven_rad) != 0.0).any()
    assert driven_rad[-1] * core.w_per_rad == core.heater_power_w


def test_sequences_that_cannot_be_decided_are_refused() -> None:
    core, _, labels = two_chips(ideal_chip(), 4)
    visits = some_visits(core, 3, 0, 0.1)
    with pytest.raises(ConfigError, match="needs 4 labels, one a sample; got 0"):
        core.sequence(visits, "step_back", None, PACE, 0)
    with pytest.raises(ConfigError, match="most=0 readings"):
        core.sequence(visits, "three_point", labels, PACE, 0, most=0)
    with pytest.raises(ConfigError, match="needs one heater a visit, and back_rad, home_rad and pruned"):
        core.sequence(visits._replace(pruned=visits.pruned[1:]), "step_back", labels, PACE, 0)
    with pytest.raises(ConfigError, match="needs one heater a visit"):
        core.sequence(visits._replace(heaters=np.tile(visits.heaters, 2)), "step_back", labels, PACE, 0)


def test_probing_before_anything_is_loaded_is_refused() -> None:
    core = ChipCore(ideal_chip(), DESIGN, 0)
    with pytest.raises(ConfigError, match=r"call load\(inputs\) before probe\(\)"):
        core.probe(int(HEATERS[0]), 0.5, 0, 0, 0)
    with pytest.raises(ConfigError, match=r"call load\(inputs\) before sequence\(\)"):
        core.sequence(Visits(HEATERS[:1, None], np.zeros((1, 1))), "none", None, PACE, 0)


@given(config=configs(), seed=seeds, samples=st.integers(1, 40))
@settings(max_examples=15)
def test_a_descent_on_values_takes_the_losses_that_a_host_would(
    config: ChipConfig, seed: int, samples: int
) -> None:
    one, other, _ = two_chips(config, samples)
    rng = stream(seed, "tests/values")
    values = rng.normal(size=(samples, SIZES[-1]))
    heaters = rng.permutation(HEATERS)[:4][:, np.newaxis]
    home = rng.random(4)
    visits = Visits(heaters, home[:, np.newaxis] + 0.1, home - 0.1, home, np.zeros(4, dtype=np.bool_))
    found = one.sequence(visits, "step_back", values, PACE, 0)
    first = other.read(0, PACE.first_ps)[0]
    assert found.events["loss"][0] == mean_squared_error(np.ascontiguousarray(first), values)
    other.drive(heaters[0], visits.try_rad[0], PACE.set_ps)
    second = other.read(1, PACE.light_ps)[0]
    assert found.events["loss"][1] == mean_squared_error(np.ascontiguousarray(second), values)
