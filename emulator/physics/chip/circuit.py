"""What the kernels know of one chip: its state, its tables and the light of the loaded batch, as one value."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "APPLIED",
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
    "GAIN",
    "GAMMA",
    "HAS_DAC",
    "LAYER",
    "LIGHT_COMMON_RAD",
    "NORM",
    "SIN",
    "SIN_FACTOR",
    "SUBSTRATE",
    "SUBSTRATE_TAU_PS",
    "TAU_PS",
    "UPPER",
    "Circuit",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

APPLIED, COS, SIN, COS_FACTOR, SIN_FACTOR = range(5)
"""Rows of ``optics`` (5, devices): the phase that the light sees, its matrix elements, and their factors."""

GAIN, DRIVEN = range(2)
"""Rows of ``drivers`` (2, devices): gamma_i/gamma, and the phase driven at nominal gamma, in radians."""

UPPER, LAYER, HAS_DAC, DEAD = range(4)
"""Rows of ``devices`` (4, devices): upper waveguide, layer, whether a DAC quantises the phase, and is it dead."""

DRIVEN_RAD, COMMON_RAD, LIGHT_COMMON_RAD, DRIVES = range(4)
"""Entries of ``sums`` (4,): the sum of driven phases, the substrate's phase now and as the light has seen it (all
in radians), and the number of drives."""

NORM, TAU_PS, DYNAMIC, SUBSTRATE, SUBSTRATE_TAU_PS, DAC_STEP_RAD, DAC_STEP_V, GAMMA = range(8)
"""Entries of ``constants`` (8,): bound of the crosstalk's row sums, time constant, whether heaters follow the
thermal network (1) or jump (0), the substrate's coupling and time constant, the DAC's steps and gamma."""


class Circuit(NamedTuple):
    """Hold the arrays of one chip, which the kernels change in place; numba takes them as one argument.

    Heat: ``values`` and ``lists`` as in ThermalState; ``start``, ``victims`` and ``weights`` as in Coupling. Light:
    ``table`` to ``noise`` as in Tape, ``receivers`` (layers, 7) as in ReceiverParameters; ``keys`` (2,) name the
    stream of the receivers' noise. The others are said above.
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
    keys: Ints
    receivers: Floats
    table: Ints
    checkpoints: Ints
    changed: Ints
    light: Floats
    matrices: Floats
    activations: Floats
    noise: NDArray[np.float32]
