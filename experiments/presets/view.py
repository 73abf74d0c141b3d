"""The presets as a list with their key numbers, or one of them as it is written; it changes none."""

import math
from collections.abc import Callable
from importlib.resources import files

from rich.console import Console
from rich.table import Table
from rich.text import Text

import emulator
from emulator.config.models import build, preset_names
from emulator.errors import ConfigError, nearest
from emulator.instruments.chip.config import ChipConfig, HostConfig
from emulator.physics.chip.laser import electrical_power_w
from emulator.units import format_si
from experiments.presets.opu_rating import OpuRating, opu_preset, rate_opu

__all__ = ["NETWORK", "idle_power_w", "preset_text", "query_time_s", "show_presets"]

NETWORK = (64, 24, 24, 10)
"""Layer sizes of the network that query times are given for."""

BATCH = 32
"""Samples of the mini-batch that query times are given for."""

GRABBER = "workstation"
"""Preset of the host that turns the units' frames into numbers."""


def preset_text(kind: str, name: str) -> str:
    """Return the preset ``name`` of ``kind`` as it is written; raises ``ConfigError`` when there is none."""
    names = preset_names(kind)
    if name not in names:
        hint = nearest(name, names)
        raise ConfigError(
            f"{name[:60]!r} is not a {kind} preset; allowed: {', '.join(names)}{hint and f'; {hint}'}"
        )
    return (files(emulator) / "presets" / kind / f"{name}.toml").read_text(encoding="utf-8")


def show_presets(kind: str | None, console: Console) -> None:
    """Print the presets of ``kind``, or of all kinds; raises ``ConfigError`` when there is no such kind."""
    if kind not in (None, *_SECTIONS):
        preset_names(str(kind))  # refuses it and says which kinds there are
    for name, section in _SECTIONS.items():
        if kind in (None, name):
            section(console)


def _show(kind: str, table: Table, console: Console) -> None:
    console.print(table)
    console.print()
    for name in preset_names(kind):
        first = preset_text(kind, name).splitlines()[0].removeprefix("#").strip()
        console.print(Text.assemble((f"{name}: ", "bold"), first))
    console.print()


def query_time_s(chip: ChipConfig, sizes: tuple[int, ...] = NETWORK, samples: int = BATCH) -> float:
    """Return how long one heater's setting, settling and reading take on ``chip``, in seconds.

    The mini-batch is on the chip already; ``sizes`` are the network's modes from input to output.
    """
    link, receiver, layers = chip.link, chip.receiver, len(sizes) - 1
    bits = link.bits_per_setpoint + samples * sizes[-1] * link.bits_per_sample
    transfers_s = 3 * link.latency_s + bits / link.rate_bit_per_s  # setpoint, request, readout
    symbols = math.ceil(samples / chip.inputs.wavelengths) * receiver.averages
    layer_s = symbols / chip.inputs.symbol_rate_hz + receiver.detection_s + receiver.adc_s
    return transfers_s + chip.dac.update_s + chip.heaters.settle_s + layers * layer_s


def idle_power_w(chip: ChipConfig) -> float:
    """Return what ``chip`` draws with its heaters off, in watts."""
    laser_w = electrical_power_w(chip.laser.power_w, chip.laser.wall_plug_efficiency)
    return math.fsum((chip.dac.power_w, chip.inputs.power_w, chip.receiver.power_w, laser_w))


def _show_chips(console: Console) -> None:
    _show("chip", _chips(), console)
    layers = "-".join(map(str, NETWORK))
    console.print(
        f"query: one heater set and settled, {layers} read with {BATCH} samples; without the host.\n"
        "idle: all but heaters and host.\n",
        highlight=False,
    )


def _show_hosts(console: Console) -> None:
    _show("host", _hosts(), console)


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
    table = _table("chip", "P_pi", "tau", "settle", "omega", "query", "idle")
    for name in preset_names("chip"):
        chip = build(ChipConfig, {"preset": name}, f"preset chip/{name}")
        heaters = chip.heaters
        table.add_row(
            name,
            format_si(heaters.p_pi_w, "W"),
            format_si(heaters.tau_s, "s") if heaters.dynamics == "dynamic" else "instant",
            format_si(heaters.settle_s, "s"),
            f"{heaters.omega:g}" if heaters.coupling == "omega" else "by spacing",
            format_si(query_time_s(chip), "s", 3),
            format_si(idle_power_w(chip), "W", 3),
        )
    return table


def _hosts() -> Table:
    table = _table("host", "a query", "idle", "active")
    for name in preset_names("host"):
        host = build(HostConfig, {"preset": name}, f"preset host/{name}")
        powers = (format_si(watts, "W") for watts in (host.idle_power_w, host.active_power_w))
        table.add_row(name, format_si(host.overhead_s, "s"), *powers)
    return table


def _opus(ratings: list[tuple[str, OpuRating]]) -> Table:
    table = _table("opu", "inputs", "outputs", "frames/s", "binds", "vectors/s", "TeraOPS", "mJ")
    for name, rating in ratings:
        table.add_row(
            name,
            format_si(rating.inputs, "", 3),
            format_si(rating.outputs, "", 3),
            f"{rating.rate_hz:,.1f}",
            rating.binds,
            f"{rating.projections_hz:,.1f}",
            f"{rating.tera_ops:,.0f}",
            f"{1e3 * rating.energy_j:.3g}",
        )
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right", header_style="bold")
    return table


_SECTIONS: dict[str, Callable[[Console], None]] = {
    "chip": _show_chips,
    "host": _show_hosts,
    "opu": _show_opus,
}
