"""Reck triangles of real 2x2 rotators: a matrix becomes phases, and phases become the matrix again.

Modelled: real orthogonal meshes, thin or square, singular values as attenuators. Not modelled here: light,
loss and heat (see propagation.py and heaters.py); complex unitaries and external phase screens.

Source: M. Reck et al., Phys. Rev. Lett. 73, 58 (1994); the real form and W = U Sigma V* of J. Gu et al.,
AAAI 2021 (SZO-SCD), Eqs. 1-2.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from emulator.errors import PhysicsError

__all__ = [
    "LayerPhases",
    "Triangle",
    "decompose_matrix",
    "decompose_rows",
    "idle_rotators",
    "reconstruct_matrix",
    "reconstruct_rows",
    "rotators_of",
    "rows_in_use",
    "triangle",
]

Floats = NDArray[np.float64]
_EXACT = 1e-9
"""How far from orthonormal rows in float64 may be."""

_ROUNDINGS = 64
"""Roundings of a coarser type that may add up in a product of two rows."""

Rotation = Literal["ccw", "cw"]
Shape = Literal["thin", "square"]


@dataclass(frozen=True, slots=True, eq=False)
class Triangle:
    """List the rotators of a Reck triangle with ``rows`` outputs in use out of ``modes`` waveguides.

    Arrays have shape (rotators,), in the order in which light meets the rotators: ``upper`` is the upper one
    of the two waveguides a rotator couples, ``sweep`` the diagonal of the triangle it lies on, ``stage`` its
    column on the chip.
    """

    rows: int
    modes: int
    upper: NDArray[np.int64]
    sweep: NDArray[np.int64]
    stage: NDArray[np.int64]

    @property
    def rotators(self) -> int:
        """Return the number of rotators, rows*modes - rows*(rows+1)/2."""
        return int(self.upper.size)


@dataclass(frozen=True, slots=True, eq=False)
class LayerPhases:
    """Hold the phases that realise one M x N weight matrix, each in [0, 2 pi), in the order light meets them.

    ``v`` and ``u`` drive the two triangles, ``sigma`` the attenuators between them. ``signs`` (shape (k,), +-1)
    is the product of the two triangles' diagonal matrices D: a fixed half-wave, not a heater.
    """

    shape: tuple[int, int]
    v: Floats
    sigma: Floats
    u: Floats
    signs: Floats

    @property
    def count(self) -> int:
        """Return the number of phases of the layer."""
        return self.v.size + self.sigma.size + self.u.size

    def flat(self) -> Floats:
        """Return all phases of the layer as one array: V*, then Sigma, then U."""
        return np.concatenate([self.v, self.sigma, self.u])


def rows_in_use(outputs: int, inputs: int, shape: Shape) -> tuple[int, int]:
    """Return how many rows of its two triangles, V* and U, a layer uses: its rank, or in a square mesh all."""
    rank = min(outputs, inputs)
    return (rank, rank) if shape == "thin" else (inputs, outputs)


def rotators_of(rows: int, modes: int) -> int:
    """Return the rotators of a Reck triangle, rows*modes - rows*(rows+1)/2, for 1 <= rows <= modes."""
    return rows * modes - rows * (rows + 1) // 2


@cache
def triangle(rows: int, modes: int) -> Triangle:
    """Return the triangle that maps ``modes`` waveguides onto its first ``rows`` ones.

    Sweep i couples the waveguide pairs (modes-2, modes-1) up to (i, i+1); raises ``PhysicsError`` unless
    1 <= rows <= modes.
    """
    if not 1 <= rows <= modes:
        raise PhysicsError(f"triangle: rows={rows} is not allowed; it must lie in 1..modes={modes}")
    pairs = [(i, p) for i in range(rows) for p in range(modes - 2, i - 1, -1)]
    sweep = np.array([i for i, _ in pairs], dtype=np.int64)
    upper = np.array([p for _, p in pairs], dtype=np.int64)
    return Triangle(rows, modes, upper, sweep, stage=(modes - 2 - upper) + 2 * sweep)


def idle_rotators(outputs: int, inputs: int, shape: Shape) -> NDArray[np.bool_]:
    """Return which phases of a layer, in the order of ``LayerPhases.flat``, no output depends on.

    A square mesh has rotators for whole unitaries. Behind those of its larger triangle that couple only waveguides
    beyond the rank lies no attenuator: what they do to light is lost. A thin mesh has none.
    """
    rank = min(outputs, inputs)
    rows_v, rows_u = rows_in_use(outputs, inputs, shape)
    v, u = triangle(rows_v, inputs).sweep >= rank, triangle(rows_u, outputs).sweep >= rank
    return np.concatenate([v, np.zeros(rank, dtype=np.bool_), u[::-1]])


def decompose_rows(matrix: Floats, rotation: Rotation = "ccw") -> tuple[Floats, Floats]:
    """Factor ``matrix`` (rows, modes), whose rows are orthonormal, into [D 0] times plane rotations.

    Returns the phases (rotators,) in [0, 2 pi), in light order, and the diagonal of D (rows,), +-1. A "ccw"
    rotator maps (a, b) onto (cos f a - sin f b, sin f a + cos f b), Eq. 2 of SZO-SCD; "cw" has the opposite
    sign, and so other phases and another heater power for the same matrix. Raises ``PhysicsError`` when the
    rows are not orthonormal, to 1e-9 or what their type resolves; those of a coarser type than float64 are taken
    as the nearest that are.
    """
    rows, modes = matrix.shape
    matrix, tolerance = _in_float64(matrix, "decompose_rows")
    if not np.allclose(matrix @ matrix.T, np.eye(rows), rtol=0.0, atol=tolerance):
        raise PhysicsError(f"decompose_rows: the rows of the {rows} x {modes} matrix are not orthonormal")
    if tolerance > _EXACT:
        left, _, right = np.linalg.svd(matrix, full_matrices=False)
        matrix = left @ right
    mesh = triangle(rows, modes)
    rest = matrix.copy()
    phases = np.empty(mesh.rotators)
    for index, (sweep, top) in enumerate(zip(mesh.sweep, mesh.upper, strict=True)):
        angle = np.arctan2(-rest[sweep, top + 1], rest[sweep, top])
        cos, sin = np.cos(angle), np.sin(angle)
        left, right = rest[:, top].copy(), rest[:, top + 1].copy()
        rest[:, top], rest[:, top + 1] = cos * left - sin * right, sin * left + cos * right
        phases[index] = angle if rotation == "ccw" else -angle
    signs = np.sign(np.diagonal(rest)).copy()
    return _wrapped(phases), signs


def reconstruct_rows(phases: Floats, signs: Floats, modes: int, rotation: Rotation = "ccw") -> Floats:
    """Return the (rows, modes) matrix of a triangle from its ``phases`` and ``signs``: decompose_rows inverted."""
    rows = signs.size
    mesh = triangle(rows, modes)
    light = np.eye(modes)
    sense = 1.0 if rotation == "ccw" else -1.0
    for top, phase in zip(mesh.upper, phases, strict=True):
        cos, sin = np.cos(phase), sense * np.sin(phase)
        upper, lower = light[top].copy(), light[top + 1].copy()
        light[top], light[top + 1] = cos * upper - sin * lower, sin * upper + cos * lower
    return np.asarray(signs[:, None] * light[:rows])


def decompose_matrix(
    weights: Floats, sigma_max: float, shape: Shape = "thin", rotation: Rotation = "ccw"
) -> LayerPhases:
    """Map ``weights`` (M, N) onto the phases of W = U Sigma V*, Sigma = sigma_max cos(phi).

    "thin" uses exactly M*N phases; "square" uses whole M x M and N x N triangles. The U mesh is a triangle
    that light passes backwards: by reciprocity its matrix is the transpose for the same phases. Raises
    ``PhysicsError`` when a singular value exceeds ``sigma_max`` by more than the weights' type resolves.
    """
    outputs, inputs = weights.shape
    weights, tolerance = _in_float64(weights, "decompose_matrix")
    rank = min(outputs, inputs)
    left, singular, right = np.linalg.svd(weights, full_matrices=shape == "square")
    if singular[0] > sigma_max * (1 + tolerance):
        raise PhysicsError(
            f"decompose_matrix: singular value {singular[0]:.6g} exceeds sigma_max={sigma_max:g}; "
            "scale the weights or raise chip.mesh.sigma_max"
        )
    v_phases, v_signs = decompose_rows(right, rotation)
    u_phases, u_signs = decompose_rows(np.ascontiguousarray(left.T), rotation)
    sigma = np.arccos(np.minimum(singular / sigma_max, 1.0))
    signs = v_signs[:rank] * u_signs[:rank]
    # Beyond the rank a square mesh carries no light between the triangles, so its signs there do not matter.
    return LayerPhases((outputs, inputs), v_phases, sigma, u_phases[::-1].copy(), signs)


def reconstruct_matrix(
    phases: LayerPhases, sigma_max: float, shape: Shape = "thin", rotation: Rotation = "ccw"
) -> Floats:
    """Return the weights (M, N) that ``phases`` realise on an ideal chip: decompose_matrix inverted."""
    outputs, inputs = phases.shape
    rank = min(outputs, inputs)
    rows_v, rows_u = rows_in_use(outputs, inputs, shape)
    right = reconstruct_rows(phases.v, np.ones(rows_v), inputs, rotation)[:rank]
    left = reconstruct_rows(phases.u[::-1], np.ones(rows_u), outputs, rotation)[:rank].T
    return np.asarray((left * (phases.signs * sigma_max * np.cos(phases.sigma))) @ right)


def _in_float64(matrix: NDArray[np.floating], what: str) -> tuple[Floats, float]:
    """Return ``matrix`` in float64, and what its type resolves; raises ``PhysicsError`` unless real and finite."""
    if matrix.dtype.kind not in "biuf" or not np.isfinite(matrix).all():
        raise PhysicsError(
            f"{what}: the {matrix.shape[0]} x {matrix.shape[1]} matrix must hold real, finite numbers"
        )
    coarse = matrix.dtype.kind == "f" and matrix.dtype.itemsize < np.dtype(np.float64).itemsize
    resolved = _ROUNDINGS * float(np.finfo(matrix.dtype).eps) if coarse else 0.0
    return np.asarray(matrix, dtype=np.float64), max(_EXACT, resolved)


def _wrapped(phases: Floats) -> Floats:
    """Return ``phases`` in [0, 2 pi); np.mod alone maps a tiny negative phase onto 2 pi itself."""
    wrapped = np.mod(phases, 2 * np.pi)
    return np.where(wrapped >= 2 * np.pi, 0.0, wrapped)
