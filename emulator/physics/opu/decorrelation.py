"""A scattering medium that is no longer what it was: T = rho T0 + sqrt(1 - rho^2) T1, with T1 as random as T0.

Modelled: the correlation rho of fields with those of the medium at the start, as it falls while paths through the
medium diffuse, or while the medium warms up; matrices with that correlation and unchanged moments. Not modelled:
which T the medium goes through (T0 and T1 span all that it ever is, so that it comes back to T0 when rho does), the
memory effect, which tilts speckle before it changes it, and low-order aberrations.

Sources: for the mean of random phasors J. W. Goodman, Statistical Optics (E exp(i phi) = exp(-var phi / 2) for
normal phases); for warm-up of a micromirror device and its window, wavefrontshaping/tutorial-DMD-setup-2023.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emulator.errors import PhysicsError
from emulator.physics.opu.medium_interface import FieldTile, Medium, joined_fields

__all__ = ["MixedMedium", "decayed_correlation", "warmed_correlation"]

Singles = NDArray[np.float32]


def decayed_correlation(t_s: float, tau_s: float) -> float:
    """Return rho = exp(-t/tau) of fields ``t_s`` apart: phases of paths diffuse with the variance 2 t/tau.

    Raises ``PhysicsError`` unless t >= 0 and tau > 0.
    """
    if not (t_s >= 0.0 and tau_s > 0.0):
        raise PhysicsError(f"medium: correlation after {t_s:g} s of {tau_s:g} s; allowed: >= 0 s of > 0 s")
    return math.exp(-t_s / tau_s)


def warmed_correlation(t_s: float, spread_rad: float, tau_s: float) -> float:
    """Return rho of fields ``t_s`` after a medium began to warm up: exp(-(spread (1 - exp(-t/tau)))^2 / 2).

    Its temperature relaxes with ``tau_s``, and every path's phase follows it, by an own amount: normal over the
    paths, with the standard deviation ``spread_rad`` in the end. Raises ``PhysicsError`` unless t, spread >= 0 and
    tau > 0.
    """
    if not (t_s >= 0.0 and tau_s > 0.0 and spread_rad >= 0.0):
        raise PhysicsError(
            f"medium: warm-up by {spread_rad:g} rad in {tau_s:g} s, after {t_s:g} s; allowed: >= 0, > 0, >= 0"
        )
    return math.exp(-0.5 * (spread_rad * math.expm1(-t_s / tau_s)) ** 2)


@dataclass(frozen=True, slots=True, eq=False)
class MixedMedium:
    """A medium with the correlation ``rho`` in [0, 1] with ``first``, mixed with ``second``, of the same size."""

    first: Medium
    second: Medium
    rho: float

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return self.first.inputs

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return self.first.outputs

    @property
    def stored_bytes(self) -> int:
        """Bytes of memory that both media keep between uses."""
        return self.first.stored_bytes + self.second.stored_bytes

    @property
    def _shares(self) -> tuple[np.float32, np.float32]:
        return np.float32(self.rho), np.float32(math.sqrt(1.0 - self.rho**2))

    def tiles(self, x: Singles) -> Iterator[FieldTile]:
        """Yield T x in tiles that cover every vector and output once."""
        rho, rest = self._shares
        for one, other in zip(self.first.tiles(x), self.second.tiles(x), strict=True):
            real, imaginary = (rho * a + rest * b for a, b in zip(one[2:], other[2:], strict=True))
            yield FieldTile(one.row, one.first, real, imaginary)

    def fields(self, x: Singles) -> NDArray[np.complex64]:
        """Return T x (batch, outputs) for x (batch, inputs)."""
        return joined_fields(self, x)

    def real_fields(self, x: Singles) -> Singles:
        """Return Re(T x) (batch, outputs) for x (batch, inputs)."""
        rho, rest = self._shares
        return np.asarray(rho * self.first.real_fields(x) + rest * self.second.real_fields(x))

    def take(self, outputs: NDArray[np.int64]) -> "MixedMedium":
        """Return the medium that has only these outputs, given as strictly increasing indices."""
        return MixedMedium(self.first.take(outputs), self.second.take(outputs), self.rho)
