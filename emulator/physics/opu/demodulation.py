"""The ways from intensities to numbers, each as one pair: the images a field makes, and what is recovered of them.

One class a mode, with the formulas of ``holography``, ``off_axis`` and ``anchor``; it adds none of its own.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from emulator.physics.opu.anchor import anchor_images, recover_anchor
from emulator.physics.opu.holography import Light, intensity_images, phase_images, recover_phase
from emulator.physics.opu.off_axis import OffAxis, demodulate, mode_grid, off_axis_images

__all__ = ["AnchorRecovery", "IntensityRecovery", "OffAxisRecovery", "PhaseRecovery", "Recovery"]

Reals = NDArray[np.floating]
Fields = NDArray[np.complexfloating]


class Recovery(Protocol):
    """Form the images of patterns and read them; ``n`` patterns have n * frames images."""

    def images(self, fields: Fields, light: Light) -> Reals:
        """Return the expected electrons (n, frames, ...) of ``fields`` T x (n, pixels)."""

    def recover(self, images_e: Reals, light: Light) -> Reals:
        """Return the real projections (n, outputs) that images in electrons (n, frames, ...) tell."""


@dataclass(frozen=True, slots=True)
class OffAxisRecovery:
    """Read the real quadrature of each mode from one hologram."""

    geometry: OffAxis
    outputs: int

    def images(self, fields: Fields, light: Light) -> Reals:
        """Return one hologram a pattern (n, 1, rows, columns)."""
        return off_axis_images(mode_grid(fields, self.geometry), self.geometry, light)[:, np.newaxis]

    def recover(self, images_e: Reals, light: Light) -> Reals:
        """Return Re(T x) (n, outputs)."""
        modes = demodulate(images_e[:, 0], self.geometry, light)
        return np.asarray(modes.real.reshape(len(modes), -1)[:, : self.outputs])


@dataclass(frozen=True, slots=True)
class PhaseRecovery:
    """Read the real quadrature of each pixel from frames with a stepped reference."""

    steps: int

    def images(self, fields: Fields, light: Light) -> Reals:
        """Return the frames of all steps (n, steps, pixels)."""
        return phase_images(fields, light, self.steps)

    def recover(self, images_e: Reals, light: Light) -> Reals:
        """Return Re(T x) (n, pixels)."""
        return np.asarray(recover_phase(images_e, light).real)


@dataclass(frozen=True, slots=True, eq=False)
class AnchorRecovery:
    """Read the projection onto the anchor's phase: ``field`` (pixels,) is M r, ``measured_e`` its intensity."""

    field: Fields
    measured_e: NDArray[np.float64]

    def images(self, fields: Fields, light: Light) -> Reals:
        """Return the frames of x and of r - x (n, 2, pixels)."""
        return anchor_images(fields, self.field, light.gain_e)

    def recover(self, images_e: Reals, light: Light) -> Reals:
        """Return y (n, pixels)."""
        return recover_anchor(images_e, self.measured_e, light.gain_e)


@dataclass(frozen=True, slots=True)
class IntensityRecovery:
    """Hand out intensities as counts of ``e_per_count`` electrons, as the camera gives them."""

    e_per_count: float

    def images(self, fields: Fields, light: Light) -> Reals:
        """Return one frame a pattern (n, 1, pixels)."""
        return intensity_images(fields, light)[:, np.newaxis]

    def recover(self, images_e: Reals, light: Light) -> Reals:
        """Return counts (n, pixels), whole ones where the images are."""
        del light
        return np.asarray(images_e[:, 0] / self.e_per_count)
