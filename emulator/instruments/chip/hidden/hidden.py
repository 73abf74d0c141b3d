"""The hidden state of one chip, and what its circuit makes of a change; time and link are others' affair."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.instruments.chip import fabrication
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.chip.hidden.states import LET_GO, LINK, check, parts_of
from emulator.physics.chip import heaters
from emulator.physics.chip.floorplan import Coupling
from emulator.physics.chip.kernels import circuit as c
from emulator.physics.chip.kernels.layers import laser_power
from emulator.physics.chip.kernels.tape import LayerMap
from emulator.physics.gaussian import BLOCK

__all__ = ["Hidden", "Parts"]

Floats = NDArray[np.float64]

_LIGHT: Final = {"substrate": c.SUBSTRATE_DRIFT_RAD, "laser": c.LASER, "laser_noise": c.LASER_NOISE}


class Parts(NamedTuple):
    """Hold what a change may touch, as the circuit has it; arrays are changed in place.

    ``made`` (devices,) are gamma_i/gamma from fabrication, ``gains`` the layers' receiver gains.
    """

    config: ChipConfig
    design: fabrication.Design
    layers: tuple[LayerMap, ...]
    gains: list[float]
    made: Floats
    drivers: Floats
    devices: NDArray[np.int64]
    constants: Floats
    receivers: Floats
    thermal: heaters.ThermalState
    coupling: Coupling


class Hidden:
    """Keep what faults have made of a chip that was built with ``dead`` heaters (devices,)."""

    def __init__(self, parts: Parts, dead: NDArray[np.bool_]) -> None:
        self._parts = parts
        self._factors = np.ones(dead.size)
        self._dead = dead.copy()
        self._lost = np.zeros(dead.size, dtype=np.bool_)
        self._stuck = np.full(dead.size, np.nan)
        self._starts = np.cumsum([0, *(layer.outputs for layer in parts.layers)])
        self.responses = np.stack([np.ones(self._starts[-1]), np.zeros(self._starts[-1])])
        self.scratch = np.empty(BLOCK, dtype=np.float32)
        parts.constants[c.LASER] = 1.0

    def check(self, name: str, index: int, value: float) -> None:
        """Raise ``CommandError`` unless ``change`` can do this."""
        check(name, index, value, self._parts.design.active, self.responses.shape[1])

    def parts(self, name: str) -> NDArray[np.int64]:
        """Return the indices (n,) of the parts that have the state ``name``; none where it has no parts."""
        return parts_of(name, self._parts.design.active, self.responses.shape[1])

    def value(self, name: str, index: int) -> float | None:
        """Return the value of the state ``name`` of the part ``index``; None of a link that is held: it passes."""
        constants, responses = self._parts.constants, self.responses
        if name == LINK:
            return None
        if name in _LIGHT:
            return float(constants[_LIGHT[name]])
        if name in {"responsivity", "offset"}:
            return float(responses[c.RESPONSE if name == "responsivity" else c.OFFSET, index])
        if name == "stuck":
            return LET_GO if np.isnan(self._stuck[index]) else float(self._stuck[index])
        of_heaters = {"dead": self._dead, "gamma": self._factors, "channel": self._lost}
        return float(of_heaters[name][index])

    def change(self, name: str, index: int, value: float, sums: Floats) -> None:
        """Let the state ``name`` of the part ``index`` become ``value``; ``sums`` are the circuit's."""
        constants = self._parts.constants
        if name == "substrate":
            constants[c.SUBSTRATE_DRIFT_RAD] = value
        elif name in {"laser", "laser_noise", "responsivity", "offset"}:
            self._change_light(name, index, value, sums)
        else:
            if name == "gamma":
                self._factors[index] = value
            elif name == "stuck":
                self._stuck[index] = value if value >= 0.0 else np.nan
            else:
                (self._dead if name == "dead" else self._lost)[index] = value == 1.0
            self._change_heater(index, sums)

    def _change_heater(self, index: int, sums: Floats) -> None:
        """Let heat and power of the heater ``index`` follow what is hidden of it."""
        p, dead, stuck = self._parts, bool(self._dead[index]), self._stuck[index]
        p.devices[c.DEAD, index] = int(dead or bool(self._lost[index]) or stuck >= 0.0)
        p.drivers[c.GAIN, index] = 0.0 if dead else p.made[index] * self._factors[index]
        before = p.drivers[c.DRIVEN, index]
        driven = 0.0 if dead else stuck if stuck >= 0.0 else before
        if driven != before:
            sums[c.DRIVEN_RAD] += driven - before
            p.drivers[c.DRIVEN, index] = driven
        heat = float(p.drivers[c.GAIN, index]) * float(driven)  # may overflow, silently
        t, k = p.thermal, p.coupling
        set_heat = heaters.set_heat if p.constants[c.DYNAMIC] else heaters.set_heat_instantly
        set_heat(t.values, t.lists, k.start, k.victims, k.weights, index, heat)

    def _change_light(self, name: str, index: int, value: float, sums: Floats) -> None:
        constants, responses = self._parts.constants, self.responses
        if name == "laser":
            constants[c.LASER] = value
            self._change_noise(value)
        elif name == "laser_noise":
            constants[c.LASER_NOISE] = value
        else:
            responses[c.RESPONSE if name == "responsivity" else c.OFFSET, index] = value
        whole = constants[c.LASER] == 1.0 and constants[c.LASER_NOISE] == 0.0
        constants[c.FAULTY] = not (
            whole and (responses[c.RESPONSE] == 1.0).all() and (responses[c.OFFSET] == 0.0).all()
        )
        sums[c.LIGHT_LASER] = constants[c.LASER]

    def _change_noise(self, power: float) -> None:
        """Let the receivers' noise be that of ``power``: less light has less shot noise, of a smaller signal."""
        p = self._parts
        laser = p.config.laser
        dimmed = laser.model_copy(update={"power_w_per_wavelength": laser.power_w_per_wavelength * power})
        config = p.config.model_copy(update={"laser": dimmed})
        rows = fabrication.receiver_parameters(config, p.layers, p.gains, p.design.feeds)
        p.receivers[:] = np.array([row.row() for row in rows])
        p.receivers[:, 0] *= power**2  # readings are in units of what the laser gave when it was new

    def responded(self, layer: int, light: Floats, power: float) -> Floats:
        """Return what receivers of ``layer`` make of ``light`` (outputs, samples) at a relative laser power."""
        own = self.responses[:, self._starts[layer] : self._starts[layer + 1], np.newaxis]
        return np.asarray(power * own[c.RESPONSE] * light + own[c.OFFSET])

    def power(self, draw: int, key: tuple[int, int]) -> float:
        """Return the laser's relative power in the query ``draw`` of the noise stream ``key``."""
        constants = self._parts.constants
        return float(laser_power(constants[c.LASER], constants[c.LASER_NOISE], draw, *key, self.scratch))

    def broken(self, phases: Floats) -> str:
        """Name the first part that tells no number: a device of ``phases`` (devices,), else a receiver, or ""."""
        devices = np.flatnonzero(~np.isfinite(phases))
        if devices.size:
            return f"device {devices[0]} has the phase {phases[devices[0]]} rad"
        receivers = np.flatnonzero(~np.isfinite(self.responses).all(axis=0))
        if receivers.size:
            layer = int(np.searchsorted(self._starts, receivers[0], side="right")) - 1
            return f"receiver {receivers[0]}, output {receivers[0] - self._starts[layer]} of layer {layer}"
        return ""
