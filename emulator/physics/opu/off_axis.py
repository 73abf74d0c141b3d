"""Off-axis holography: a tilted reference moves the field's spectrum clear of its own intensity's.

Modelled: object modes (rows, modes) that are band-limited along the columns, sampled by ``oversampling`` camera
columns a mode; a plane reference R, tilted by ``carrier`` cycles a row; I = |O|^2 + |R|^2 + 2 Re(O R* e^(ikx)).
One frame gives both quadratures. Not modelled: a tilt along the rows, pixel area (fill factor), and light beyond
the modes: what no output asks for is dark.

Bins of a row of W columns, for w modes: |O|^2 fills -(w-1)..w-1; the sideband carrier - w//2 .. carrier +
(w+1)//2 - 1, and its conjugate the negatives. None overlaps another, modulo W, for a carrier from w + w//2 to
(W-1)//2 - (w+1)//2 + 1: then recovery is exact, and no smaller integer oversampling than 4 does (3 for one mode).

Source: textbook Fourier-transform demodulation, here along one axis.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from emulator.errors import PhysicsError
from emulator.kernel import kernel
from emulator.physics.opu.holography import Light

__all__ = ["OffAxis", "demodulate", "mode_grid", "off_axis", "off_axis_images"]

Reals = NDArray[np.floating]
Fields = NDArray[np.complexfloating]


@dataclass(frozen=True, slots=True)
class OffAxis:
    """Hold the geometry of one row: ``modes`` of the object, camera columns a mode, carrier in cycles a row."""

    modes: int
    oversampling: int
    carrier: int

    @property
    def columns(self) -> int:
        """Return the camera columns of a row."""
        return self.modes * self.oversampling


def off_axis(modes: int, oversampling: int = 4, carrier: int | None = None) -> OffAxis:
    """Return the geometry of rows of ``modes``, with the smallest carrier that works unless one is given.

    Raises ``PhysicsError``, naming the smallest that fits, when the sidebands would overlap.
    """
    if modes < 1 or oversampling < 1:
        raise PhysicsError(f"off_axis: modes={modes}, oversampling={oversampling}; both must be 1 or more")
    lowest = modes + modes // 2
    highest = (modes * oversampling - 1) // 2 - (modes + 1) // 2 + 1
    if highest < lowest:
        enough = -(-(4 * modes - 1) // modes)
        raise PhysicsError(
            f"off_axis: {oversampling} columns a mode do not hold {modes} modes, their conjugates and their "
            f"intensity apart; the smallest oversampling that fits is {enough}"
        )
    if carrier is None:
        return OffAxis(modes, oversampling, lowest)
    if not lowest <= carrier <= highest:
        raise PhysicsError(
            f"off_axis: a carrier of {carrier} cycles a row lets spectra overlap; allowed are {lowest}..{highest} "
            f"for {modes} modes on {modes * oversampling} columns, the smallest is {lowest}"
        )
    return OffAxis(modes, oversampling, carrier)


def mode_grid(fields: Fields, geometry: OffAxis) -> Fields:
    """Return ``fields`` (..., outputs) as rows of modes (..., rows, modes); modes beyond the outputs are dark."""
    outputs = fields.shape[-1]
    rows = -(-outputs // geometry.modes)
    grid = np.zeros((*fields.shape[:-1], rows * geometry.modes), dtype=fields.dtype)
    grid[..., :outputs] = fields
    return grid.reshape(*fields.shape[:-1], rows, geometry.modes)


def off_axis_images(grid: Fields, geometry: OffAxis, light: Light) -> Reals:
    """Return the expected electrons (..., rows, columns) of ``grid`` (..., rows, modes) of T x.

    The row's spectrum is put at the carrier and padded with zeros, so that one inverse transform interpolates and
    tilts the field at once: O e^(ikx), and I = |O e^(ikx) + R|^2. Single precision in, single precision out.
    """
    spectrum = fft.fft(grid, axis=-1, norm="forward")
    spectrum *= spectrum.real.dtype.type(np.sqrt(light.gain_e))
    upper, lower = (geometry.modes + 1) // 2, geometry.modes // 2
    padded = np.zeros((*grid.shape[:-1], geometry.columns), dtype=spectrum.dtype)
    padded[..., geometry.carrier : geometry.carrier + upper] = spectrum[..., :upper]
    padded[..., geometry.carrier - lower : geometry.carrier] = spectrum[..., upper:]
    tilted = fft.ifft(padded, axis=-1, norm="forward", overwrite_x=True)
    image = np.empty(tilted.shape, dtype=tilted.real.dtype)
    _beat(tilted.ravel(), image.dtype.type(np.sqrt(light.reference_e)), image.ravel())
    return image


def demodulate(images_e: Reals, geometry: OffAxis, light: Light) -> Fields:
    """Return T x (..., rows, modes) from ``images_e`` (..., rows, columns) in electrons, in their precision.

    Fourier transform along the rows, the sideband's bins, back, divided by R sqrt(gain_e).
    """
    bins = fft.rfft(images_e, axis=-1, norm="forward")
    upper, lower = (geometry.modes + 1) // 2, geometry.modes // 2
    sideband = np.empty((*images_e.shape[:-1], geometry.modes), dtype=bins.dtype)
    sideband[..., :upper] = bins[..., geometry.carrier : geometry.carrier + upper]
    sideband[..., upper:] = bins[..., geometry.carrier - lower : geometry.carrier]
    sideband *= sideband.real.dtype.type(1.0 / np.sqrt(light.reference_e * light.gain_e))
    return cast(Fields, fft.ifft(sideband, axis=-1, norm="forward", overwrite_x=True))


@kernel
def _beat(field: Fields, reference: np.floating, out: Reals) -> None:
    """Fill ``out`` with |field + reference|^2 in one pass, without the temporaries that NumPy would make."""
    for pixel in range(np.uint64(field.size)):
        real = field[pixel].real + reference
        imag = field[pixel].imag
        out[pixel] = real * real + imag * imag
