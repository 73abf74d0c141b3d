"""The chip's service: what each command costs in time, by hand, and what it refuses."""

from typing import Any

import numpy as np
import pytest

from emulator.commands import Batch, Forward, PhasesSet, Reading, SetPhases, Settle, Settled
from emulator.errors import CommandError, DivergedError
from emulator.instruments.chip.chip import Chip
from emulator.instruments.chip.config import ChipConfig, HeaterConfig, InputConfig, LinkConfig, ReceiverConfig
from emulator.instruments.instrument import Setting
from emulator.meter import Meter
from emulator.plan import REMAINDER
from tests.bench_lab import HASTY_HOST
from tests.builders import NotingRecorder, ideal_chip, random_batch, random_design

SIZES = (6, 5, 3)
BATCH = random_batch(33, 6, key=4)


def make_chip(
    config: ChipConfig | None = None, active: float | list[int] = 1.0
) -> tuple[Chip, NotingRecorder]:
    recorder = NotingRecorder()
    design = random_design(SIZES, 0, active=active)
    return Chip(config or ideal_chip(), design, Setting(0, HASTY_HOST, Meter())), recorder


def serve(chip: Chip, command: Any, start_ps: int, recorder: NotingRecorder | None = None) -> Any:
    """Have ``command`` begun and carried out, and let the recorder be told; return the outcome but its note."""
    reply, target, value, result, note = chip.run(command, chip.begin(command), start_ps)
    if recorder is not None and note is not None:
        note(recorder)
    return reply, target, value, result


def test_a_query_takes_its_spans_one_after_the_other_as_reckoned_by_hand() -> None:
    """33 samples at 8 wavelengths, 2 averages and 2 layers are 20 symbols of 1 ns; 6 values go in, 3 come out."""
    config = ChipConfig(
        link=LinkConfig(latency_s=1e-6, rate_bit_per_s=16e9, bits_per_sample=16),
        inputs=InputConfig(wavelengths=8, symbol_rate_hz=1e9),
        receiver=ReceiverConfig(averages=2, detection_s=10e-9, adc_s=100e-9),
    )
    chip, _ = make_chip(config)
    service = chip.begin(Forward(BATCH))
    assert tuple(step[:3] for step in service.steps) == (
        ("link", "upload", 1_000_000 + 33 * 6 * 1000),
        ("link", "request", 1_000_000),
        ("optics", "symbols", 20_000),
        ("receiver", "detection", 20_000),
        ("receiver", "adc", 200_000),
        ("link", "readout", 1_000_000 + 33 * 3 * 1000),
    )
    assert service.reply_ps == service.free_ps == sum(step.ps for step in service.steps)
    assert service.template == service.steps


def test_a_batch_is_uploaded_once_until_another_one_takes_its_place() -> None:
    chip, recorder = make_chip()
    other = random_batch(33, 6, key=5)
    uploads, now = [], 0
    for batch in (BATCH, BATCH, other, other, BATCH):
        service = chip.begin(Forward(batch))
        uploads.append(service.steps[0][:2] == ("link", "upload"))
        note = chip.run(Forward(batch), service, now)[-1]
        if note is not None:
            note(recorder)
        now += service.reply_ps
    assert uploads == [True, False, True, False, True]
    assert recorder.batches == [4, 5, 4]
    assert chip.queries == 5


def test_setting_phases_costs_the_link_and_the_dac() -> None:
    chip, _ = make_chip()
    for count in (1, 7):
        service = chip.begin(SetPhases(list(range(count)), [0.1] * count))
        assert tuple(step[:3] for step in service.steps) == (
            ("link", "setpoint", 1_000_000 + 2_000 * count),
            ("dac", "update", 1_000_000),
        )


def test_settling_lasts_as_asked_or_as_configured() -> None:
    chip, _ = make_chip(ideal_chip(HeaterConfig(settle_s=6e-6)))
    for asked, lasts in ((None, 6_000_000), (0, 0), (123, 123)):
        service = chip.begin(Settle(asked))
        assert service.reply_ps == lasts
        assert service.steps[0][:3] == ("heaters", "settling", lasts)
        assert service.template[0].ps == (lasts if asked is None else REMAINDER)
        assert serve(chip, Settle(asked), 7) == (Settled(lasts), -1, lasts, 0.0)


def test_replies_and_rows_carry_what_was_asked_for() -> None:
    chip, recorder = make_chip()
    power_w = serve(chip, SetPhases([3], [0.25]), 0)[3]
    assert power_w == chip.core.heater_power_w
    reply, target, value, result = serve(chip, SetPhases([3], [0.5]), 10_000_000, recorder)
    assert (reply, target, value, result) == (PhasesSet(result), 3, 0.5, chip.core.heater_power_w)
    assert result - power_w == pytest.approx(0.25 * 24.77e-3 / np.pi)
    assert recorder.settings == []
    assert serve(chip, SetPhases([3, 4], [0.5, 0.75]), 20_000_000, recorder)[1:3] == (-1, 0.0)
    assert recorder.settings == [([3, 4], [0.5, 0.75])]
    reply, target, _, result = serve(chip, Forward(BATCH), 30_000_000)
    assert isinstance(reply, Reading)
    assert reply.outputs.shape == (33, 3)
    assert target == 4
    assert result == pytest.approx(reply.outputs.sum())


def test_the_power_of_every_component_is_on_the_meter_from_the_start() -> None:
    meter = Meter()
    chip = Chip(ChipConfig(), random_design(SIZES, 0), Setting(0, HASTY_HOST, meter))
    assert meter.energy_j(10**12) == pytest.approx(
        {
            "chip.heaters": chip.core.heater_power_w,
            "chip.dac": chip.core.design.active.sum() * 0.31e-3,
            "chip.modulators": 6 * 8 * 4.0214e-3,
            "chip.receivers": 5 * 8 * 4.48e-3,
            "chip.laser": 0.94,
            "chip.sequencer": 0.0,
        }
    )


def test_phases_take_effect_at_the_end_of_their_command_and_light_meets_the_mesh_when_symbols_begin() -> None:
    heaters = HeaterConfig(sigma_gamma=0.0, omega=0.0, tau_s=1e-6, dynamics="dynamic")
    chip, _ = make_chip(ideal_chip(heaters))
    start = chip.core.phases()[3]
    end_ps = chip.begin(SetPhases([3], [1.5])).reply_ps
    serve(chip, SetPhases([3], [1.5]), 0)
    assert chip.core.phases()[3] == pytest.approx(start, abs=1e-12)
    service = chip.begin(Forward(BATCH))
    chip.run(Forward(BATCH), service, end_ps + 1_000_000)
    passed = (1_000_000 + service.steps[0].ps + service.steps[1].ps) / 1e6
    assert chip.core.phases()[3] == pytest.approx(1.5 + (start - 1.5) * np.exp(-passed), rel=1e-12)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (SetPhases([1], [0.5]), "device 1 is not an active heater"),
        (SetPhases([0, 1], [0.5, 0.5]), "device 1 is not an active heater"),
        (SetPhases([-1], [0.5]), "device -1 is not an active heater"),
        (SetPhases([45], [0.5]), "device 45 is not an active heater"),
        (SetPhases([0], [float("nan")]), "phase nan of heater 0 is not finite"),
        (SetPhases([0], [float("inf")]), "phase inf of heater 0 is not finite"),
        (Settle(-1), "duration_ps=-1"),
        (Settle(1.5), "duration_ps=1.5"),  # type: ignore[arg-type]
        (Settle(True), "duration_ps=True"),
    ],
)
def test_a_command_that_cannot_be_served_is_refused_before_it_takes_time(command: Any, message: str) -> None:
    chip, _ = make_chip(active=[0, 2])
    before = chip.core.driven_phases()
    with pytest.raises(CommandError, match=message):
        chip.begin(command)
    np.testing.assert_array_equal(chip.core.driven_phases(), before)


BAD_INPUTS = [np.zeros((0, 6)), np.zeros((3, 5)), np.zeros(6), np.zeros((1, 1, 6)), np.full((2, 6), np.nan)]


@pytest.mark.parametrize("inputs", BAD_INPUTS, ids=["empty", "narrow", "vector", "cube", "nan"])
def test_inputs_that_do_not_fit_are_refused_and_not_loaded(inputs: Any) -> None:
    chip, _ = make_chip()
    bad = Batch(9, inputs, np.zeros(1, dtype=np.int64))
    with pytest.raises(CommandError, match=r"Forward: (inputs have shape|batch 9 holds inputs)"):
        serve(chip, Forward(bad), 0)
    assert chip.queries == 0
    good = Batch(9, BATCH.inputs, BATCH.labels)
    serve(chip, Forward(good), 0)
    assert chip.queries == 1


@pytest.mark.parametrize("adc_bits", [0, 8])
def test_a_phase_that_is_not_finite_is_a_divergence(adc_bits: int) -> None:
    receiver = ReceiverConfig(shot_noise=False, thermal_noise_a_per_sqrt_hz=0.0, adc_bits=adc_bits)
    chip, _ = make_chip(ideal_chip(receiver=receiver))
    chip.core.drive(np.array([0]), np.array([np.nan]), 0)
    with pytest.raises(DivergedError, match="query 1 read a value that is not finite"):
        serve(chip, Forward(BATCH), 0)


def test_inputs_beyond_the_modulators_range_are_refused() -> None:
    chip, _ = make_chip()
    bright = Batch(9, np.full((2, 6), 4.1), np.zeros(2, dtype=np.int64))
    with pytest.raises(CommandError, match="range of \\+-4"):
        chip.begin(Forward(bright))


def test_heaters_and_phases_of_unequal_number_are_refused() -> None:
    chip, _ = make_chip()
    with pytest.raises(CommandError):
        chip.begin(SetPhases([0, 1], [0.5]))


@pytest.mark.parametrize("inputs", BAD_INPUTS, ids=["empty", "narrow", "vector", "cube", "nan"])
def test_inputs_that_do_not_fit_are_refused_before_they_take_time(inputs: Any) -> None:
    chip, _ = make_chip()
    with pytest.raises(CommandError):
        chip.begin(Forward(Batch(9, inputs, np.zeros(1, dtype=np.int64))))


def test_inputs_that_are_a_single_number_are_refused() -> None:
    chip, _ = make_chip()
    with pytest.raises(CommandError):
        chip.begin(Forward(Batch(9, np.array(1.0), np.zeros(1, dtype=np.int64))))
