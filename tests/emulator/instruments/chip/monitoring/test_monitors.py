"""Monitor on the bench: three readings that give a gradient, what they take and draw, and what is refused."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from emulator.bench import Bench
from emulator.commands import Batch, Controller, Forward, Monitor, Monitored, Reading, SetPhases
from emulator.errors import CommandError, ConfigError, PhysicsError
from emulator.instruments.chip.chip import Chip
from emulator.instruments.chip.config import (
    ChipConfig,
    HeaterConfig,
    InputConfig,
    MeshConfig,
    MonitorConfig,
    ReceiverConfig,
)
from emulator.instruments.chip.state import Design
from emulator.instruments.chip.timing import chip_plan
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Stand
from emulator.physics.chip.loss import cross_entropy
from emulator.physics.chip.patches import Patches
from emulator.streams import stream
from tests.bench_lab import DONE, PLAN, STARTED, SmallLab, rows_of
from tests.builders import ideal_chip, random_batch, random_design

SIZES = (6, 5, 7, 3)
SAMPLES = 40
LABELS = np.arange(SAMPLES) % SIZES[-1]
BATCH = Batch(0, random_batch(SAMPLES, SIZES[0]).inputs, LABELS)
SILENT = MonitorConfig(
    fitted=True, tapped_fraction=0.02, shot_noise=False, thermal_noise_a_per_sqrt_hz=0.0, adc_bits=0
)


def errors_of(outputs: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the derivatives of the mean cross-entropy by the outputs."""
    shares = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return ((shares - np.eye(SIZES[-1])[LABELS]) / SAMPLES).astype(np.float32)


def three(replies: list[Monitored]) -> Controller:
    forward: Monitored = yield Monitor("forward", BATCH)
    adjoint = yield Monitor("adjoint", BATCH, errors_of(forward.outputs))
    both = yield Monitor("both", BATCH)
    replies += [forward, adjoint, both]


def gradient(replies: list[Monitored]) -> NDArray[np.float64]:
    forward, adjoint, both = replies
    return both.worth * (both.intensities - forward.intensities - adjoint.intensities)


def bench_of(chip: ChipConfig, active: float = 1.0, mesh: MeshConfig | None = None, seed: int = 0) -> Bench:
    return Bench({"chip": Stand(chip, random_design(SIZES, 1, mesh, active))}, seed)


def quiet(mesh: MeshConfig | None = None, **heaters: Any) -> ChipConfig:
    still = HeaterConfig(**{"sigma_gamma": 0.0, "omega": 0.0, "dynamics": "instant", **heaters})
    return ideal_chip(heaters=still, mesh=mesh).model_copy(update={"monitors": SILENT})


def differences(bench: Bench, heaters: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the derivatives of the loss of what the chip reads, by each phase that a heater is driven to."""
    core = bench.instrument(Chip).core
    home, found = core.driven_phases(), []
    for heater in heaters.tolist():
        losses = []
        for step in (-1e-5, 1e-5):
            outputs = core.observe_settled(
                BATCH.inputs, 0, np.array([heater]), np.array([home[heater] + step])
            )
            losses.append(cross_entropy(outputs, LABELS))
        found.append((losses[1] - losses[0]) / 2e-5)
    return np.array(found)


MESHES = [MeshConfig(), MeshConfig(shape="square", rotation="cw", insertion_loss_db=0.3)]


@pytest.mark.parametrize("mesh", MESHES, ids=["thin", "square, with loss"])
def test_three_readings_are_the_gradient_of_a_chip_without_noise(mesh: MeshConfig) -> None:
    bench, replies = bench_of(quiet(mesh), mesh=mesh), list[Monitored]()
    bench.run({"mine": three(replies)})
    heaters = bench.instrument(Chip).core.design.active.nonzero()[0]
    np.testing.assert_allclose(gradient(replies), differences(bench, heaters), rtol=0, atol=1e-6)


def test_the_gradient_is_by_what_light_sees_of_an_imperfect_chip_where_a_controller_knows_drives() -> None:
    """Gamma errors and crosstalk are met by both lights; what they make of a heater's radian is not known."""
    bench, replies = bench_of(quiet(sigma_gamma=2e-3, omega=2e-3), active=0.4), list[Monitored]()
    bench.run({"mine": three(replies)})
    heaters = bench.instrument(Chip).core.design.active.nonzero()[0]
    found, true = gradient(replies), differences(bench, heaters)
    assert found.shape == heaters.shape
    assert np.corrcoef(found, true)[0, 1] > 0.999
    assert np.abs(found - true).max() > 1e-4


def test_a_forward_pass_reads_what_forward_reads_noise_included() -> None:
    chip = ChipConfig(monitors=MonitorConfig(fitted=True))
    seen: list[Any] = []

    def asking(command: Any) -> Controller:
        seen.append((yield command))

    for command in (Monitor("forward", BATCH), Forward(BATCH)):
        bench_of(chip).run({"mine": asking(command)})
    monitored, reading = seen
    assert isinstance(reading, Reading)
    np.testing.assert_allclose(monitored.outputs, reading.outputs, rtol=0, atol=1e-9)
    assert monitored.saturated == reading.saturated


def test_monitors_read_with_the_noise_and_the_steps_that_are_configured() -> None:
    noisy = MonitorConfig(fitted=True, thermal_noise_a_per_sqrt_hz=1e-11, adc_bits=0)
    outcomes = []
    for monitors in (SILENT.model_copy(update={"tapped_fraction": 0.01}), noisy):
        chip = quiet().model_copy(update={"monitors": monitors})
        replies: list[Monitored] = []
        bench_of(chip).run({"mine": three(replies)})
        outcomes.append(replies[0].intensities)
    spread = outcomes[1] - outcomes[0]
    light_w = chip.laser.power_w_per_wavelength / 3 * 0.5 / SIZES[0] / 16
    symbols = chip.receiver.averages
    charge = 0.5 * 0.01 * light_w * SAMPLES * symbols / 1e9
    expected = 1e-11 * math.sqrt(SAMPLES / 8 * symbols / 1e9 / 2) / charge
    first = slice(0, 30)  # the first layer's; later ones have other numbers of modulators
    assert spread[first].std() == pytest.approx(expected, rel=0.4)
    coarse = quiet().model_copy(update={"monitors": SILENT.model_copy(update={"adc_bits": 6})})
    replies = []
    bench_of(coarse).run({"mine": three(replies)})
    steps = replies[0].intensities / (64.0 / 63)
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-12)


def test_a_monitor_saturates_at_its_full_scale_and_says_so() -> None:
    small = SILENT.model_copy(update={"adc_bits": 8, "full_scale": 0.1})
    replies: list[Monitored] = []
    bench_of(quiet().model_copy(update={"monitors": small})).run({"mine": three(replies)})
    assert replies[0].saturated > 0
    assert replies[0].intensities.max() == pytest.approx(0.1, rel=1e-12)


def test_a_pass_takes_the_steps_of_a_reading_and_one_for_the_monitors() -> None:
    chip, host = ChipConfig(monitors=MonitorConfig(fitted=True)), HostConfig()
    heaters = int(random_design(SIZES, 1, active=0.5).active.sum())
    work = {
        "light": 0,
        "samples": 32,
        "upload": 1,
        "modes": 6,
        "classes": 3,
        "layers": 3,
        "monitors": heaters,
    }
    plain = chip_plan(chip, host, "forward", work)
    steps = {light: chip_plan(chip, host, "monitor", {**work, "light": light}).steps for light in range(3)}
    names = [[f"{step.resource}.{step.activity}" for step in steps[light]] for light in range(3)]
    reading = ["link.request", "optics.symbols", "receiver.detection", "receiver.adc"]
    ending = ["monitors.read", "link.readout", "host.think"]
    assert names[0] == ["link.upload", *reading, *ending]
    assert names[1] == ["link.upload", *reading, *ending]
    assert names[2] == ["link.upload", "link.request", "optics.symbols", *ending]
    by_name = dict(zip(names[0], steps[0], strict=True))
    assert by_name["monitors.read"].ps == 10_000_000
    assert by_name["optics.symbols"] == plain.steps[2]
    more_bits = heaters * chip.link.bits_per_sample
    assert by_name["link.readout"].ps - plain.steps[5].ps == pytest.approx(more_bits / 16e9 * 1e12, abs=1)
    assert steps[1][0].ps == pytest.approx((1e-6 + 32 * 3 * 16 / 16e9) * 1e12, abs=1)  # the errors


def test_rows_last_as_long_as_their_plans_and_every_pass_is_a_query() -> None:
    lab = SmallLab(ChipConfig(monitors=MonitorConfig(fitted=True)), HostConfig())
    batch = random_batch(12, 6)
    errors = stream(0, "tests/errors").standard_normal((12, 3)).astype(np.float32)

    def passing() -> Controller:
        yield Monitor("forward", batch)
        yield Monitor("adjoint", batch, errors)
        yield Monitor("both", batch)

    outing = lab.run(passing)
    assert outing.result.queries == 3
    for row in rows_of(outing):
        assert row[DONE] - row[STARTED] == sum(step.ps for step in outing.rows.plans[row[PLAN]])
    (place, kept), *others = outing.rows.vectors
    assert (place, others) == (1, [])
    np.testing.assert_array_equal(kept, errors)


def test_monitors_draw_their_power_and_their_modulators_serve_the_outputs_too() -> None:
    design, host = random_design((3, 4, 9), 0, active=0.5), HostConfig()
    energies = []
    for fitted in (False, True):
        chip = ChipConfig(monitors=MonitorConfig(fitted=fitted), inputs=InputConfig())
        result = Bench({"chip": Stand(chip, design), "host": Stand(host)}, 0).run({"mine": waiting()})
        energies.append({k: v / result.elapsed_s for k, v in result.energy_by_component_j.items()})
    assert "chip.monitors" not in energies[0]
    assert energies[1]["chip.monitors"] == pytest.approx(1e-3 * design.active.sum(), rel=1e-9)
    ratio = energies[1]["chip.modulators"] / energies[0]["chip.modulators"]
    assert ratio == pytest.approx(9 / 4, rel=1e-9)


def waiting() -> Controller:
    yield SetPhases([], [])


def test_taps_cost_light_which_receivers_make_up_for_at_the_price_of_noise() -> None:
    def gains(monitors: MonitorConfig) -> tuple[float, ...]:
        chip = ChipConfig(monitors=monitors, receiver=ReceiverConfig())
        return tuple(bench_of(chip).instrument(Chip).core.gains)

    assert gains(MonitorConfig()) == (1.0, 1.0, 1.0)
    assert min(gains(MonitorConfig(fitted=True, tapped_fraction=0.05))) > 1.05


def refusal(chip: ChipConfig, *commands: Any) -> str:
    def asking() -> Controller:
        for command in commands:
            try:
                yield command
            except CommandError as error:
                told.append(str(error))

    told: list[str] = []
    bench_of(chip).run({"mine": asking()})
    assert len(told) == 1
    return told[0]


def test_a_chip_without_monitors_says_what_would_fit_them() -> None:
    assert "allowed: chip.monitors.fitted = true" in refusal(ChipConfig(), Monitor("forward", BATCH))


def test_later_passes_go_with_the_forward_pass_of_their_batch() -> None:
    chip = ChipConfig(monitors=MonitorConfig(fitted=True))
    other = Batch(1, random_batch(SAMPLES, SIZES[0], 1).inputs, LABELS)
    errors = np.ones((SAMPLES, SIZES[-1]), dtype=np.float32)
    forward, adjoint = Monitor("forward", BATCH), Monitor("adjoint", BATCH, errors)
    assert "a 'forward' pass of the same batch" in refusal(chip, adjoint)
    assert "a 'forward' pass" in refusal(chip, forward, Monitor("adjoint", other, errors))
    assert "an 'adjoint' pass" in refusal(chip, forward, Monitor("both", BATCH))
    assert "an 'adjoint' pass" in refusal(chip, forward, adjoint, forward, Monitor("both", BATCH))


def test_errors_have_the_shape_and_type_of_a_mini_batch_of_outputs() -> None:
    chip = ChipConfig(monitors=MonitorConfig(fitted=True))
    forward = Monitor("forward", BATCH)
    bad: list[Any] = [
        None, np.ones((SAMPLES, 3)), np.ones((SAMPLES, 2), dtype=np.float32),
        np.full((SAMPLES, 3), np.nan, dtype=np.float32), [[1.0]],
    ]  # fmt: skip
    for errors in bad:
        assert "allowed: float32 (40, 3)" in refusal(chip, forward, Monitor("adjoint", BATCH, errors))


def test_noise_without_any_light_to_read_is_refused_before_anything_runs() -> None:
    chip = ChipConfig(monitors=MonitorConfig(fitted=True, tapped_fraction=0.0))
    with pytest.raises(PhysicsError, match="tapped_fraction"):
        bench_of(chip)


def test_layers_that_take_patches_of_pictures_have_no_monitors() -> None:
    plain = random_design((8, 5, 3), 1)
    design = Design(plain.layers, plain.active, (Patches.whole(2, 2, 2), Patches.vector(5)))
    chip = ChipConfig(monitors=MonitorConfig(fitted=True))
    with pytest.raises(ConfigError, match="layers that take whole vectors"):
        Bench({"chip": Stand(chip, design)}, 0)
