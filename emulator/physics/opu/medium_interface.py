"""What every scattering medium offers: real vectors in, complex light fields out, whole or in tiles.

Modelled: a thick scatterer in transmission, one fixed matrix T of circular complex numbers with E t = 0,
E |t|^2 = 1 and E t^2 = 0, so that each output pixel shows fully developed speckle. Not here: how T is made (see
``gaussian_medium`` and ``structured_medium``), absorption, the memory effect, drift of the medium.

Source: J. W. Goodman, Speckle Phenomena in Optics (circular Gaussian fields, exponential intensities).
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from emulator.errors import PhysicsError

__all__ = ["FieldTile", "Medium", "checked_outputs", "checked_vectors", "joined_fields"]

Singles = NDArray[np.float32]
Fields = NDArray[np.complex64]
Indices = NDArray[np.int64]


class FieldTile(NamedTuple):
    """Hold the fields of some vectors at some neighbouring outputs, as two arrays (vectors, outputs).

    ``row`` is the first vector and ``first`` the first output. The arrays are valid until the next tile is asked
    for: their memory is used again, so that the light of a large medium stays in the processor's cache.
    """

    row: int
    first: int
    real: Singles
    imaginary: Singles


class Medium(Protocol):
    """Multiply real vectors by a fixed random complex matrix T (outputs, inputs), with E |t|^2 = 1.

    Vectors x are float32 (batch, inputs), finite; else ``PhysicsError``. Equal media give equal bits for equal
    vectors, whatever batch they are in.
    """

    @property
    def inputs(self) -> int:
        """Number of inputs."""

    @property
    def outputs(self) -> int:
        """Number of outputs."""

    @property
    def stored_bytes(self) -> int:
        """Bytes of memory that the medium keeps between uses."""

    def tiles(self, x: Singles) -> Iterator[FieldTile]:
        """Yield T x in tiles that cover every vector and output once."""

    def fields(self, x: Singles) -> Fields:
        """Return T x (batch, outputs) for x (batch, inputs)."""

    def real_fields(self, x: Singles) -> Singles:
        """Return Re(T x) (batch, outputs) for x (batch, inputs), with less work than ``fields``."""

    def take(self, outputs: Indices) -> "Medium":
        """Return the medium that has only these outputs, given as strictly increasing indices."""


def checked_vectors(x: Singles, inputs: int) -> Singles:
    """Return ``x``, contiguous; raise ``PhysicsError`` unless it is finite float32 (batch, inputs)."""
    if x.dtype != np.float32:
        raise PhysicsError(
            f"medium: x has the type {x.dtype}, allowed is float32; convert with astype(np.float32)"
        )
    if x.ndim != 2 or x.shape[1] != inputs:
        raise PhysicsError(f"medium: x has the shape {x.shape}, allowed is (batch, {inputs})")
    finite = np.isfinite(x)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise PhysicsError(f"medium: x[{row}, {column}] is {x[row, column]}, allowed are finite numbers")
    return np.ascontiguousarray(x)


def checked_outputs(chosen: Indices, outputs: int) -> Indices:
    """Return ``chosen`` as int64; raise ``PhysicsError`` unless it is strictly increasing in [0, outputs)."""
    if chosen.ndim != 1 or chosen.size == 0 or not np.issubdtype(chosen.dtype, np.integer):
        raise PhysicsError(
            f"medium: the outputs to take have shape {chosen.shape} and type {chosen.dtype}, allowed is one row of "
            "at least one whole number; np.flatnonzero turns a mask into it"
        )
    if chosen[0] < 0 or chosen[-1] >= outputs or (chosen[1:] <= chosen[:-1]).any():
        raise PhysicsError(
            f"medium: the outputs to take run from {chosen[0]} to {chosen[-1]}, allowed are strictly increasing "
            f"indices from 0 to {outputs - 1}"
        )
    return chosen.astype(np.int64)


def joined_fields(medium: Medium, x: Singles) -> Fields:
    """Return T x (batch, outputs), put together from the medium's tiles."""
    x = checked_vectors(x, medium.inputs)
    joined = np.empty((x.shape[0], medium.outputs), dtype=np.complex64)
    for row, first, real, imaginary in medium.tiles(x):
        rows, columns = real.shape
        part = joined[row : row + rows, first : first + columns]
        part.real, part.imag = real, imaginary
    return joined
