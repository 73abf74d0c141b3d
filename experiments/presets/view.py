"""The presets as a list with their key numbers, or one of them as it is written; it changes none."""

import math
from collections.abc import Callable, Mapping
from importlib.resources import files
from itertools import pairwise

from rich.console import Console
from rich.text import Text

import emulator
from emulator.config.files import names_file, preset_file
from emulator.config.models import PresetModel, build, preset_names
from emulator.config.places import expanded
from emulator.config.toml import read_toml
from emulator.errors import ConfigError, nearest
from emulator.instruments.chip.channels import Channels, idle_w
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.chip.timing import chip_plan
from emulator.instruments.gpu.config import GpuConfig
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Stand
from emulator.instruments.opu.config import OpuConfig
from emulator.units import format_si, ps_to_s
from experiments.output.tables import Column, Table, table_of
from experiments.output.terminal import show
from experiments.presets.opu_rating import OpuRating, opu_preset, rate_opu

__all__ = ["NETWORK", "idle_power_w", "preset_text", "query_time_s", "show_presets"]

NETWORK = (64, 24, 24, 10)
"""Layer sizes of the network that query times are given for."""

_MODELS: Mapping[str, type[PresetModel]] = {
    "chip": ChipConfig,
    "gpu": GpuConfig,
    "host": HostConfig,
    "opu": OpuConfig,
}

BATCH = 32
"""Samples of the mini-batch that query times are given for."""

GRABBER = "workstation"
"""Preset of the host that turns the units' frames into numbers."""


def preset_text(kind: str, name: str) -> str:
    """Return the preset ``name`` of ``kind``, shipped or a file, as it is written; raises ``ConfigError``.

    A file is checked first, and the lines above it say what was found.
    """
    names = preset_names(kind)
    if name in names:
        return (files(emulator) / "presets" / kind / f"{name}.toml").read_text(encoding="utf-8")
    if not names_file(name):
        hint = nearest(name, names)
        raise ConfigError(
            f"{name[:60]!r} is not a {kind} preset; allowed: {', '.join(names)}{hint and f'; {hint}'}"
        )
    path = expanded(name)
    section = preset_file(_MODELS[kind], path)
    base, text = read_toml(path).get("preset"), path.read_text(encoding="utf-8-sig")
    from_base = f"on top of the shipped {base}" if base else "of which it gives every number"
    head = f"# {path.name}: a {kind} preset, {from_base}\n# in a trace: preset = {section['preset']!r}\n\n"
    return head + text + ("" if text.endswith("\n") else "\n")


def show_presets(kind: str | None, console: Console) -> None:
    """Print the presets of ``kind``, or of all kinds; raises ``ConfigError`` when there is no such kind."""
    if kind not in (None, *_SECTIONS):
        preset_names(str(kind))  # refuses it and says which kinds there are
    for name, section in _SECTIONS.items():
        if kind in (None, name):
            section(console)


def _show(kind: str, table: Table, console: Console) -> None:
    show(table, console)
    console.print()
    for name in preset_names(kind):
        first = preset_text(kind, name).splitlines()[0].removeprefix("#").strip()
        console.print(Text.assemble((f"{name}: ", "bold"), first))
    console.print()


def query_time_s(chip: ChipConfig, sequencer: bool = False) -> float:
    """Return how long one heater's setting, settling and reading hold ``chip``, in seconds.

    The network is ``NETWORK`` and the mini-batch of ``BATCH`` samples lies on the chip already. With ``sequencer``
    it is a query between others of a Sequence.
    """
    work = {
        "heaters": 1,
        "samples": BATCH,
        "upload": 0,
        "modes": NETWORK[0],
        "classes": NETWORK[-1],
        "layers": len(NETWORK) - 1,
    }
    place = {"sequencer": 1, "first": 0, "last": 0, "visits": 0, "decides": 1} if sequencer else {}
    return ps_to_s(chip_plan(chip, HostConfig(), "probe", {**work, **place}).free_ps)


def idle_power_w(chip: ChipConfig) -> float:
    """Return what ``chip`` draws for ``NETWORK`` with its heaters off, in watts; every phase has a driver."""
    phases = sum(one * other for one, other in pairwise(NETWORK))
    channels = Channels(max(NETWORK[:-1]), max(NETWORK[1:]), phases)
    return math.fsum(idle_w(Stand(chip, channels)).values())


def _show_chips(console: Console) -> None:
    _show("chip", _chips(), console)
    layers = "-".join(map(str, NETWORK))
    console.print(
        f"query: one heater set and settled, {layers} read with {BATCH} samples; without the host.\n"
        "on chip: the same by the chip's sequencer, without a link. idle: all but heaters and host.\n"
        "It has a driver for every phase, and as many ports as the widest layer.\n",
        highlight=False,
    )


def _show_hosts(console: Console) -> None:
    _show("host", _hosts(), console)


def _show_gpus(console: Console) -> None:
    gpus = [(name, build(GpuConfig, {"preset": name}, f"preset gpu/{name}")) for name in preset_names("gpu")]
    rows = (
        (
            name,
            format_si(gpu.flops_per_s * gpu.arithmetic_efficiency, "", 3),
            format_si(gpu.half_flops_per_s * gpu.arithmetic_efficiency, "", 3),
            format_si(gpu.bytes_per_s * gpu.memory_efficiency, "B/s", 3),
            format_si(gpu.memory_bytes, "B", 3),
            format_si(gpu.launch_s, "s"),
            format_si(gpu.idle_power_w, "W", 3),
            format_si(gpu.busy_power_w, "W", 3),
        )
        for name, gpu in gpus
    )
    headings = ("gpu", "flop/s", "half", "traffic", "memory", "launch", "idle", "busy")
    _show("gpu", table_of("", headings, rows), console)
    console.print("Rates are those reached, efficiency included.\n", highlight=False)


def _show_opus(console: Console) -> None:
    ratings = [(name, _rating(name)) for name in preset_names("opu")]
    _show("opu", _opus(ratings), console)
    lines = (
        f"At the rated size, frames grabbed by the host preset {GRABBER}; acquisitions come on top.",
        "vectors/s: projections, in the preset's encoding and mode. mJ: what the box draws for one.",
        "TeraOPS: 2 x inputs x outputs x frames/s.",
    )
    console.print("\n".join((*lines, *_unreached(ratings), "")), highlight=False)


def _unreached(ratings: list[tuple[str, OpuRating]]) -> list[str]:
    """Return what to say of units whose maker names a higher rate than the camera allows."""
    return [
        f"{name}: {rating.binds} of {rating.rows} rows allows {rating.rate_hz:.1f} Hz; the maker's "
        f"{rating.limit_hz:g} Hz would give {rating.tera_ops_at(rating.limit_hz):,.0f} TeraOPS."
        for name, rating in ratings
        if rating.limit_hz is not None and rating.rate_hz < rating.limit_hz
    ]


def _rating(name: str) -> OpuRating:
    return rate_opu(opu_preset(name), build(HostConfig, {"preset": GRABBER}, f"preset host/{GRABBER}"))


def _chips() -> Table:
    chips = [
        (name, build(ChipConfig, {"preset": name}, f"preset chip/{name}")) for name in preset_names("chip")
    ]
    rows = (
        (
            name,
            format_si(chip.heaters.p_pi_w, "W"),
            format_si(chip.heaters.tau_s, "s") if chip.heaters.dynamics == "dynamic" else "instant",
            format_si(chip.heaters.settle_s, "s"),
            f"{chip.heaters.omega:g}" if chip.heaters.coupling == "omega" else "by spacing",
            format_si(query_time_s(chip), "s", 3),
            format_si(query_time_s(chip, sequencer=True), "s", 3),
            format_si(idle_power_w(chip), "W", 3),
        )
        for name, chip in chips
    )
    return table_of("", ("chip", "P_pi", "tau", "settle", "omega", "query", "on chip", "idle"), rows)


def _hosts() -> Table:
    hosts = [
        (name, build(HostConfig, {"preset": name}, f"preset host/{name}")) for name in preset_names("host")
    ]
    rows = (
        (
            name,
            format_si(host.overhead_s, "s"),
            format_si(host.idle_power_w, "W"),
            format_si(host.active_power_w, "W"),
        )
        for name, host in hosts
    )
    return table_of("", ("host", "a query", "idle", "active"), rows)


def _opus(ratings: list[tuple[str, OpuRating]]) -> Table:
    headings = (
        "opu",
        "inputs",
        "outputs",
        "frames/s",
        Column("binds", words=False),
        "vectors/s",
        "TeraOPS",
        "mJ",
    )
    rows = (
        (
            name,
            format_si(rating.inputs, "", 3),
            format_si(rating.outputs, "", 3),
            f"{rating.rate_hz:,.1f}",
            rating.binds,
            f"{rating.projections_hz:,.1f}",
            f"{rating.tera_ops:,.0f}",
            f"{1e3 * rating.energy_j:.3g}",
        )
        for name, rating in ratings
    )
    return table_of("", headings, rows)


_SECTIONS: dict[str, Callable[[Console], None]] = {
    "chip": _show_chips,
    "gpu": _show_gpus,
    "host": _show_hosts,
    "opu": _show_opus,
}
