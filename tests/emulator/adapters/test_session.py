"""A bench for callers who are no agents: what it costs, what it refuses, and what a copy of it is."""

import copy
import subprocess
import sys

import numpy as np
import pytest

from emulator.adapters.session import OpuSession, as_config, with_intensities, with_projections
from emulator.config.models import build
from emulator.errors import CommandError, ConfigError
from emulator.instruments.host.config import HostConfig
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import OpuDesign
from emulator.streams import stream

DESIGN = OpuDesign(10, 300)
IDEAL = build(HostConfig, {"preset": "ideal"}, "tests")


def session(**changes: object) -> OpuSession:
    return OpuSession(build(OpuConfig, changes, "tests"), DESIGN, seed=3, host=IDEAL)


def ternary(count: int) -> np.ndarray:
    return stream(1, "tests/adapters/ternary").integers(-1, 2, (count, 10)).astype(np.float32)


def test_a_call_takes_two_frames_a_ternary_vector_and_thirty_watts() -> None:
    unit = session(preset="light_in_the_loop")
    brought = unit.project(ternary(3000))
    assert brought.frames.sent == 6000
    assert brought.elapsed_s == pytest.approx(6000 / 1500, rel=1e-3)
    assert brought.energy_j == pytest.approx(30 * brought.elapsed_s)
    assert (unit.seconds, unit.joules) == pytest.approx((brought.elapsed_s, brought.energy_j))


def test_time_stands_still_between_calls_and_costs_add_up() -> None:
    unit = session()
    costs = [unit.project(ternary(count)) for count in (1, 50, 7)]
    assert unit.seconds == pytest.approx(sum(cost.elapsed_s for cost in costs))
    assert unit.joules == pytest.approx(sum(cost.energy_j for cost in costs))


def test_no_vectors_cost_nothing() -> None:
    unit = session()
    assert unit.project(ternary(0)).outputs.shape == (0, 300)
    assert (unit.seconds, unit.joules) == (0.0, 0.0)


def test_noise_goes_on_from_call_to_call_unless_a_number_is_given() -> None:
    unit, vectors = session(), ternary(4)
    first, second, again = (unit.project(vectors, number).outputs for number in (None, None, 0))
    assert np.abs(first - second).min() > 0
    assert np.array_equal(first, again)


def test_a_copy_has_the_same_medium_a_clock_at_zero_and_noise_from_the_start() -> None:
    unit, vectors = session(), ternary(4)
    first = unit.project(vectors).outputs
    other = copy.deepcopy(unit)
    assert (other.seconds, other.joules) == (0.0, 0.0)
    assert np.array_equal(other.project(vectors).outputs, first)


def test_vectors_whose_frames_are_lost_for_good_are_refused_with_what_would_help() -> None:
    unit = session(camera={"missed_probability": 0.9}, retries=0)
    with pytest.raises(CommandError, match=r"in each of 1 attempts; allowed: more retries"):
        unit.project(ternary(20))
    assert unit.seconds > 0


@pytest.mark.parametrize(
    ("design", "says"),
    [
        (OpuDesign(10, 600_000), r"allowed are 1\.\.1088 rows"),
        (OpuDesign(2_000_000, 10), r"allowed are 1\.\.1039680"),
        (OpuDesign(5000, 100_000), "'streamed' or 'structured' would do"),
    ],
)
def test_a_unit_that_cannot_be_built_names_the_limit(design: OpuDesign, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        OpuSession(OpuConfig(), design)


def test_a_frame_rate_becomes_a_limit_that_a_larger_region_falls_below() -> None:
    config = with_projections(as_config("opu_gen2"), "off_axis", "binary")
    small, large = (OpuSession(config, OpuDesign(4, size), host=IDEAL) for size in (1000, 150_000))
    assert small.budget.rate_hz == pytest.approx(2000)
    rows = 295  # ceil(150,000 / 510)
    assert large.budget.rate_hz == pytest.approx(1 / ((rows + 12) * 2.6875e-6 + 50e-6))


def test_intensities_are_of_binary_patterns_whatever_the_preset_says() -> None:
    config = with_intensities(as_config("light_in_the_loop"), 0.25)
    assert (config.recovery.mode, config.dmd.encoding, config.camera.lit_max) == ("intensity", "binary", 0.25)


def test_an_unknown_preset_and_an_unknown_recovery_get_a_hint() -> None:
    with pytest.raises(ConfigError, match="did you mean 'opu_gen3'"):
        as_config("opu_gen33")
    with pytest.raises(ConfigError, match="did you mean 'off_axis'"):
        with_projections(OpuConfig(), "of_axis", "binary")  # type: ignore[arg-type]


def test_the_package_itself_loads_neither_torch_nor_scikit_learn() -> None:
    code = (
        "import sys, emulator.adapters.lightonml.opu\n"
        "assert not {'torch', 'sklearn'} & sys.modules.keys(), sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
