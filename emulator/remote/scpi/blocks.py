"""Blocks of definite length, ``#512345...``, and what numbers they hold (IEEE 488.2, 7.7.6 and 8.7.9)."""

import math
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emulator.remote.scpi.faults import ScpiError

__all__ = [
    "MARK",
    "Format",
    "block",
    "block_bytes",
    "decimal",
    "head_of",
    "listed",
    "meant",
    "numbers_in",
    "written",
]

MARK: Final = b"#"
_MOST_DIGITS: Final = 9
_NOT_A_NUMBER, _INFINITY = 9.91e37, 9.9e37  # SCPI-1999, Volume 1, 7.2.1.4 and 7.2.1.5


class Format(NamedTuple):
    """Say how a client writes and reads many numbers: as a list, or as blocks of reals of 32 or 64 bits."""

    kind: Literal["ASC", "REAL"] = "ASC"
    bits: Literal[32, 64] = 64
    swapped: bool = False
    """Whether the least byte comes first; SCPI's NORMal is the greatest first."""

    @property
    def real(self) -> np.dtype[np.floating]:
        """Return the type of a real in a block."""
        return np.dtype(f"{'<' if self.swapped else '>'}f{self.bits // 8}")


def block(content: bytes) -> bytes:
    """Return ``content`` as a block of definite length."""
    length = b"%d" % len(content)
    if len(length) > _MOST_DIGITS:
        raise ScpiError(-223, f"{len(content)} bytes; a block holds less than 1 GB")
    return b"#%d%b%b" % (len(length), length, content)


def head_of(text: bytes | bytearray, start: int) -> tuple[int, int] | None:
    """Return where the content of the block at ``start`` begins and ends, or None while its head is not all there.

    Raises ``ScpiError`` for a head that is none: also one of indefinite length, which has no end on a socket.
    """
    if len(text) < start + 2:
        return None
    digits = text[start + 1] - ord("0")
    if not 1 <= digits <= _MOST_DIGITS:
        raise ScpiError(-161, "a block begins with # and the number of digits, 1 to 9, of its length")
    begin = start + 2 + digits
    length = text[start + 2 : begin]
    if not length.isdigit() and length:
        raise ScpiError(-161, "the length of a block is no number")
    return (begin, begin + int(length)) if len(text) >= begin else None


def block_bytes(text: bytes, start: int) -> tuple[bytes, int]:
    """Return the content of the block at ``start`` and where it ends; raises ``ScpiError`` where it is cut off."""
    place = head_of(text, start)
    if place is None or len(text) < place[1]:
        raise ScpiError(-161, "the block is shorter than its length says")
    return text[place[0] : place[1]], place[1]


def numbers_in(content: bytes, form: Format) -> NDArray[np.float64]:
    """Return the reals in a block, (n,); raises ``ScpiError`` where its length is no multiple of theirs."""
    real = form.real
    if len(content) % real.itemsize:
        raise ScpiError(-161, f"{len(content)} bytes are no reals of {form.bits} bits")
    return np.frombuffer(content, dtype=real).astype(np.float64)


def listed(numbers: ArrayLike) -> bytes:
    """Return ``numbers`` as decimals that stand for exactly them, with commas between."""
    values = np.asarray(numbers).ravel()
    if values.dtype.kind in "bui":
        return ",".join(str(int(each)) for each in values.tolist()).encode()
    return ",".join(map(decimal, values.tolist())).encode()


def decimal(number: float) -> str:
    """Return ``number`` as a decimal that stands for exactly it; SCPI has numbers for what is none (7.2.1)."""
    if math.isfinite(number):
        return repr(number)
    return _said(_NOT_A_NUMBER) if math.isnan(number) else _said(math.copysign(_INFINITY, number))


def _said(number: float) -> str:
    return f"{number!r}".upper()


def meant(number: float) -> float:
    """Return ``number``, or what SCPI means by it where it stands for what is none; the inverse of ``decimal``."""
    if number == _NOT_A_NUMBER:
        return math.nan
    return math.copysign(math.inf, number) if abs(number) == _INFINITY else number


def written(numbers: ArrayLike, form: Format) -> bytes:
    """Return ``numbers`` as ``form`` has them."""
    if form.kind == "ASC":
        return listed(numbers)
    return block(np.asarray(numbers).astype(form.real).tobytes())
