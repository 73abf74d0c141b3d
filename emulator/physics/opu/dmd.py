"""A digital micromirror device: features on macro-pixels, numbers as binary patterns, the loading of frames.

Modelled: an array of mirrors that are on or off, shared out to the features in equal numbers; ternary and real
vectors written as binary patterns; the bytes and seconds of loading a frame. Not modelled: diffraction and contrast
of the mirrors, the pulse-width grey levels of a projector, warm-up aberrations, light of the mirrors that are off,
the picture of a torn frame (a frame that is shown while it is loaded counts as lost).

Sources: array and packing, lightonml's device.py (912 x 1140, 8 mirrors a byte); splitting signed numbers into
bit planes, the same package's encoders. The rounding is Lightloop's own.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import PhysicsError

__all__ = [
    "COLUMNS",
    "MAX_BITS",
    "ROWS",
    "BitPlanes",
    "MacroPixels",
    "TernaryPatterns",
    "bit_planes",
    "frame_bytes",
    "load_time_s",
    "macro_pixels",
    "ternary_patterns",
]

ROWS = 912
"""Rows of mirrors (lightonml's device.py)."""

COLUMNS = 1140
"""Columns of mirrors (lightonml's device.py)."""

MAX_BITS = 16
"""Most bit planes a sign that a number may be split into; lightonml's users rarely go beyond 6."""

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MacroPixels:
    """Say which mirrors show a feature: ``mirrors`` neighbours in raster order each, the remainder stays dark.

    Strips in raster order, rather than blocks, give every feature exactly the same area for any number of
    features; the scattering medium makes all mirrors equal, so the outline does not matter.
    """

    features: int
    mirrors: int
    rows: int = ROWS
    columns: int = COLUMNS


class TernaryPatterns(NamedTuple):
    """Hold a ternary vector as two binary patterns: e = ``positive`` - ``negative``."""

    positive: Bools
    negative: Bools


class BitPlanes(NamedTuple):
    """Hold vectors x as binary patterns: x[b] ~ sum over k of ``scales``[b, k] * ``planes``[b, k].

    ``planes`` (batch, patterns, n) are bool, ``scales`` (batch, patterns) float64, negative for the patterns of
    the negative part.
    """

    planes: Bools
    scales: Floats


def macro_pixels(features: int, rows: int = ROWS, columns: int = COLUMNS) -> MacroPixels:
    """Return the layout that gives each of ``features`` the same, largest number of mirrors.

    Raises ``PhysicsError`` when there are fewer mirrors than features, or no features.
    """
    mirrors = rows * columns
    if not 1 <= features <= mirrors:
        raise PhysicsError(
            f"DMD: {features} features; allowed are 1..{mirrors}, as the array has {rows} x {columns} mirrors"
        )
    return MacroPixels(features, mirrors // features, rows, columns)


def ternary_patterns(vector: NDArray[np.floating] | NDArray[np.integer]) -> TernaryPatterns:
    """Return the binary patterns of ``vector`` (...), whose entries are -1, 0 or 1.

    Raises ``PhysicsError`` at the first entry of any other value, NaN included.
    """
    positive, negative = vector == 1, vector == -1
    _refuse(~(positive | negative | (vector == 0)), vector, "ternary pattern", "allowed are -1, 0 and 1")
    return TernaryPatterns(positive, negative)


def bit_planes(x: NDArray[np.floating], bits: int, signed: bool) -> BitPlanes:
    """Return ``x`` (batch, n) as ``bits`` binary patterns a vector, or as 2*``bits`` when it is ``signed``.

    With the magnitude a = max |x| of each vector, |x|/a is rounded to the nearest multiple of 1/(2^bits - 1):
    0 and the magnitude itself are exact, and no entry is wrong by more than a/(2^(bits+1) - 2), which is at most
    a 2^-bits. First come the planes of the positive part, least significant first, then the negative part's.
    Raises ``PhysicsError`` for an entry that is not finite, for a negative one unless ``signed``, for ``bits``
    outside 1..16 and for any other shape.
    """
    if x.ndim != 2 or not 1 <= bits <= MAX_BITS:
        raise PhysicsError(
            f"bit planes: shape {x.shape} and bits={bits}; allowed are (batch, n) and 1..{MAX_BITS} bits"
        )
    _refuse(~np.isfinite(x), x, "bit planes", "only finite numbers can be encoded")
    if not signed:
        _refuse(x < 0, x, "bit planes", "unsigned patterns need x >= 0; encode it as signed")
    magnitude = np.abs(x).max(axis=1, initial=0.0).astype(np.float64)
    top = 2**bits - 1
    unit = np.where(magnitude > 0.0, magnitude, 1.0)[:, np.newaxis]
    codes = np.rint(np.abs(x) / unit * top).astype(np.int64)
    planes = (codes[:, np.newaxis, :] >> np.arange(bits)[:, np.newaxis] & 1).astype(np.bool_)
    scales = magnitude[:, np.newaxis] * (2.0 ** np.arange(bits) / top)
    if not signed:
        return BitPlanes(planes, scales)
    positive = (x > 0)[:, np.newaxis, :]
    return BitPlanes(
        np.concatenate([planes & positive, planes & ~positive], axis=1),
        np.concatenate([scales, -scales], axis=1),
    )


def frame_bytes(rows: int = ROWS, columns: int = COLUMNS) -> int:
    """Return the bytes of one frame, eight mirrors a byte: 129,960 for the whole array."""
    return -(-rows * columns // 8)


def load_time_s(size_bytes: int, bytes_per_s: float) -> float:
    """Return the seconds that ``size_bytes`` take at ``bytes_per_s``; raises ``PhysicsError`` unless rate > 0."""
    if not bytes_per_s > 0.0:
        raise PhysicsError(f"DMD: load rate {bytes_per_s:g} B/s; it must be above 0")
    return size_bytes / bytes_per_s


def _refuse(wrong: Bools, values: NDArray[np.generic], where: str, allowed: str) -> None:
    """Raise ``PhysicsError`` that names the first entry of ``values`` that is ``wrong``."""
    if wrong.any():
        index = tuple(int(i) for i in np.unravel_index(int(np.argmax(wrong)), wrong.shape))
        raise PhysicsError(f"{where}: entry {index} is {values[index]:g}; {allowed}")
