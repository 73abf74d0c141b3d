"""The chip as one step of physics: phases go in through DACs and heaters, light reads what they have become.

The pipeline of a phase is: wrap to [0, 2 pi), DAC, device variation gamma_i/gamma, heat and crosstalk, rotation.
Two kernels compose the parts (converters, heaters, propagation, network) so that a query is two calls; nothing
here knows time, only how many time constants have passed.
"""

import numpy as np
from numpy.typing import NDArray

from emulator.kernel import kernel
from emulator.physics.chip.converters import dac_phase, wrap_phase
from emulator.physics.chip.heaters import (
    DEVIATION,
    NEGLIGIBLE_RAD,
    SETTLED,
    advance,
    set_heat,
    set_heat_instantly,
)
from emulator.physics.chip.layers import forward

__all__ = [
    "APPLIED",
    "COS",
    "COS_FACTOR",
    "DRIVEN",
    "GAIN",
    "HAS_DAC",
    "LAYER",
    "PHASE_RESOLUTION_RAD",
    "SIN",
    "SIN_FACTOR",
    "UPPER",
    "drive",
    "read",
    "refresh",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

APPLIED, COS, SIN, COS_FACTOR, SIN_FACTOR = range(5)
"""Rows of ``optics`` (5, devices): the phase that the light sees, its matrix elements, and their factors."""

GAIN, DRIVEN = range(2)
"""Rows of ``drivers`` (2, devices): gamma_i/gamma, and the phase driven at nominal gamma, in radians."""

UPPER, LAYER, HAS_DAC = range(3)
"""Rows of ``devices`` (3, devices): upper waveguide, layer, and whether a DAC quantises the phase."""

PHASE_RESOLUTION_RAD = 1e-12
"""Light is propagated anew only where a phase has moved by more than this; 2352 such errors stay below 1e-10."""


@kernel
def drive(
    values: Floats,
    lists: Ints,
    start: Ints,
    victims: Ints,
    weights: Floats,
    norm: float,
    drivers: Floats,
    devices: Ints,
    dac: Floats,
    dynamic: bool,
    heaters: Ints,
    radians: Floats,
    steps: float,
) -> float:
    """Drive ``heaters`` to ``radians`` after ``steps`` time constants; return the change of driven phase (rad).

    ``dac`` holds the step in radians, the step in volts and gamma. Raises nothing: callers check the indices.
    """
    if dynamic:
        advance(values, lists, start, victims, weights, norm, steps)
    change = 0.0
    for position in range(heaters.size):
        heater = heaters[position]
        phase = wrap_phase(radians[position])
        if devices[HAS_DAC, heater] == 1:
            phase = dac_phase(phase, dac[0], dac[1], dac[2])
        change += phase - drivers[DRIVEN, heater]
        drivers[DRIVEN, heater] = phase
        heat = phase * drivers[GAIN, heater]
        if dynamic:
            set_heat(values, lists, start, victims, weights, heater, heat)
        else:
            set_heat_instantly(values, lists, start, victims, weights, heater, heat)
    return change


@kernel
def _apply(optics: Floats, device: int, phase: float) -> None:
    """Let the light see ``phase`` at ``device``."""
    optics[APPLIED, device] = phase
    optics[COS, device] = optics[COS_FACTOR, device] * np.cos(phase)
    optics[SIN, device] = optics[SIN_FACTOR, device] * np.sin(phase)


@kernel
def refresh(
    values: Floats,
    lists: Ints,
    optics: Floats,
    devices: Ints,
    table: Ints,
    changed: Ints,
    common_rad: float,
    everywhere: bool,
) -> None:
    """Let the light see the present phases of the listed devices, or ``everywhere`` when ``common_rad`` has moved.

    Records in ``changed`` (layers,) the first device of each layer that has moved by more than
    PHASE_RESOLUTION_RAD, and drops settled devices from the list.
    """
    number = values.shape[1] if everywhere else lists[0, -1]
    for position in range(number):
        device = position if everywhere else lists[0, position]
        phase = values[SETTLED, device] + values[DEVIATION, device] + common_rad
        if not abs(phase - optics[APPLIED, device]) <= PHASE_RESOLUTION_RAD:  # NaN has moved, too
            _apply(optics, device, phase)
            layer = devices[LAYER, device]
            changed[layer] = min(changed[layer], device - table[layer, 0])
    kept = 0
    for position in range(lists[0, -1]):
        device = lists[0, position]
        if abs(values[DEVIATION, device]) < NEGLIGIBLE_RAD:
            values[DEVIATION, device] = 0.0
            lists[1, device] = 0
        else:
            lists[0, kept] = device
            kept += 1
    lists[0, -1] = kept


@kernel
def read(
    values: Floats,
    lists: Ints,
    start: Ints,
    victims: Ints,
    weights: Floats,
    norm: float,
    optics: Floats,
    devices: Ints,
    table: Ints,
    checkpoints: Ints,
    changed: Ints,
    light: Floats,
    matrices: Floats,
    receivers: Floats,
    activations: Floats,
    noise: NDArray[np.float32],
    key_0: int,
    key_1: int,
    outputs: Floats,
    steps: float,
    common_rad: float,
    everywhere: bool,
    draw: int,
) -> tuple[int, float]:
    """Send the tape's inputs through the chip, ``steps`` time constants after the last call.

    Fills ``outputs`` (samples, classes); returns how many conversions saturated, and the sum of the outputs.
    """
    advance(values, lists, start, victims, weights, norm, steps)
    refresh(values, lists, optics, devices, table, changed, common_rad, everywhere)
    return forward(
        table, checkpoints, devices[UPPER], optics[COS], optics[SIN], changed, light, matrices, receivers,
        activations, noise, outputs, draw, key_0, key_1,
    )  # fmt: skip
