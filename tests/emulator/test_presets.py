"""The shipped presets: complete, sourced line by line, accepted, consistent with the numbers they quote."""

import math
import re
from collections.abc import Iterator
from importlib.resources import files

import pytest

from emulator.config.models import (
    PresetModel,
    Tree,
    build,
    digest,
    parse_toml,
    paths,
    preset,
    preset_names,
    to_toml,
)
from emulator.errors import ConfigError
from emulator.instruments.chip.channels import Channels, idle_w
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.gpu.config import GpuConfig
from emulator.instruments.gpu.timing import kernel_time
from emulator.instruments.host.config import HostConfig
from emulator.instruments.host.host import compute_s, host_plan
from emulator.instruments.instrument import Stand
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import FrameBudget, OpuDesign, costs_of, frame_budget

MODELS: dict[str, type[PresetModel]] = {
    "chip": ChipConfig,
    "gpu": GpuConfig,
    "host": HostConfig,
    "opu": OpuConfig,
}
PRESETS = [(kind, name) for kind in MODELS for name in preset_names(kind)]
SOURCE = re.compile(
    r"# (?:paper [^:]+|repo [^:]+|press [^:]+|datasheet [^:]+|computed|assumed(?: \(unverified\))?|option): \S.*"
)

RATES = {"camera.frame_rate_hz", "camera.rate_limit_hz", "camera.rates"}
ABSENT: dict[str, set[str]] = {
    "chip": {"heaters.dead", "noise"},
    "gpu": set(),
    "host": set(),
    "opu": RATES | {"camera.roi_rows", "camera.speckle", "pcie.deadline_s"},
}
"""Keys that a preset may leave out: None or nothing is what they mean then."""


def text_of(kind: str, name: str) -> str:
    return (files("emulator") / "presets" / kind / f"{name}.toml").read_text(encoding="utf-8")


def keys(tree: Tree, prefix: str = "") -> Iterator[str]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from keys(value, f"{prefix}{key}.")
        else:
            yield prefix + key


def chip(name: str) -> ChipConfig:
    return build(ChipConfig, {"preset": name}, "test")


def opu(name: str) -> OpuConfig:
    return build(OpuConfig, {"preset": name}, "test")


def test_every_instrument_that_is_configured_has_presets() -> None:
    """Otherwise the rules below would hold of nothing."""
    assert {kind for kind, _ in PRESETS} == MODELS.keys()


def test_an_unknown_kind_or_name_is_refused_with_what_there_is() -> None:
    with pytest.raises(ConfigError, match="'chips' is not a kind of preset; allowed: chip, gpu, host, opu"):
        preset_names("chips")
    with pytest.raises(
        ConfigError, match=r"allowed: gpu_p100, ideal, workstation; did you mean 'workstation'\?"
    ):
        preset("host", "workstaton")


@pytest.mark.parametrize(("kind", "name"), PRESETS)
def test_a_shipped_preset_is_accepted(kind: str, name: str) -> None:
    model = build(MODELS[kind], {"preset": name}, "test")
    assert model.preset == name
    assert build(MODELS[kind], parse_toml(to_toml(model), "x"), "x") == model


@pytest.mark.parametrize(("kind", "name"), PRESETS)
def test_a_preset_sets_every_number_so_that_none_comes_without_a_source(kind: str, name: str) -> None:
    expected = {key for key, _ in paths(MODELS[kind]) if key != "preset"}
    missing = expected.symmetric_difference(keys(preset(kind, name)))
    assert missing <= ABSENT[kind]


def test_every_unit_has_exactly_one_word_on_its_frame_rate() -> None:
    """A beat, a limit or a table; what a preset leaves out is an option that is off, never a number."""
    for name in preset_names("opu"):
        camera = opu(name).camera
        words = camera.frame_rate_hz is not None, camera.rate_limit_hz is not None, camera.rates != ()
        assert sum(words) == 1, name


@pytest.mark.parametrize(("kind", "name"), PRESETS)
def test_every_line_with_a_value_ends_with_its_source(kind: str, name: str) -> None:
    rows_of_tables = ("#", "[", " ", "]")  # a table's source stands where it opens
    lines = [
        line for line in text_of(kind, name).splitlines() if line and not line.startswith(rows_of_tables)
    ]
    assert lines
    unsourced = [line for line in lines if not SOURCE.fullmatch(line[line.find("#") :])]
    assert unsourced == []


@pytest.mark.parametrize(("kind", "name"), PRESETS)
def test_a_preset_opens_with_what_it_is_and_keeps_to_ascii(kind: str, name: str) -> None:
    text = text_of(kind, name)
    assert text.startswith("# ")
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= 119


def test_presets_differ_from_each_other() -> None:
    digests = {digest(build(MODELS[kind], preset(kind, name), "x")) for kind, name in PRESETS}
    assert len(digests) == len(PRESETS)


def test_a_caller_cannot_change_a_preset() -> None:
    preset("chip", "paper").clear()
    assert preset("chip", "paper")


def test_the_defaults_are_doped_si_and_workstation() -> None:
    assert ChipConfig(preset="doped_si").model_dump(exclude={"preset"}) == ChipConfig().model_dump(
        exclude={"preset"}
    )
    assert HostConfig(preset="workstation").overhead_s == HostConfig().overhead_s
    assert HostConfig(preset="workstation").idle_power_w == HostConfig().idle_power_w
    assert HostConfig(preset="workstation").active_power_w == HostConfig().active_power_w


def test_the_paper_preset_holds_the_numbers_of_the_paper_and_an_ideal_receiver() -> None:
    paper = chip("paper")
    heaters = paper.heaters
    assert (heaters.dynamics, heaters.coupling, heaters.sigma_kind) == ("instant", "omega", "absolute")
    assert (heaters.omega, heaters.sigma_gamma, paper.mesh.sigma_max) == (2e-3, 2e-3, 3.0)
    assert (paper.dac.bits, paper.dac.domain, paper.activation_clip) == (0, "phase", 4.0)
    receiver = paper.receiver
    assert (receiver.shot_noise, receiver.thermal_noise_a_per_sqrt_hz, receiver.adc_bits) == (False, 0.0, 0)


@pytest.mark.parametrize("name", ["doped_si", "soi_bridge", "generic_heater", "undercut"])
def test_a_dynamic_preset_waits_about_five_time_constants(name: str) -> None:
    heaters = chip(name).heaters
    assert heaters.dynamics == "dynamic"
    assert heaters.settle_s == pytest.approx(5 * heaters.tau_s, rel=0.02)


def test_quoted_numbers_follow_from_their_sources() -> None:
    heaters = chip("doped_si").heaters
    assert heaters.tau_s == pytest.approx(1 / (2 * math.pi * 130.0e3), rel=5e-3)
    assert heaters.gamma_rad_per_v2 == pytest.approx(math.pi / 4.36**2, rel=1e-3)
    near = heaters.contact_coupling * math.exp(-heaters.decay_per_m * heaters.pair_pitch_m)
    assert near == pytest.approx(heaters.omega, rel=0.05)
    at_reach = heaters.contact_coupling * math.exp(-heaters.decay_per_m * heaters.reach_m)
    assert at_reach == pytest.approx(1e-4, rel=0.1)
    bridge = chip("soi_bridge").heaters
    assert bridge.gamma_rad_per_v2 == pytest.approx(math.pi / 2.137**2, rel=1e-3)
    dense = bridge.contact_coupling * math.exp(-bridge.decay_per_m * bridge.pair_pitch_m)
    assert dense == pytest.approx(bridge.omega, rel=0.05)
    assert chip("undercut").heaters.tau_s == pytest.approx(780e-6 / 2.2, rel=5e-3)
    assert chip("lab_loop").heaters.gamma_rad_per_v2 == pytest.approx(2 * math.pi / 4.25**2, rel=1e-3)


def test_borrowed_spreads_are_the_papers_as_a_fraction() -> None:
    paper = chip("paper").heaters
    fraction = paper.sigma_gamma / paper.gamma_rad_per_v2
    for name in ("soi_bridge", "lab_loop"):
        heaters = chip(name).heaters
        assert heaters.sigma_kind == "relative"
        assert heaters.sigma_gamma == pytest.approx(fraction, rel=5e-3)


def test_electronics_powers_follow_from_their_sources_and_add_up_for_the_papers_network() -> None:
    doped = chip("doped_si")
    symbol_j, conversion_j = 450e-15 + 50e-3 / 14e9, 14.8e-3 / 10e9
    assert doped.inputs.energy_j_per_symbol == pytest.approx(symbol_j, rel=1e-4)
    assert doped.receiver.energy_j_per_symbol == pytest.approx(conversion_j)
    drawn = idle_w(Stand(doped, Channels(modulators=64, receivers=24, drivers=3223)))
    assert drawn["chip.modulators"] == pytest.approx(2.06, rel=1e-3)
    assert drawn["chip.receivers"] == pytest.approx(0.86, rel=1e-3)
    assert drawn["chip.dac"] == pytest.approx(1.0, rel=1e-3)
    assert drawn["chip.laser"] == pytest.approx(8 * 23.5e-3 / 0.2)


def query_s(chip_config: ChipConfig, host: HostConfig) -> float:
    """Return the time of one query: host, link both ways, DAC, settling, light, readout."""
    batch, layers, outputs = 32, 3, 10
    link, inputs, receiver = chip_config.link, chip_config.inputs, chip_config.receiver
    up_s = link.latency_s + link.bits_per_setpoint / link.rate_bit_per_s
    down_s = link.latency_s + batch * outputs * link.bits_per_sample / link.rate_bit_per_s
    symbols_s = math.ceil(batch / inputs.wavelengths) * receiver.averages / inputs.symbol_rate_hz
    light_s = layers * (symbols_s + receiver.detection_s + receiver.adc_s)
    return host.overhead_s + up_s + chip_config.dac.update_s + chip_config.heaters.settle_s + light_s + down_s


def test_a_query_on_doped_si_takes_ten_to_twenty_microseconds() -> None:
    assert chip("doped_si").heaters.settle_s == 6e-6
    assert 10e-6 < query_s(chip("doped_si"), HostConfig(preset="workstation")) < 20e-6


def test_a_query_in_the_laboratory_takes_seconds() -> None:
    assert 1.0 < query_s(chip("lab_loop"), HostConfig(preset="workstation")) < 10.0


def test_the_ideal_host_costs_nothing() -> None:
    host = HostConfig(preset="ideal")
    assert (host.overhead_s, host.idle_power_w, host.active_power_w) == (0.0, 0.0, 0.0)
    assert (host.launch_s, host.frame_power_w) == (0.0, 0.0)
    (step,) = host_plan(host, host, "forward", {"flops": 10**9, "bytes": 10**9}).steps
    assert step[:2] == ("host", "forward")
    assert step.ps <= 1


def test_the_p100_does_the_published_product_in_the_published_time() -> None:
    """Two real products of 1,000 vectors by 10,000 x 10,000 took 0.051 s, the sum of squares included."""
    host, flops = HostConfig(preset="gpu_p100"), 2 * 2 * 10_000 * 10_000 * 1000
    assert compute_s(host, flops, 0.0) == pytest.approx(0.051, rel=0.1)
    assert kernel_time(GpuConfig(preset="p100"), {"flops": flops}).total_s == pytest.approx(0.051, rel=0.12)


@pytest.mark.parametrize(
    ("vectors", "inputs", "outputs", "seconds"),
    [
        (3000, 50_000, 50_000, 1.68),
        (1000, 30_000, 30_000, 0.205),
        (20, 42_000, 42_000, 0.0166),
        (1, 3_162_277, 3, 0.029),
        (1, 3, 10_000_000, 0.0070),
        (1, 31_622, 31_622, 0.0094),
    ],
)
def test_the_p100_takes_what_public_timings_of_products_took(
    vectors: int, inputs: int, outputs: int, seconds: float
) -> None:
    """repo joneswack/opu-kernel-experiments at a37bc6a: single rows, within 15 %."""
    one = vectors == 1
    work = {
        "flops": 2 * vectors * inputs * outputs,
        "bytes": 4 * (vectors * inputs + inputs * outputs + vectors * outputs),
        "launches": 1,
        "summed": inputs if one else 0,
        "made": outputs if one else 0,
    }
    assert kernel_time(GpuConfig(preset="p100"), work).total_s == pytest.approx(seconds, rel=0.15)


def test_a_p100_in_long_products_draws_what_was_measured() -> None:
    for card in (HostConfig(preset="gpu_p100").active_power_w, GpuConfig(preset="p100").busy_power_w):
        assert card == pytest.approx(203, abs=30)


def test_the_default_gpu_is_the_one_that_was_measured() -> None:
    measured = GpuConfig(preset="p100").model_dump(exclude={"preset"})
    assert GpuConfig().model_dump(exclude={"preset"}) == measured
    assert len(preset_names("gpu")) >= 8


def rated(name: str, host: str = "workstation") -> tuple[OpuConfig, FrameBudget]:
    """Return a unit and what a frame takes at its rated size, on the mode that its preset chooses."""
    config = opu(name)
    design = OpuDesign(config.rated_inputs, config.rated_outputs)
    return config, frame_budget(config, HostConfig(preset=host), design)


def tera_ops(name: str) -> float:
    """Return 2 * inputs * outputs * frames per second in units of 1e12: a multiplication and an addition each."""
    config, budget = rated(name)
    return 2e-12 * config.rated_inputs * config.rated_outputs * budget.rate_hz


@pytest.mark.parametrize("name", preset_names("opu"))
def test_a_unit_builds_at_its_rated_size_and_all_stages_keep_up_with_its_clock(name: str) -> None:
    config, budget = rated(name)
    assert config.dmd.rows * config.dmd.columns == config.rated_inputs
    assert budget.pixels == config.rated_outputs * costs_of(config).pixels
    assert budget.sustained_hz == budget.rate_hz
    assert budget.binds in {"clock", "readout"}


def test_the_units_frame_rates_and_tera_operations_are_the_published_ones() -> None:
    assert rated("light_in_the_loop")[1].rate_hz == 1500.0
    assert rated("opu_gen2")[1].rate_hz == 2000.0
    assert rated("opu_gen3")[1].rate_hz == 1900.0
    assert tera_ops("light_in_the_loop") == pytest.approx(312, rel=1e-3)
    assert tera_ops("full_frame") == pytest.approx(1500, rel=0.03)


def test_the_whole_sensor_is_read_a_little_slower_than_its_makers_count() -> None:
    """1088 rows and 12 of overhead at 2.6875 us, and 50 us between frames: 332.6 Hz, not the maker's 340."""
    config, budget = rated("full_frame")
    assert budget.rows == 1088
    assert budget.rate_hz == pytest.approx(1 / (1100 * 2.6875e-6 + 50e-6), rel=1e-12)
    assert budget.rate_hz == pytest.approx(332.6, abs=0.05)
    assert config.camera.rate_limit_hz == 340.0
    assert budget.binds == "readout"
    assert tera_ops("full_frame") == pytest.approx(1535, abs=1)


@pytest.mark.parametrize(
    ("inputs", "outputs", "rate_hz"),
    [
        (145_000, 81_000, 8000.0),
        (145_001, 81_000, 6300.0),
        (145_000, 81_001, 3800.0),
        (583_000, 163_000, 3800.0),
        (583_001, 1, 1900.0),
        (1, 326_001, 1000.0),
        (1_039_680, 600_001, 340.0),
    ],
)
def test_the_third_generation_has_the_rate_of_the_first_row_that_holds_the_size(
    inputs: int, outputs: int, rate_hz: float
) -> None:
    budget = frame_budget(opu("opu_gen3"), HostConfig(), OpuDesign(inputs, outputs))
    assert budget.rate_hz == rate_hz
    assert budget.binds == "clock"


def test_a_size_that_no_row_holds_is_refused_with_the_largest() -> None:
    with pytest.raises(ConfigError, match="allowed: up to 1039680 inputs and 2219520 pixels"):
        frame_budget(opu("opu_gen3"), HostConfig(), OpuDesign(1_039_681, 1))


def test_off_axis_light_in_the_loop_spends_the_pixels_that_its_rate_allows() -> None:
    """At 1.5 kHz the sensor gives 217 rows; 1e5 outputs off axis, of four columns each, need 197 of them."""
    config, budget = rated("light_in_the_loop")
    columns = config.camera.columns
    assert budget.rows == math.ceil(100_000 / (columns // 4)) == 197
    readout_s = (budget.rows + config.camera.overhead_rows) * config.camera.row_s
    assert budget.readout_s == pytest.approx(readout_s + config.camera.gap_s)
    assert budget.readout_s < 1 / 1500
