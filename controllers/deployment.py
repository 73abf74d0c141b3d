"""Deployment: trained weights become the phases of a chip, of which a random part stays tunable.

The nominal design of a chip is public, so this module may use the mesh's mathematics; the chip's actual state
(device variations, temperatures) is not.

Source: J. Gu et al., AAAI 2021 (SZO-SCD), "ONN Deployment with Mixed Active/Passive Regions".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError
from emulator.physics.chip.mesh import LayerPhases, Rotation, Shape, decompose_matrix
from emulator.physics.chip.patches import Patches

__all__ = ["ActiveShare", "Deployment", "deploy"]

ActiveShare = Literal["of_all", "of_unitary"]


@dataclass(frozen=True, slots=True, eq=False)
class Deployment:
    """Hold the phases of every layer, and ``active`` (devices,): which of them keep a heater.

    ``feeds`` says how the values in front of each layer become its symbols; empty, they do as they stand.
    """

    layers: tuple[LayerPhases, ...]
    active: NDArray[np.bool_]
    feeds: tuple[Patches, ...] = ()

    @property
    def phases(self) -> NDArray[np.float64]:
        """Return all design phases, (devices,), in device order, in [0, 2 pi)."""
        return np.concatenate([layer.flat() for layer in self.layers])

    @property
    def heaters(self) -> NDArray[np.int64]:
        """Return the indices of the active devices, ascending."""
        return np.flatnonzero(self.active)


def deploy(
    weights: Sequence[NDArray[np.float64]],
    alpha: float,
    rng: np.random.Generator,
    sigma_max: float = 3.0,
    shape: Shape = "thin",
    rotation: Rotation = "ccw",
    active_share: ActiveShare = "of_all",
    feeds: tuple[Patches, ...] = (),
) -> Deployment:
    """Map ``weights`` (each outputs x inputs) onto phases and choose the active devices at random.

    All Sigma attenuators are active. With ``active_share`` "of_all" (the paper's count, alpha d devices in all)
    as many rotators join them as make ``alpha`` times the number of all phases; with "of_unitary" the share
    ``alpha`` of the rotators does. Raises ``ConfigError`` unless 0 < alpha <= 1.
    """
    if not 0.0 < alpha <= 1.0:
        raise ConfigError(f"deploy: alpha={alpha!r} is not allowed; it must lie in (0, 1]")
    layers = tuple(decompose_matrix(matrix, sigma_max, shape, rotation) for matrix in weights)
    active = np.concatenate([_sigma_mask(layer) for layer in layers])
    rotators = np.flatnonzero(~active)
    if active_share == "of_all":
        wanted = round(alpha * active.size) - (active.size - rotators.size)
    else:
        wanted = round(alpha * rotators.size)
    active[rng.permutation(rotators)[: max(wanted, 0)]] = True
    return Deployment(layers, active, feeds)


def _sigma_mask(layer: LayerPhases) -> NDArray[np.bool_]:
    mask = np.zeros(layer.count, dtype=np.bool_)
    mask[layer.v.size : layer.v.size + layer.sigma.size] = True
    return mask
