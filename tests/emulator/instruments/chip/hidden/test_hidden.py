"""What faults make of a chip: heaters that do not follow, receivers that read wrong, laser and substrate drifts."""

import math

import numpy as np
import pytest

from emulator.bench import Bench
from emulator.commands import Controller, Descent, Disturb, Forward, Monitor, Probe, Sequence, SetPhases
from emulator.instruments.chip.config import ChipConfig, HeaterConfig, MonitorConfig, ReceiverConfig
from emulator.instruments.chip.hidden.hidden import Hidden
from emulator.instruments.chip.hidden.states import STATES
from emulator.instruments.chip.state import ChipCore
from emulator.instruments.instrument import Stand
from emulator.physics.chip.kernels.layers import forward_plain
from emulator.units import s_to_ps
from tests.builders import NotingRecorder, ideal_chip, random_batch, random_design

SIZES = (6, 5, 3)
ACTIVE = range(0, 45, 2)
DESIGN = random_design(SIZES, active=ACTIVE)
RAIL = 2.0 * math.pi
NOISY = ReceiverConfig(shot_noise=True, thermal_noise_a_per_sqrt_hz=1e-11, adc_bits=0)
INPUTS = random_batch(40, SIZES[0]).inputs


def core(receiver: ReceiverConfig | None = None, **heaters: object) -> ChipCore:
    config = HeaterConfig(**({"sigma_gamma": 0.0, "omega": 0.0, "dynamics": "instant"} | heaters))  # type: ignore[arg-type]
    chip = ChipCore(
        ideal_chip(config) if receiver is None else ideal_chip(config, receiver=receiver), DESIGN, 0
    )
    chip.load(INPUTS)
    return chip


def read(chip: ChipCore, draw: int = 0) -> np.ndarray:
    return chip.read(draw, 0)[0]


def test_every_state_of_a_chip_that_is_given_what_it_has_changes_nothing() -> None:
    healthy = {"dead": 0.0, "gamma": 1.0, "stuck": -1.0, "channel": 0.0, "responsivity": 1.0, "offset": 0.0,
               "laser": 1.0, "laser_noise": 0.0, "substrate": 0.0}  # fmt: skip
    assert {*healthy, "link"} == set(STATES)
    for receiver in (None, NOISY):
        chip, expected = core(receiver), read(core(receiver))
        for name, value in healthy.items():
            parts = chip.hidden.parts(name)
            chip.disturb(name, int(parts[1]) if parts.size else -1, value, 0)
        np.testing.assert_array_equal(read(chip), expected)


@pytest.mark.parametrize("radians", [0.0, 1.3, RAIL])
def test_a_stuck_heater_stays_draws_what_it_is_stuck_at_and_follows_again_when_it_is_let_go(
    radians: float,
) -> None:
    chip, told = core(), core()
    chip.disturb("stuck", 8, radians, 0)
    for phase in (0.4, 2.0):
        chip.drive(np.array([8, 10]), np.array([phase, 1.0]), 0)
        told.drive(np.array([8, 10]), np.array([radians, 1.0]), 0)
        np.testing.assert_allclose(read(chip), read(told), atol=1e-12)
        assert chip.driven_phases()[8] == radians
    others = np.delete(chip.driven_phases(), 8).sum()
    assert chip.heater_power_w == pytest.approx((others + radians) * chip.w_per_rad)
    chip.disturb("stuck", 8, -1.0, 0)
    assert chip.driven_phases()[8] == radians
    chip.drive(np.array([8]), np.array([0.7]), 0)
    assert chip.driven_phases()[8] == pytest.approx(0.7)


def test_a_lost_channel_holds_what_it_was_told_last() -> None:
    chip = core()
    chip.drive(np.array([8]), np.array([0.9]), 0)
    chip.disturb("channel", 8, 1.0, 0)
    before = read(chip)
    chip.drive(np.array([8]), np.array([2.9]), 0)
    np.testing.assert_array_equal(read(chip), before)
    chip.disturb("channel", 8, 0.0, 0)
    chip.drive(np.array([8]), np.array([2.9]), 0)
    assert np.abs(read(chip) - before).max() > 1e-3


def test_a_heater_with_two_faults_is_mended_when_both_are() -> None:
    chip = core()
    chip.disturb("stuck", 8, 1.0, 0)
    chip.disturb("dead", 8, 1.0, 0)
    assert chip.driven_phases()[8] == 0.0
    chip.disturb("dead", 8, 0.0, 0)
    chip.drive(np.array([8]), np.array([2.0]), 0)
    assert chip.driven_phases()[8] == 1.0


@pytest.mark.parametrize("output", range(3))
def test_a_dead_receiver_reads_nothing_a_saturated_one_the_end_of_its_range(output: int) -> None:
    receiver = NOISY.model_copy(update={"adc_bits": 12, "full_scale_output": 16.0})
    chip, healthy = core(receiver), read(core(receiver))
    chip.disturb("responsivity", 5 + output, 0.0, 0)
    dead = read(chip)
    assert np.abs(dead[:, output]).max() < 0.1  # noise is left
    np.testing.assert_array_equal(np.delete(dead, output, 1), np.delete(healthy, output, 1))
    chip.disturb("responsivity", 5 + output, 1.0, 0)
    for end in (-1.0, 1.0):
        chip.disturb("offset", 5 + output, 1e3 * end, 0)
        outputs, saturated, _ = chip.read(0, 0)
        np.testing.assert_allclose(outputs[:, output], 16.0 * end, rtol=1e-9)
        assert saturated == len(INPUTS)


def test_receivers_and_laser_do_what_an_oracle_does_that_scales_the_light_of_every_layer() -> None:
    chip, power = core(), 0.9
    chip.disturb("laser", -1, power, 0)
    # Without converters' steps and clipped activations every layer passes on power times what it got.
    whole = forward_plain(
        INPUTS, chip.layers, chip.phases(), chip.receivers, chip.loss_amplitude, 0, chip.receiver_key
    )
    found = read(chip)
    below = np.abs(found).max(axis=1) < 3.0
    assert below.sum() > 5
    np.testing.assert_allclose(found[below], power**2 * whole[below], rtol=1e-9, atol=1e-12)
    assert chip.reference == power


@pytest.mark.parametrize("power", [0.25, 4.0])
def test_noise_follows_the_light_as_a_chip_does_that_was_built_with_such_a_laser(power: float) -> None:
    chip = core(NOISY)
    chip.disturb("laser", -1, power, 0)
    built = ideal_chip(receiver=NOISY)
    laser = built.laser.model_copy(
        update={"power_w_per_wavelength": built.laser.power_w_per_wavelength * power}
    )
    other = ChipCore(built.model_copy(update={"laser": laser}), DESIGN, 0)
    for mine, theirs in zip(
        chip._receiver_rows, other.receivers, strict=True
    ):  # the parameters that kernels read
        x = 1.7
        ours = mine[0] + mine[1] * (power * x) ** 2
        assert ours == pytest.approx(power**2 * (theirs.constant + theirs.per_square * x**2), rel=1e-9)


def test_laser_noise_is_common_to_all_outputs_known_to_the_reference_and_as_large_as_said() -> None:
    chip, spread = core(), 0.02
    quiet = read(chip)
    chip.disturb("laser_noise", -1, spread, 0)
    references, ratios = [], []
    small = np.abs(quiet).max(axis=1) < 2.0
    for draw in range(400):
        found = read(chip, draw)
        references.append(chip.reference)
        ratios.append(float((found[small] * quiet[small]).sum() / (quiet[small] ** 2).sum()))
    np.testing.assert_allclose(ratios, np.array(references) ** 2, rtol=1e-6)
    assert np.std(references) == pytest.approx(spread, rel=0.15)
    assert np.mean(references) == pytest.approx(1.0, abs=4 * spread / 20)
    np.testing.assert_array_equal(read(chip, 7), read(chip, 7))


def test_a_substrate_that_drifts_adds_its_phase_everywhere_and_takes_it_back() -> None:
    chip, before = core(), core()
    phases, outputs = before.phases(), read(before)
    chip.disturb("substrate", -1, 0.2, 0)
    np.testing.assert_allclose(chip.phases(), phases + 0.2)
    found = read(chip)
    expected = forward_plain(
        INPUTS, chip.layers, phases + 0.2, chip.receivers, chip.loss_amplitude, 0, chip.receiver_key
    )
    np.testing.assert_allclose(found, expected, atol=1e-9)
    np.testing.assert_allclose(chip.observe(INPUTS, 0, 0), expected, atol=1e-9)
    chip.disturb("substrate", -1, 0.0, 0)
    np.testing.assert_allclose(read(chip), outputs, atol=1e-9)


def test_a_link_that_is_held_lets_the_next_command_begin_later_and_nothing_else() -> None:
    def agent(held_s: float) -> Controller:
        yield Forward(random_batch(9, 6))
        yield Disturb("chip.link", held_s)
        yield Forward(random_batch(9, 6))

    def rows(held_s: float) -> list[tuple[object, ...]]:
        noting = NotingRecorder()
        bench = Bench({"chip": Stand(ChipConfig(), DESIGN)}, 0)
        bench.run({"a": agent(held_s)}, recorder=noting)
        return noting.commands

    free, held = rows(0.0), rows(1e-3)
    assert held[2][6] == held[1][6] + s_to_ps(1e-3)  # started
    assert held[2][7] - held[2][6] == free[2][7] - free[2][6]  # lasted
    assert held[2][10] == free[2][10]


def one_way(way: str, batch: object) -> object:
    heaters = np.array([[0], [2]])
    home = np.ones(2)
    descent = Descent("step_back", home - 0.1, home, np.zeros(2, dtype=np.bool_), 10)
    return {
        "forward": Forward(batch),  # type: ignore[arg-type]
        "probe": Probe([0], [1.0], batch),  # type: ignore[arg-type]
        "sequence": Sequence(heaters, np.full((2, 1), 1.1), batch, descent),  # type: ignore[arg-type]
        "monitor": Monitor("forward", batch),  # type: ignore[arg-type]
    }[way]


@pytest.mark.parametrize("way", ["forward", "probe", "sequence", "monitor"])
@pytest.mark.parametrize(
    ("target", "part", "named"),
    [
        *(("chip.offset", part, f"receiver {part}, output") for part in range(8)),
        *(("chip.gamma", part, f"device {part} has the phase") for part in ACTIVE),
    ],
)
def test_what_is_no_number_stops_the_run_at_the_next_reading_and_is_named_with_its_row(
    way: str, target: str, part: int, named: str
) -> None:
    batch = random_batch(9, 6)
    after: list[str] = []

    def agent() -> Controller:
        yield SetPhases(list(ACTIVE), [5.0] * len(ACTIVE))
        yield Disturb(target, math.nan if target == "chip.offset" else 1e308, part)
        yield one_way(way, batch)  # type: ignore[misc]
        after.append("gone on")

    noting = NotingRecorder()
    config = ChipConfig(monitors=MonitorConfig(fitted=True), heaters=HeaterConfig(omega=0.0))
    result = Bench({"chip": Stand(config, DESIGN)}, 0).run({"a": agent()}, recorder=noting)
    assert (result.status, after) == ("diverged", [])
    assert len(noting.commands) == 2
    assert result.reason.startswith("chip: query 1 ")
    assert named in result.reason
    assert result.reason.endswith("it would have been commands row 2")


def test_hidden_state_names_the_parts_that_have_it() -> None:
    hidden: Hidden = core().hidden
    np.testing.assert_array_equal(hidden.parts("stuck"), list(ACTIVE))
    np.testing.assert_array_equal(hidden.parts("offset"), range(8))
    assert hidden.parts("laser").size == 0
