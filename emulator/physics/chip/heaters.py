"""Heat on the chip: phases follow the heaters' power through a thermal network, stepped exactly between events.

Modelled: every device i has the temperature T_i, measured as the phase it causes, in radians:

    tau dT_i/dt = h_i - T_i + sum_j K_ij T_j        (j runs over heated devices only)

where h_i is the phase heat of heater i and K_ij its crosstalk. It is the nodal equation of an RC network whose
total conductance at every node (to the substrate and sideways) is one, because P_pi and tau are measured with
the neighbours in place. The steady state is (1-K)^-1 h = (1 + K + K^2 + ...) h: the paper's Omega Gamma Phi,
with Omega = 1 + K, up to O(omega^2). A passive device has no column in K: it is a victim, never an aggressor.
A slow substrate node may add a common phase. Not modelled: a heater's own drift, temperature-dependent tau.

Between events h is constant, so the deviation x = T - T_settled obeys x(t+dt) = e^-u e^(uK) x(t), u = dt/tau.
Coupling is weak, so the series of e^(uK) touches only the neighbourhood of heaters out of equilibrium.

Source of the steady state: J. Gu et al., AAAI 2021 (SZO-SCD), Eq. 6 and text (Phi_c = Omega Gamma Phi).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emulator.kernel import bare_kernel
from emulator.physics.chip.floorplan import Coupling

__all__ = [
    "DEVIATION",
    "HEAT",
    "SETTLED",
    "ThermalState",
    "advance",
    "initial_state",
    "jumped_state",
    "set_heat",
    "set_heat_instantly",
    "substrate_step",
]

HEAT, SETTLED, DEVIATION, _TERM, _NEXT = range(5)
_ROWS = 5

_LIST, _LISTED, _MARK, _FRONT, _BACK = range(5)
_INDEX_ROWS = 5
_INDICES = _FRONT - _TERM

NEGLIGIBLE_RAD = 1e-15
"""Heat below this many radians is dropped from the sparse sums; phases resolve no less than 4e-16 of 2 pi."""


@dataclass(slots=True, eq=False)
class ThermalState:
    """Hold the temperatures of all devices, as phases in radians.

    ``values`` (5, devices): rows HEAT, SETTLED, DEVIATION and two rows of workspace (zero between calls).
    ``lists`` (5, devices + 1): index lists; row 0 holds the devices whose phase may have changed since it was
    last read, its last entry their number.
    """

    values: NDArray[np.float64]
    lists: NDArray[np.int64]

    def phases(self) -> NDArray[np.float64]:
        """Return the present phase of every device, (devices,), in radians, without the substrate's."""
        return np.asarray(self.values[SETTLED] + self.values[DEVIATION])


def initial_state(
    static_rad: NDArray[np.float64], heat_rad: NDArray[np.float64], coupling: Coupling
) -> ThermalState:
    """Return the settled state of a chip whose heaters have drawn ``heat_rad`` (devices,) for a long time.

    ``static_rad`` (devices,) is the phase that needs no heat: a passive device's.
    """
    devices = static_rad.size
    state = ThermalState(np.zeros((_ROWS, devices)), np.zeros((_INDEX_ROWS, devices + 1), dtype=np.int64))
    state.values[SETTLED] = static_rad
    for device in np.flatnonzero(heat_rad).tolist():
        set_heat(
            state.values,
            state.lists,
            coupling.start,
            coupling.victims,
            coupling.weights,
            device,
            heat_rad[device],
        )
    state.values[DEVIATION] = 0.0
    return state


@bare_kernel
def _list(lists: NDArray[np.int64], device: int) -> None:
    """Note that the phase of ``device`` may have changed."""
    if lists[_LISTED, device] == 0:
        lists[_LISTED, device] = 1
        count = lists[_LIST, -1]
        lists[_LIST, count] = device
        lists[_LIST, -1] = count + 1


@bare_kernel
def _couple_sparse(
    values: NDArray[np.float64],
    lists: NDArray[np.int64],
    source: int,
    target: int,
    start: NDArray[np.int64],
    victims: NDArray[np.int64],
    weights: NDArray[np.float64],
    factor: float,
    least: float,
) -> None:
    """Replace row ``target`` of ``values`` by factor*K*(row ``source``), both sparse; clear row ``source``.

    Entries of factor*(row ``source``) below ``least`` are dropped. Row r of ``values`` has its indices in row
    _INDICES + r of ``lists``, their number in the last entry.
    """
    count = 0
    source_list, target_list = source + _INDICES, target + _INDICES
    for position in range(lists[source_list, -1]):
        aggressor = lists[source_list, position]
        heat = values[source, aggressor] * factor
        values[source, aggressor] = 0.0
        if not least <= abs(heat) < np.inf:  # beyond all numbers it would be passed on for ever
            continue
        for edge in range(start[aggressor], start[aggressor + 1]):
            victim = victims[edge]
            if lists[_MARK, victim] == 0:
                lists[_MARK, victim] = 1
                lists[target_list, count] = victim
                count += 1
            values[target, victim] += heat * weights[edge]
    lists[target_list, -1] = count
    for position in range(count):
        lists[_MARK, lists[target_list, position]] = 0


@bare_kernel
def set_heat(
    values: NDArray[np.float64],
    lists: NDArray[np.int64],
    start: NDArray[np.int64],
    victims: NDArray[np.int64],
    weights: NDArray[np.float64],
    device: int,
    heat: float,
) -> None:
    """Set the phase heat of ``device``: temperatures stay, the settled state moves by (1-K)^-1 of the change."""
    source, target = _TERM, _NEXT
    values[source, device] = heat - values[HEAT, device]
    values[HEAT, device] = heat
    lists[_FRONT, 0] = device
    lists[_FRONT, -1] = 1
    while lists[source + _INDICES, -1] > 0:
        for position in range(lists[source + _INDICES, -1]):
            touched = lists[source + _INDICES, position]
            values[SETTLED, touched] += values[source, touched]
            values[DEVIATION, touched] -= values[source, touched]
            _list(lists, touched)
        _couple_sparse(values, lists, source, target, start, victims, weights, 1.0, NEGLIGIBLE_RAD)
        source, target = target, source


@bare_kernel
def set_heat_instantly(
    values: NDArray[np.float64],
    lists: NDArray[np.int64],
    start: NDArray[np.int64],
    victims: NDArray[np.int64],
    weights: NDArray[np.float64],
    device: int,
    heat: float,
) -> None:
    """Set the phase heat of ``device`` in the paper's model: (1 + K) h at once, no time constant."""
    change = heat - values[HEAT, device]
    values[HEAT, device] = heat
    values[SETTLED, device] += change
    _list(lists, device)
    for edge in range(start[device], start[device + 1]):
        values[SETTLED, victims[edge]] += weights[edge] * change
        _list(lists, victims[edge])


def jumped_state(
    static_rad: NDArray[np.float64], heat_rad: NDArray[np.float64], coupling: Coupling
) -> ThermalState:
    """Return the state of a chip in the paper's model: ``initial_state`` with crosstalk of first order only."""
    devices = static_rad.size
    state = ThermalState(np.zeros((_ROWS, devices)), np.zeros((_INDEX_ROWS, devices + 1), dtype=np.int64))
    state.values[SETTLED] = static_rad
    k = coupling
    for device in np.flatnonzero(heat_rad).tolist():
        set_heat_instantly(
            state.values, state.lists, k.start, k.victims, k.weights, device, heat_rad[device]
        )  # fmt: skip
    return state


@bare_kernel
def advance(
    values: NDArray[np.float64],
    lists: NDArray[np.int64],
    start: NDArray[np.int64],
    victims: NDArray[np.int64],
    weights: NDArray[np.float64],
    norm: float,
    steps: float,
) -> None:
    """Let ``steps`` = dt/tau time constants pass at constant heat, exactly; ``norm`` bounds K's row sums.

    What a device adds to a neighbour is dropped where it will be negligible after its decay. Such errors decay,
    too; changes of the settled state, which lasts, are summed to the end in ``set_heat``.
    """
    # Only listed devices can deviate from their settled state; where none does, the loops below are empty.
    largest = 0.0
    count = 0
    for position in range(lists[_LIST, -1]):
        device = lists[_LIST, position]
        deviation = values[DEVIATION, device]
        if deviation != 0.0:
            largest = max(largest, abs(deviation))
            values[_TERM, device] = deviation
            lists[_FRONT, count] = device
            count += 1
    lists[_FRONT, -1] = count
    slowest = np.exp(-steps * (1.0 - norm))  # bounds what is left of a deviation, neighbours included
    settled = largest * slowest < NEGLIGIBLE_RAD
    least = NEGLIGIBLE_RAD / (norm * slowest)
    # The n-th term of the series of e^(uK) x is uK/n times the one before; it reaches one neighbour further.
    source, target = _TERM, _NEXT
    order = 1
    while lists[source + _INDICES, -1] > 0 and not settled:
        _couple_sparse(values, lists, source, target, start, victims, weights, steps / order, least)
        for position in range(lists[target + _INDICES, -1]):
            touched = lists[target + _INDICES, position]
            values[DEVIATION, touched] += values[target, touched]
            _list(lists, touched)
        source, target = target, source
        order += 1
    # The last term was not coupled any further: its row of workspace is cleared here.
    for position in range(lists[source + _INDICES, -1]):
        values[source, lists[source + _INDICES, position]] = 0.0
    # The rest of e^(-u) e^(uK): every deviation, own and received, decays alike.
    decay = 0.0 if settled else np.exp(-steps)
    for position in range(lists[_LIST, -1]):
        values[DEVIATION, lists[_LIST, position]] *= decay


@bare_kernel
def substrate_step(phase_rad: float, target_rad: float, steps: float) -> float:
    """Return the substrate's common phase after ``steps`` of its own time constants at constant total power.

    Solves tau_s ds/dt = target - s: the chip-wide part of the crosstalk, which is slow.
    """
    return float(target_rad + (phase_rad - target_rad) * np.exp(-steps))
