"""Where the heaters of a chip lie, and which of them warm which: the coupling matrix K of thermal crosstalk.

Modelled: one region per layer (V* triangle, Sigma column, U triangle, from left to right); lateral coupling
between adjacent devices, or by measured decay over distance. Not modelled: coupling between layers.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emulator.errors import PhysicsError
from emulator.physics.chip.mesh import Triangle

__all__ = [
    "Coupling",
    "Site",
    "adjacent_strengths",
    "couple",
    "layer_sites",
    "spaced_strengths",
    "spacing_coupling",
]

MEASURED_FROM_M = 23e-6
"""Least spacing to which the exponential fit of the measured crosstalk applies (FACTS: SCATTER, d >= 23 um)."""


@dataclass(frozen=True, slots=True)
class Site:
    """Place one device: ``column`` counts stages along the light, ``height`` half waveguide pitches across it."""

    column: int
    height: int


@dataclass(frozen=True, slots=True, eq=False)
class Coupling:
    """Store K by aggressor: ``victims[start[j]:start[j+1]]`` receive ``weights`` times the phase heat of j.

    ``norm`` is the largest row sum of K, the bound that the thermal step uses.
    """

    start: NDArray[np.int64]
    victims: NDArray[np.int64]
    weights: NDArray[np.float64]
    norm: float

    def dense(self) -> NDArray[np.float64]:
        """Return K as a dense (devices, devices) matrix, rows victims, columns aggressors."""
        devices = self.start.size - 1
        matrix = np.zeros((devices, devices))
        for aggressor in range(devices):
            part = slice(self.start[aggressor], self.start[aggressor + 1])
            matrix[self.victims[part], aggressor] = self.weights[part]
        return matrix


def layer_sites(v: Triangle, rank: int, u: Triangle) -> list[Site]:
    """Return the sites of one layer in device order: V* in light order, Sigma, U in light order."""
    v_end = int(v.stage.max(initial=-1)) + 1
    sites = [Site(int(s), 2 * int(p) + 1) for s, p in zip(v.stage, v.upper, strict=True)]
    sites += [Site(v_end, 2 * row) for row in range(rank)]
    u_last = v_end + 1 + int(u.stage.max(initial=0))
    reverse = zip(u.stage[::-1], u.upper[::-1], strict=True)
    return sites + [Site(u_last - int(s), 2 * int(p) + 1) for s, p in reverse]


def spacing_coupling(distance_m: float, contact: float, decay_per_m: float) -> float:
    """Return the crosstalk contact*exp(-decay_per_m*distance_m) between heaters, a fraction.

    Source: exponential fit to measured MZI crosstalk, ScopeX-ASU/SCATTER: 0.2167 exp(-0.1275 d/um) for
    d >= 23 um; raises ``PhysicsError`` below that spacing, where the fit does not hold.
    """
    if distance_m < MEASURED_FROM_M:
        raise PhysicsError(
            f"heater spacing {distance_m * 1e6:.3g} um is below the measured range (>= 23 um) of the crosstalk "
            "fit; widen chip.heaters.stage_pitch_m or pair_pitch_m, or use coupling = 'omega'"
        )
    return float(contact * np.exp(-decay_per_m * distance_m))


def couple(
    layers: list[list[Site]],
    heated: NDArray[np.bool_],
    strengths: dict[tuple[int, int], float],
    isolated: NDArray[np.bool_],
) -> Coupling:
    """Build K for all ``layers``; ``strengths`` maps an offset (columns, half pitches) to a coupling fraction.

    ``heated`` (devices,) marks the aggressors: a passive device dissipates nothing and has an empty column.
    ``isolated`` (devices,) marks devices that neither give nor receive.
    """
    start, victims, weights = [0], list[int](), list[float]()
    row_sums = np.zeros(heated.size)
    first = 0
    for sites in layers:
        index = {(site.column, site.height): first + i for i, site in enumerate(sites)}
        for i, site in enumerate(sites):
            if heated[first + i] and not isolated[first + i]:
                for victim, weight in _neighbours(site, index, strengths):
                    if isolated[victim]:
                        continue
                    victims.append(victim)
                    weights.append(weight)
                    row_sums[victim] += weight
            start.append(len(victims))
        first += len(sites)
    return Coupling(
        np.array(start, dtype=np.int64),
        np.array(victims, dtype=np.int64),
        np.array(weights, dtype=np.float64),
        float(row_sums.max(initial=0.0)),
    )


def _neighbours(
    site: Site, index: dict[tuple[int, int], int], strengths: dict[tuple[int, int], float]
) -> Iterator[tuple[int, float]]:
    for (columns, heights), weight in strengths.items():
        victim = index.get((site.column + columns, site.height + heights))
        if victim is not None:
            yield victim, weight


def adjacent_strengths(omega: float) -> dict[tuple[int, int], float]:
    """Return the couplings of the paper: ``omega`` to each adjacent device.

    Adjacent in a triangle are the four rotators one stage and one pair away, which share a waveguide; in the
    Sigma column the attenuators above and below. It equals the cross-shaped kernel of the authors' later code
    on the triangular array (J. Gu et al., L2ight).
    """
    diagonal = {(column, height): omega for column in (-1, 1) for height in (-2, 2)}
    return diagonal | {(0, -2): omega, (0, 2): omega}


def spaced_strengths(
    stage_pitch_m: float, pair_pitch_m: float, reach_m: float, contact: float, decay_per_m: float
) -> dict[tuple[int, int], float]:
    """Return the couplings of all offsets on the floor plan that are no farther apart than ``reach_m``.

    Raises ``PhysicsError`` when two devices would lie closer than the crosstalk was measured for.
    """
    columns = int(reach_m / stage_pitch_m)
    heights = int(2 * reach_m / pair_pitch_m)
    spacing_coupling(pair_pitch_m, contact, decay_per_m)
    strengths = {}
    for column in range(-columns, columns + 1):
        for height in range(-heights, heights + 1):
            distance_m = float(np.hypot(column * stage_pitch_m, height * pair_pitch_m / 2))
            if 0 < distance_m <= reach_m and (column != 0 or abs(height) > 1):
                strengths[column, height] = spacing_coupling(distance_m, contact, decay_per_m)
    return strengths
