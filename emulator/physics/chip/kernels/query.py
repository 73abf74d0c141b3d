"""The chip as one step of physics: phases go in through DACs and heaters, light reads what they have become.

The pipeline of a phase is: wrap to [0, 2 pi), DAC, device variation gamma_i/gamma, heat and crosstalk, rotation.
Python calls ``drive``, ``read`` and ``probe``, which is both in one, with the handle of a circuit; they and the
sequencer are made of ``set_phases`` and ``send_light``. Time comes in as numbers of picoseconds that have passed
since the last event: a setting, or light.
"""

import numpy as np
from numpy.typing import NDArray

from emulator.kernel import bare_kernel, part
from emulator.physics.chip.converters import dac_phase, wrap_phase
from emulator.physics.chip.heaters import (
    DEVIATION,
    NEGLIGIBLE_RAD,
    SETTLED,
    advance,
    set_heat,
    set_heat_instantly,
    substrate_step,
)
from emulator.physics.chip.kernels.arena import CHANGED_FIRST, CHANGED_LAST, FIRST, OUTPUTS
from emulator.physics.chip.kernels.circuit import (
    APPLIED,
    BATCH_SAMPLES,
    COMMON_RAD,
    COS,
    COS_FACTOR,
    DAC_STEP_RAD,
    DAC_STEP_V,
    DEAD,
    DRIVEN,
    DRIVEN_RAD,
    DRIVES,
    DYNAMIC,
    GAIN,
    GAMMA,
    HAS_DAC,
    LAYER,
    LIGHT_COMMON_RAD,
    NORM,
    SIN,
    SIN_FACTOR,
    SUBSTRATE,
    SUBSTRATE_DRIFT_RAD,
    SUBSTRATE_TAU_PS,
    TAU_PS,
    Circuit,
    circuit_at,
)
from emulator.physics.chip.kernels.layers import forward, hand_out, total_of

__all__ = [
    "PHASE_RESOLUTION_RAD",
    "drive",
    "look",
    "probe",
    "probe_one",
    "read",
    "refresh",
    "send_light",
    "set_one",
    "set_phases",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PHASE_RESOLUTION_RAD = 1e-12
"""Light is propagated anew only where a phase has moved by more than this; 2352 such errors stay below 1e-10."""

_RESUM_EVERY = (
    1024  # drives after which the running sum of driven phases is taken anew, so that no error piles up
)


@part
def _pass_time(circuit: Circuit, passed_ps: int) -> None:
    """Let ``passed_ps`` pass at constant power: for the substrate, and for heaters that take their time."""
    constants, sums = circuit.constants, circuit.sums
    if constants[SUBSTRATE] != 0.0:
        target = constants[SUBSTRATE] * sums[DRIVEN_RAD]
        steps = passed_ps / constants[SUBSTRATE_TAU_PS]
        sums[COMMON_RAD] = substrate_step(sums[COMMON_RAD], target, steps)
    if constants[DYNAMIC] != 0.0:
        advance(
            circuit.values, circuit.lists, circuit.start, circuit.victims, circuit.weights, constants[NORM],
            passed_ps / constants[TAU_PS],
        )  # fmt: skip


@part
def _set_phase(circuit: Circuit, heater: int, asked_rad: float) -> float:
    """Drive ``heater`` to ``asked_rad``; return the change of the driven phase (rad), 0 for a dead heater."""
    if circuit.devices[DEAD, heater] == 1:  # it takes its setting and does nothing with it
        return 0.0
    constants = circuit.constants
    phase = wrap_phase(asked_rad)
    if circuit.devices[HAS_DAC, heater] == 1:
        phase = dac_phase(phase, constants[DAC_STEP_RAD], constants[DAC_STEP_V], constants[GAMMA])
    change: float = phase - circuit.drivers[DRIVEN, heater]
    circuit.drivers[DRIVEN, heater] = phase
    heat = phase * circuit.drivers[GAIN, heater]
    values, lists, start = circuit.values, circuit.lists, circuit.start
    if constants[DYNAMIC] != 0.0:
        set_heat(values, lists, start, circuit.victims, circuit.weights, heater, heat)
    else:
        set_heat_instantly(values, lists, start, circuit.victims, circuit.weights, heater, heat)
    return change


@part
def _account(circuit: Circuit, change_rad: float) -> None:
    """Keep the sum of driven phases, from which heater power follows, after one drive."""
    sums = circuit.sums
    sums[DRIVEN_RAD] += change_rad
    sums[DRIVES] += 1.0
    if sums[DRIVES] % _RESUM_EVERY == 0.0:
        total = 0.0
        for device in range(circuit.drivers.shape[1]):
            total += circuit.drivers[DRIVEN, device]
        sums[DRIVEN_RAD] = total


@part
def set_phases(circuit: Circuit, heaters: Ints, radians: Floats, passed_ps: int) -> None:
    """Drive ``heaters`` (n,) to ``radians`` (n,), ``passed_ps`` after the last event; callers check the indices."""
    _pass_time(circuit, passed_ps)  # at the old power: the new settings hold from here on
    change = 0.0
    for position in range(heaters.size):
        change += _set_phase(circuit, heaters[position], radians[position])
    _account(circuit, change)


@part
def set_one(circuit: Circuit, heater: int, radian: float, passed_ps: int) -> None:
    """Drive one heater: ``set_phases`` without arrays."""
    _pass_time(circuit, passed_ps)
    _account(circuit, _set_phase(circuit, heater, radian))


@bare_kernel
def _apply(optics: Floats, device: int, phase: float) -> None:
    """Let the light see ``phase`` at ``device``."""
    optics[APPLIED, device] = phase
    optics[COS, device] = optics[COS_FACTOR, device] * np.cos(phase)
    optics[SIN, device] = optics[SIN_FACTOR, device] * np.sin(phase)


@bare_kernel
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

    Records in ``changed`` the first and the last device of each layer that have moved by more than
    PHASE_RESOLUTION_RAD, and drops settled devices from the list.
    """
    # Cosine and sine are the dear part, so only phases that light can tell apart are looked at again.
    number = values.shape[1] if everywhere else lists[0, -1]
    for position in range(number):
        device = position if everywhere else lists[0, position]
        phase = values[SETTLED, device] + values[DEVIATION, device] + common_rad
        if not abs(phase - optics[APPLIED, device]) <= PHASE_RESOLUTION_RAD:  # NaN has moved, too
            _apply(optics, device, phase)
            layer = devices[LAYER, device]
            own = device - table[layer, FIRST]
            changed[CHANGED_FIRST, layer] = min(changed[CHANGED_FIRST, layer], own)
            changed[CHANGED_LAST, layer] = max(changed[CHANGED_LAST, layer], own)
    # A device stays on the list while it deviates: its phase will be another one at the next event.
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


@part
def send_light(circuit: Circuit, passed_ps: int, draw: int) -> tuple[int, int, float]:
    """Send the tape's inputs through the chip, ``passed_ps`` after the last event, with noise number ``draw``.

    Returns how many conversions saturated, where in ``circuit.activations`` the outputs begin, and their sum.
    """
    _pass_time(circuit, passed_ps)
    sums, table = circuit.sums, circuit.table
    # The substrate moves every phase of the chip at once, listed or not.
    common_rad = sums[COMMON_RAD] + circuit.constants[SUBSTRATE_DRIFT_RAD]
    everywhere = common_rad != sums[LIGHT_COMMON_RAD]
    sums[LIGHT_COMMON_RAD] = common_rad
    refresh(
        circuit.values, circuit.lists, circuit.optics, circuit.devices, table, circuit.changed, common_rad,
        everywhere,
    )  # fmt: skip
    saturated, begin = forward(circuit, draw)
    total = total_of(
        circuit.activations, begin, circuit.batch[BATCH_SAMPLES], table[-1, OUTPUTS], circuit.lines,
    )  # fmt: skip
    return saturated, begin, total


@bare_kernel
def drive(handle: Ints, heaters: Ints, radians: Floats, passed_ps: int) -> None:
    """Drive ``heaters`` (n,) to ``radians`` (n,), ``passed_ps`` after the last event; callers check the indices."""
    set_phases(circuit_at(handle), heaters, radians, passed_ps)


@bare_kernel
def read(handle: Ints, outputs: Floats, passed_ps: int, draw: int) -> tuple[int, float]:
    """Send the tape's inputs through the chip, ``passed_ps`` after the last event, with noise number ``draw``.

    Fills ``outputs`` (samples, classes); returns how many conversions saturated, and the sum of the outputs.
    """
    return _read_out(circuit_at(handle), outputs, passed_ps, draw)


@part
def _read_out(circuit: Circuit, outputs: Floats, passed_ps: int, draw: int) -> tuple[int, float]:
    saturated, begin, total = send_light(circuit, passed_ps, draw)
    hand_out(circuit.activations, begin, outputs)
    return saturated, total


@bare_kernel
def look(handle: Ints, outputs: Floats, draw: int) -> None:
    """Fill ``outputs`` (samples, classes) with what the light sees as it stands: ``read`` without time or heat."""
    circuit = circuit_at(handle)
    _, begin = forward(circuit, draw)
    hand_out(circuit.activations, begin, outputs)


@bare_kernel
def probe(
    handle: Ints, heaters: Ints, radians: Floats, set_ps: int, light_ps: int, outputs: Floats, draw: int
) -> tuple[int, float]:
    """Drive ``heaters`` (n,) ``set_ps`` after the last event, read ``light_ps`` later: ``drive`` and ``read``."""
    circuit = circuit_at(handle)
    set_phases(circuit, heaters, radians, set_ps)
    return _read_out(circuit, outputs, light_ps, draw)


@bare_kernel
def probe_one(
    handle: Ints, heater: int, radian: float, set_ps: int, light_ps: int, outputs: Floats, draw: int
) -> tuple[int, float]:
    """Drive one heater and read: ``probe`` without arrays."""
    circuit = circuit_at(handle)
    set_one(circuit, heater, radian, set_ps)
    return _read_out(circuit, outputs, light_ps, draw)
