"""How many modulators, receivers and heater drivers a chip has, and what it draws for them all the time.

One bank of modulators and one of receivers serve the layers in turn, so that each has as many ports as the widest
layer, and every port a channel for each wavelength. An active heater has a driver, and a wavelength has a laser.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.config.models import Tree
from emulator.errors import ConfigError
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.chip.fabrication import (
    Design,
    Ports,
    check_dead,
    heater_strengths,
    receiver_parameters,
)
from emulator.instruments.chip.timing import SEQUENCER
from emulator.instruments.instrument import Stand
from emulator.physics.chip.laser import electrical_power_w

__all__ = ["PORTS", "Channels", "channels_of", "check", "idle_w", "ports_of", "told", "with_totals_moved"]

PORTS: Final = "ports"
"""The state of a trace that holds the inputs and outputs of every layer."""

_ACTIVE: Final = "active"
_TOTALS: Final = ("dac", "inputs", "receiver")


class Channels(NamedTuple):
    """Say how many ports a chip has, and how many driven heaters; None is what a trace does not tell.

    ``ports`` are inputs and outputs of each layer; of ``devices`` the ``active`` ones have a heater.
    """

    modulators: int | None
    receivers: int | None
    drivers: int | None
    ports: tuple[Ports, ...] = ()
    active: frozenset[int] = frozenset()
    devices: int = 0


_UNKNOWN: Final = Channels(None, None, None)


def ports_of(design: Design) -> NDArray[np.int64]:
    """Return inputs and outputs of every layer, (layers, 2)."""
    return np.array([layer.shape[::-1] for layer in design.layers], dtype=np.int64)


def channels_of(design: Design | Channels | None) -> Channels:
    """Return the channels of a chip of ``design``, which may be as much of it as a trace tells."""
    if design is None or isinstance(design, Channels):
        return design or _UNKNOWN
    return _counted(ports_of(design), design.active)


def told(config: ChipConfig, states: Mapping[str, NDArray[Any]], design: object) -> Channels:
    """Return what the ``states`` of a trace tell of a chip's channels."""
    del config, design
    active = states.get(_ACTIVE)
    if active is None or PORTS not in states:
        return Channels(None, None, None if active is None else int(active.sum()))
    return _counted(states[PORTS], active)


def _counted(ports: NDArray[np.int64], active: NDArray[Any]) -> Channels:
    inputs, outputs = ports.max(axis=0).tolist()
    heated = frozenset(np.flatnonzero(active).tolist())
    return Channels(
        inputs, outputs, len(heated), tuple(Ports(*pair) for pair in ports.tolist()), heated, active.size
    )


def check(stand: Stand, host: object) -> None:
    """Raise ``ConfigError`` or ``PhysicsError`` for a chip that cannot be built, as far as it is known."""
    del host
    config: ChipConfig = stand.config
    channels = channels_of(stand.design)
    if channels.ports:
        receiver_parameters(config, channels.ports, [1.0] * len(channels.ports))
        check_dead(config.heaters.dead, channels.active, channels.devices)
    heater_strengths(config.heaters)
    idle_w(Stand(config, channels))


def idle_w(stand: Stand) -> Mapping[str, float]:
    """Return what each component but the heaters draws all the time, in watts.

    Raises ``ConfigError`` where channels draw power and nothing says how many there are.
    """
    config: ChipConfig = stand.config
    channels = channels_of(stand.design)
    dac, inputs, receiver, laser = config.dac, config.inputs, config.receiver, config.laser
    monitors, ports = config.monitors, channels.modulators
    if monitors.fitted and ports is not None:  # modulators send light backwards from the outputs, too
        ports = max(ports, channels.receivers or 0)
    rate_hz, colours = inputs.symbol_rate_hz, inputs.wavelengths
    modulator_w = inputs.power_w_per_channel + rate_hz * inputs.energy_j_per_symbol
    receiver_w = receiver.power_w_per_channel + rate_hz * receiver.energy_j_per_symbol
    optical_w = laser.power_w_per_wavelength * colours
    return {
        "chip.dac": dac.shared_power_w + _bank_w("dac", dac.power_w_per_channel, channels.drivers, 1),
        "chip.modulators": inputs.shared_power_w + _bank_w("inputs", modulator_w, ports, colours),
        "chip.receivers": receiver.shared_power_w
        + _bank_w("receiver", receiver_w, channels.receivers, colours),
        "chip.laser": electrical_power_w(optical_w, laser.wall_plug_efficiency),
        SEQUENCER: 0.0,
    } | (
        {"chip.monitors": _bank_w("monitors", monitors.power_w_per_channel, channels.drivers, 1)}
        if monitors.fitted
        else {}
    )


def _bank_w(section: str, each_w: float, ports: int | None, colours: int) -> float:
    if each_w == 0.0:
        return 0.0
    if ports is None:
        raise ConfigError(
            f"chip.{section}: {each_w:g} W a channel, but nothing says how many the chip has (old traces do not); "
            f"allowed: chip.{section}.shared_power_w, a total, or a new run"
        )
    return each_w * ports * colours


def with_totals_moved(section: Mapping[str, object]) -> Tree:
    """Return the section [chip] of an older trace, whose powers are totals, as one that draws the same."""
    tree: Tree = dict(section)
    for name in _TOTALS:
        part = tree.get(name)
        if isinstance(part, dict) and "power_w" in part:
            kept = {key: value for key, value in part.items() if key != "power_w"}
            tree[name] = kept | {"power_w_per_channel": 0.0, "shared_power_w": part["power_w"]}
            if name != "dac":
                tree[name] = {**tree[name], "energy_j_per_symbol": 0.0}  # type: ignore[dict-item]
    return _with_lasers_moved(tree)


def _with_lasers_moved(tree: Tree) -> Tree:
    laser, inputs = tree.get("laser"), tree.get("inputs")
    if not isinstance(laser, dict) or "power_w" not in laser:
        return tree
    colours = inputs.get("wavelengths", 1) if isinstance(inputs, dict) else 1
    kept = {key: value for key, value in laser.items() if key != "power_w"}
    total = laser["power_w"]
    each = (
        total / colours if isinstance(total, int | float) and isinstance(colours, int) and colours else total
    )
    return tree | {"laser": kept | {"power_w_per_wavelength": each}}
