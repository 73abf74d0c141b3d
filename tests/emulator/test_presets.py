"""The shipped presets: complete, sourced line by line, accepted, consistent with the numbers they quote."""

import math
import re
from collections.abc import Iterator
from importlib.resources import files

import pytest

from emulator.chip_config import ChipConfig, HostConfig
from emulator.config import PresetModel, Tree, build, digest, parse_toml, paths, preset, preset_names, to_toml
from emulator.errors import ConfigError

MODELS: dict[str, type[PresetModel]] = {"chip": ChipConfig, "host": HostConfig}
PRESETS = [(kind, name) for kind in MODELS for name in preset_names(kind)]
SOURCE = re.compile(
    r"# (?:paper [^:]+|repo [^:]+|datasheet [^:]+|computed|assumed(?: \(unverified\))?|option): \S.*"
)


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


def test_the_presets_are_the_documented_ones() -> None:
    assert preset_names("chip") == (
        "doped_si",
        "generic_heater",
        "lab_loop",
        "paper",
        "soi_bridge",
        "undercut",
    )
    assert preset_names("host") == ("ideal", "workstation")


def test_an_unknown_kind_or_name_is_refused_with_what_there_is() -> None:
    with pytest.raises(ConfigError, match="'chips' is not a kind of preset; allowed: chip, host"):
        preset_names("chips")
    with pytest.raises(ConfigError, match=r"allowed: ideal, workstation; did you mean 'workstation'\?"):
        preset("host", "workstaton")


@pytest.mark.parametrize(("kind", "name"), PRESETS)
def test_a_shipped_preset_is_accepted(kind: str, name: str) -> None:
    model = build(MODELS[kind], {"preset": name}, "test")
    assert model.preset == name
    assert build(MODELS[kind], parse_toml(to_toml(model), "x"), "x") == model


@pytest.mark.parametrize(("kind", "name"), PRESETS)
def test_a_preset_sets_every_number_so_that_none_comes_without_a_source(kind: str, name: str) -> None:
    expected = [key for key, _ in paths(MODELS[kind]) if key != "preset"]
    assert sorted(keys(preset(kind, name))) == sorted(expected)


@pytest.mark.parametrize(("kind", "name"), PRESETS)
def test_every_line_with_a_value_ends_with_its_source(kind: str, name: str) -> None:
    lines = [line for line in text_of(kind, name).splitlines() if line and not line.startswith(("#", "["))]
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


def test_electronics_powers_follow_from_their_channels() -> None:
    doped = chip("doped_si")
    gigasymbols = doped.inputs.symbol_rate_hz / 1e9
    modulator_w = 64 * doped.inputs.wavelengths * (450e-15 * 1e9 + 50e-3 / 14) * gigasymbols
    assert doped.inputs.power_w == pytest.approx(modulator_w, rel=5e-3)
    receiver_w = 24 * doped.inputs.wavelengths * (3e-3 + 14.8e-3 / 10 * gigasymbols)
    assert doped.receiver.power_w == pytest.approx(receiver_w, rel=5e-3)
    assert doped.laser.power_w == pytest.approx(doped.inputs.wavelengths * 23.5e-3)


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
