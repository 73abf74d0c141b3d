"""The rival: the same query in plain PyTorch, which rebuilds every layer's matrix from its phases.

This is what a library does that has no notion of a single changed phase: all rotators of one column of the chip
in one step, on views (no copies by index), then W = U Sigma V*, the batch forward and the cross-entropy. It has
no heat, no noise, no converters, no time and no energy, and does without gradients.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from emulator.commands import Batch
from emulator.physics.chip.mesh import LayerPhases, Triangle, triangle

if TYPE_CHECKING:
    import torch

__all__ = ["make_query", "rebuild_layer"]


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """One column of a triangle: rotators ``first`` to ``last`` of the sorted ones, on every second waveguide."""

    first: int
    last: int
    upper: slice
    lower: slice


@dataclass(frozen=True, slots=True, eq=False)
class _Mesh:
    """A triangle by columns; ``order`` sorts its phases by column and waveguide."""

    rows: int
    modes: int
    order: "torch.Tensor"
    columns: tuple[_Column, ...]


def _by_columns(mesh: Triangle) -> _Mesh:
    import torch

    order = np.lexsort((mesh.upper, mesh.stage))
    stages, upper = mesh.stage[order], mesh.upper[order]
    columns = []
    for stage in np.unique(stages):
        mine = np.flatnonzero(stages == stage)
        top, bottom = int(upper[mine[0]]), int(upper[mine[-1]])
        columns.append(
            _Column(int(mine[0]), int(mine[-1]) + 1, slice(top, bottom + 1, 2), slice(top + 1, bottom + 2, 2))
        )
    return _Mesh(mesh.rows, mesh.modes, torch.from_numpy(order), tuple(columns))


def _rows(mesh: _Mesh, phases: "torch.Tensor") -> "torch.Tensor":
    """Return the first rows of the product of all rotators, (rows, modes)."""
    import torch

    ordered = phases[mesh.order]
    cos, sin = torch.cos(ordered)[:, None], torch.sin(ordered)[:, None]
    light = torch.eye(mesh.modes, dtype=torch.float64)
    for column in mesh.columns:
        c, s = cos[column.first : column.last], sin[column.first : column.last]
        above, below = light[column.upper], light[column.lower]
        turned = c * above - s * below
        light[column.lower] = s * above + c * below
        light[column.upper] = turned
    return light[: mesh.rows]


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    v: _Mesh
    u: _Mesh
    v_phases: "torch.Tensor"
    sigma: "torch.Tensor"
    u_phases: "torch.Tensor"
    signs: "torch.Tensor"


def _prepared(phases: LayerPhases) -> _Layer:
    import torch

    outputs, inputs = phases.shape
    rank = min(outputs, inputs)
    return _Layer(
        _by_columns(triangle(rank, inputs)),
        _by_columns(triangle(rank, outputs)),
        torch.from_numpy(phases.v),
        torch.from_numpy(phases.sigma),
        torch.from_numpy(phases.u[::-1].copy()),
        torch.from_numpy(phases.signs),
    )


def _weights(layer: _Layer, sigma_max: float) -> "torch.Tensor":
    import torch

    strength = layer.signs * sigma_max * torch.cos(layer.sigma)
    return (_rows(layer.u, layer.u_phases).T * strength) @ _rows(layer.v, layer.v_phases)


def rebuild_layer(phases: LayerPhases, sigma_max: float) -> NDArray[np.float64]:
    """Return the weights (outputs, inputs) of a thin, "ccw" layer: what the query multiplies with."""
    return np.asarray(_weights(_prepared(phases), sigma_max).numpy())


def make_query(
    layers: tuple[LayerPhases, ...], batch: Batch, sigma_max: float, activation_clip: float
) -> Callable[[], float]:
    """Return a function that makes one query in PyTorch and returns its loss."""
    import torch
    from torch.nn.functional import cross_entropy

    prepared = [_prepared(layer) for layer in layers]
    inputs, labels = torch.from_numpy(batch.inputs), torch.from_numpy(batch.labels)

    def query() -> float:
        with torch.no_grad():
            light = inputs
            for layer in prepared[:-1]:
                light = (light @ _weights(layer, sigma_max).T).clamp(0.0, activation_clip)
            return float(cross_entropy(light @ _weights(prepared[-1], sigma_max).T, labels))

    return query
