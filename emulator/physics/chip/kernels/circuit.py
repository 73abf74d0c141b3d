"""What the kernels know of one chip: its state, its tables and the light of the loaded batch, as one value.

Numba unpacks every array of a call's arguments, 50 ns each, which a query of a few microseconds would feel. So
Python hands over one table of addresses (``handle_of``), from which a kernel makes the arrays (``circuit_at``).
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numba import carray, types  # type: ignore[attr-defined]  # numba exports it at run time only
from numba.extending import intrinsic
from numpy.typing import NDArray

from emulator.kernel import kernel

__all__ = [
    "APPLIED",
    "BATCH_KEY_0",
    "BATCH_KEY_1",
    "BATCH_SAMPLES",
    "COMMON_RAD",
    "COS",
    "COS_FACTOR",
    "DAC_STEP_RAD",
    "DAC_STEP_V",
    "DEAD",
    "DRIVEN",
    "DRIVEN_RAD",
    "DRIVES",
    "DYNAMIC",
    "FAULTY",
    "GAIN",
    "GAMMA",
    "HAS_DAC",
    "LASER",
    "LASER_NOISE",
    "LAYER",
    "LIGHT_COMMON_RAD",
    "LIGHT_LASER",
    "NORM",
    "OFFSET",
    "RESPONSE",
    "SIN",
    "SIN_FACTOR",
    "SUBSTRATE",
    "SUBSTRATE_DRIFT_RAD",
    "SUBSTRATE_TAU_PS",
    "TAU_PS",
    "UPPER",
    "Circuit",
    "circuit_at",
    "handle_of",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

APPLIED, COS, SIN, COS_FACTOR, SIN_FACTOR = range(5)
"""Rows of ``optics`` (5, devices): the phase that the light sees, its matrix elements, and their factors."""

GAIN, DRIVEN = range(2)
"""Rows of ``drivers`` (2, devices): gamma_i/gamma, and the phase driven at nominal gamma, in radians."""

UPPER, LAYER, HAS_DAC, DEAD = range(4)
"""Rows of ``devices`` (4, devices): upper waveguide, layer, whether a DAC quantises the phase, and is it dead."""

DRIVEN_RAD, COMMON_RAD, LIGHT_COMMON_RAD, DRIVES, LIGHT_LASER = range(5)
"""Entries of ``sums`` (5,): the sum of driven phases, the substrate's phase now and as the light has seen it (all
in radians), the number of drives, and the laser's relative power as the light had it last."""

NORM, TAU_PS, DYNAMIC, SUBSTRATE, SUBSTRATE_TAU_PS, DAC_STEP_RAD, DAC_STEP_V, GAMMA = range(8)
"""Entries of ``constants`` (12,): bound of the crosstalk's row sums, time constant, whether heaters follow the
thermal network (1) or jump (0), the substrate's coupling and time constant, the DAC's steps and gamma; and more."""

SUBSTRATE_DRIFT_RAD, LASER, LASER_NOISE, FAULTY = range(8, 12)
"""What faults change of ``constants``: a phase that the whole substrate adds, the laser's relative power and its
relative standard deviation, and whether (1) the laser or any receiver is not as it was built."""

RESPONSE, OFFSET = range(2)
"""Rows of ``responses`` (2, outputs of all layers): a receiver's relative response, and what it reads beside the
light, in activation units."""


BATCH_KEY_0, BATCH_KEY_1, BATCH_SAMPLES = range(3)
"""Entries of ``batch`` (3,): the key of the receivers' noise, and how many samples are loaded."""


class Circuit(NamedTuple):
    """Hold the arrays of one chip, which the kernels change in place.

    Heat: ``values`` and ``lists`` as in ThermalState; ``start``, ``victims`` and ``weights`` as in Coupling. Light:
    ``table`` to ``patch`` as in Tape, ``receivers`` (layers, 8) as in ReceiverParameters, ``scratch`` (a block of
    draws) for the laser's noise. The others: see above.
    """

    values: Floats
    lists: Ints
    start: Ints
    victims: Ints
    weights: Floats
    drivers: Floats
    devices: Ints
    optics: Floats
    sums: Floats
    constants: Floats
    batch: Ints
    receivers: Floats
    table: Ints
    checkpoints: Ints
    changed: Ints
    light: Floats
    activations: Floats
    terms: Floats
    lines: Floats
    middle: Floats
    noise: NDArray[np.float32]
    feeds: Ints
    patch: Floats
    responses: Floats
    scratch: NDArray[np.float32]


_ADDRESS, _ROWS, _COLUMNS = range(3)
_FLAT: Final = 1  # columns that the table gives a vector


def handle_of(circuit: Circuit) -> Ints:
    """Return where the arrays of ``circuit`` lie, (fields, 3): address, rows, columns.

    It is good for as long as ``circuit`` is kept alive; all arrays are C-contiguous.
    """
    rows = [(a.ctypes.data, a.shape[0], a.shape[1] if a.ndim == 2 else _FLAT) for a in circuit]
    return np.array(rows, dtype=np.int64)


def _pointer_to(item: Any) -> Any:
    """Return an intrinsic that takes an address for a pointer to items of numba's type ``item``."""

    def pointer(_typing_context: Any, address: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

        return types.CPointer(item)(types.int64), codegen  # type: ignore[no-untyped-call]  # numba is untyped

    return intrinsic(pointer)


_float_pointer = _pointer_to(types.float64)
_int_pointer = _pointer_to(types.int64)
_single_pointer = _pointer_to(types.float32)


@kernel
def _floats(handle: Ints, field: int) -> Floats:
    return carray(_float_pointer(handle[field, _ADDRESS]), (handle[field, _ROWS],))


@kernel
def _ints(handle: Ints, field: int) -> Ints:
    return carray(_int_pointer(handle[field, _ADDRESS]), (handle[field, _ROWS],))


@kernel
def _float_table(handle: Ints, field: int) -> Floats:
    return carray(_float_pointer(handle[field, _ADDRESS]), (handle[field, _ROWS], handle[field, _COLUMNS]))


@kernel
def _int_table(handle: Ints, field: int) -> Ints:
    return carray(_int_pointer(handle[field, _ADDRESS]), (handle[field, _ROWS], handle[field, _COLUMNS]))


@kernel
def circuit_at(handle: Ints) -> Circuit:
    """Return the circuit whose arrays lie where ``handle`` says: ``handle_of`` inverted, for kernels only."""
    return Circuit(
        values=_float_table(handle, 0),
        lists=_int_table(handle, 1),
        start=_ints(handle, 2),
        victims=_ints(handle, 3),
        weights=_floats(handle, 4),
        drivers=_float_table(handle, 5),
        devices=_int_table(handle, 6),
        optics=_float_table(handle, 7),
        sums=_floats(handle, 8),
        constants=_floats(handle, 9),
        batch=_ints(handle, 10),
        receivers=_float_table(handle, 11),
        table=_int_table(handle, 12),
        checkpoints=_int_table(handle, 13),
        changed=_int_table(handle, 14),
        light=_floats(handle, 15),
        activations=_floats(handle, 16),
        terms=_floats(handle, 17),
        lines=_floats(handle, 18),
        middle=_floats(handle, 19),
        noise=carray(_single_pointer(handle[20, _ADDRESS]), (handle[20, _ROWS],)),
        feeds=_int_table(handle, 21),
        patch=_floats(handle, 22),
        responses=_float_table(handle, 23),
        scratch=carray(_single_pointer(handle[24, _ADDRESS]), (handle[24, _ROWS],)),
    )
