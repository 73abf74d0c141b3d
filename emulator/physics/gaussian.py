"""Counter-based Gaussian noise: the n-th draw of a stream is a function of (key, n), with no state to lose.

Modelled: Philox-4x32-10 words, turned into standard normal numbers by Box and Muller in single precision: a draw
of magnitude r is exact to about 1e-6 r + 1e-7/r, and none exceeds 6.8 (once in 1e11 draws the tail is cut).

Sources: J. Salmon et al., SC'11 (Philox); G. Box and M. Muller, Ann. Math. Stat. 29, 610 (1958). Logarithm,
sine and cosine are power series, written out, and quadrants are integer arithmetic, so that the loops vectorise.
"""

import numpy as np
from numpy.typing import NDArray

from emulator.kernel import bare_kernel

__all__ = ["BLOCK", "fill_block", "fill_normals", "fill_words", "normals"]

Singles = NDArray[np.float32]

BLOCK = 256
"""Draws per block: 64 Philox counters of four words each."""

_LANES = np.uint64(BLOCK // 4)
_HALF = np.uint64(BLOCK // 2)
_LOW = np.uint64(0xFFFFFFFF)
_WORD = np.uint64(32)
_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)
_WEYL_1 = np.uint64(0xBB67AE85)
_ROUNDS = 10
_MANTISSA = np.int32(23)
_SQRT_HALF_BITS = np.int32(0x3F3504F3)
_TWO_TO_MINUS_32 = np.float32(2.0**-32)
_LN_2 = np.float32(0.6931471805599453)
_EIGHTH_TURN = np.uint32(1 << 29)
_QUARTER_TURN = np.uint32(30)
_RAD_PER_WORD = np.float32(1.5707963267948966 * 2.0**-30)
_F, _I, _U = np.float32, np.int32, np.uint32


@bare_kernel
def fill_words(out: Singles, begin: int, block: int, draw: int, key_0: int, key_1: int) -> None:
    """Fill ``out[begin:]`` (BLOCK,) with Philox of the counters (64*block + lane, draw, draw >> 32, 0).

    The words, 32 bits each, are written as the bit patterns of numbers, so that they need no memory of their own.
    """
    place, first = np.uint64(begin), np.uint64(block) * _LANES
    low, high = np.uint64(draw) & _LOW, np.uint64(draw) >> _WORD
    for j in range(_LANES):
        a, b, c, d = (first + j) & _LOW, low, high, np.uint64(0)
        round_0, round_1 = np.uint64(key_0), np.uint64(key_1)
        for _ in range(_ROUNDS):
            product_0, product_1 = a * _MULTIPLIER_0, c * _MULTIPLIER_1
            a = (product_1 >> _WORD) ^ b ^ round_0
            c = (product_0 >> _WORD) ^ d ^ round_1
            b, d = product_1 & _LOW, product_0 & _LOW
            round_0, round_1 = (round_0 + _WEYL_0) & _LOW, (round_1 + _WEYL_1) & _LOW
        at = place + j
        out[at], out[at + _LANES] = _U(a).view(_F), _U(b).view(_F)
        out[at + _HALF], out[at + _HALF + _LANES] = _U(c).view(_F), _U(d).view(_F)


@bare_kernel
def _radius(word: np.uint32) -> np.float32:
    """Return sqrt(-2 ln u) of the uniform u of ``word``: u = m 2^e, ln m = 2 artanh((m-1)/(m+1))."""
    bits = _F((_F(word) + _F(0.5)) * _TWO_TO_MINUS_32).view(_I)
    exponent = _I(_I(bits - _SQRT_HALF_BITS) >> _MANTISSA)
    mantissa = _I(bits - _I(exponent << _MANTISSA)).view(_F)  # in [sqrt(1/2), sqrt 2)
    t = (mantissa - _F(1)) / (mantissa + _F(1))
    z = t * t
    series = _F(1) + z * (_F(1 / 3) + z * (_F(1 / 5) + z * (_F(1 / 7) + z * _F(1 / 9))))
    return _F(np.sqrt(_F(-2) * (_F(exponent) * _LN_2 + _F(2) * t * series)))


@bare_kernel
def _turn(out: Singles, begin: int) -> None:
    """Replace the words ``out[begin:]`` (BLOCK,) by normals: radii and angles by radius*cos and radius*sin.

    The angle is split into its quadrant and a rest in [-pi/4, pi/4), where the series converge fast.
    """
    place = np.uint64(begin)
    for j in range(_HALF):
        radius = _radius(_F(out[place + j]).view(_U))
        word = _F(out[place + _HALF + j]).view(_U)
        quadrant = _U(_U(word + _EIGHTH_TURN) >> _QUARTER_TURN)
        x = _F(_I(_U(word - _U(quadrant << _QUARTER_TURN)))) * _RAD_PER_WORD
        z = x * x
        sin = x * (_F(1) + z * (_F(-1 / 6) + z * (_F(1 / 120) + z * (_F(-1 / 5040) + z * _F(1 / 362880)))))
        cos = _F(1) + z * (_F(-1 / 2) + z * (_F(1 / 24) + z * (_F(-1 / 720) + z * _F(1 / 40320))))
        odd = quadrant & _U(1) != 0
        signed = -radius if quadrant & _U(2) != 0 else radius
        out[place + j] = signed * (-sin if odd else cos)
        out[place + _HALF + j] = signed * (cos if odd else sin)


@bare_kernel
def fill_block(out: Singles, begin: int, block: int, draw: int, key_0: int, key_1: int) -> None:
    """Fill ``out[begin:]`` (BLOCK,) with the numbers BLOCK*block ... of draw ``draw`` of (key_0, key_1)."""
    fill_words(out, begin, block, draw, key_0, key_1)
    _turn(out, begin)


@bare_kernel
def fill_normals(out: Singles, count: int, draw: int, key_0: int, key_1: int) -> None:
    """Fill the first ``count`` entries of ``out`` with draw number ``draw`` of the stream (key_0, key_1).

    ``out`` holds a multiple of BLOCK numbers, as a last block is filled whole. Equal arguments give equal
    numbers, whatever was drawn before.
    """
    for block in range((count + BLOCK - 1) // BLOCK):
        fill_block(out, block * BLOCK, block, draw, key_0, key_1)


def normals(count: int, draw: int, key: tuple[int, int]) -> NDArray[np.float64]:
    """Return draw number ``draw`` of the noise stream ``key``: ``count`` standard normal numbers."""
    out = np.empty(-(-count // BLOCK) * BLOCK, dtype=np.float32)
    fill_normals(out, count, draw, key[0], key[1])
    return out[:count].astype(np.float64)
