"""Counter-based Gaussian noise: the n-th draw of a stream is a function of (key, n), with no state to lose.

Modelled: Philox-4x32-10 words, turned into standard normal numbers by Box and Muller in single precision: a draw
of magnitude r is exact to about 1e-6 r + 1e-7/r, and none exceeds 6.8 (once in 1e11 draws the tail is cut).

Sources: J. Salmon et al., SC'11 (Philox); G. Box and M. Muller, Ann. Math. Stat. 29, 610 (1958). Logarithm,
sine and cosine are power series, written out, and quadrants are integer arithmetic, so that the loops vectorise.
"""

import numpy as np
from numpy.typing import NDArray

from emulator.kernel import kernel

__all__ = ["BLOCK", "SCRATCH", "fill_normals", "fill_words", "normals"]

Words = NDArray[np.uint64]
Singles = NDArray[np.float32]

BLOCK = 256
"""Draws per block: 64 Philox counters of four words each."""

SCRATCH = 4 * BLOCK
"""Single-precision numbers of workspace that ``fill_normals`` needs."""

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
_QUARTER_TURN = np.int64(30)
_RAD_PER_WORD = np.float32(1.5707963267948966 * 2.0**-30)
_F = np.float32


@kernel
def fill_words(words: Words, block: int, draw: int, key_0: int, key_1: int) -> None:
    """Fill ``words`` (BLOCK,), 32 bits each, with Philox of the counters (64*block + lane, draw, draw >> 32, 0)."""
    lanes, two, three = _LANES, _LANES + _LANES, _LANES + _LANES + _LANES
    for j in range(lanes):
        words[j] = (np.uint64(block) * lanes + j) & _LOW
        words[lanes + j] = np.uint64(draw) & _LOW
        words[two + j] = np.uint64(draw) >> _WORD
        words[three + j] = np.uint64(0)
    round_0, round_1 = np.uint64(key_0), np.uint64(key_1)
    for _ in range(_ROUNDS):
        for j in range(lanes):
            product_0 = (words[j] & _LOW) * _MULTIPLIER_0
            product_1 = (words[two + j] & _LOW) * _MULTIPLIER_1
            first = (product_1 >> _WORD) ^ words[lanes + j] ^ round_0
            third = (product_0 >> _WORD) ^ words[three + j] ^ round_1
            words[lanes + j] = product_1 & _LOW
            words[three + j] = product_0 & _LOW
            words[j] = first
            words[two + j] = third
        round_0 = (round_0 + _WEYL_0) & _LOW
        round_1 = (round_1 + _WEYL_1) & _LOW


@kernel
def _split_logarithm(words: Words, mantissa: Singles, bits: NDArray[np.int32], exponent: Singles) -> None:
    """Turn the first half of ``words`` into uniforms u = m 2^e, m in [sqrt(1/2), sqrt 2); keep m and e."""
    for j in range(_HALF):
        mantissa[j] = (_F(np.int64(words[j])) + _F(0.5)) * _TWO_TO_MINUS_32
    for j in range(_HALF):
        power = (bits[j] - _SQRT_HALF_BITS) >> _MANTISSA
        exponent[j] = _F(power)
        bits[j] = bits[j] - (power << _MANTISSA)


@kernel
def _radius(mantissa: Singles, radius: Singles) -> None:
    """Turn the exponents in ``radius`` into sqrt(-2 ln u), with ln m = 2 artanh((m-1)/(m+1))."""
    for j in range(_HALF):
        t = (mantissa[j] - _F(1)) / (mantissa[j] + _F(1))
        z = t * t
        series = _F(1) + z * (_F(1 / 3) + z * (_F(1 / 5) + z * (_F(1 / 7) + z * _F(1 / 9))))
        radius[j] = np.sqrt(_F(-2) * (radius[j] * _LN_2 + _F(2) * t * series))


@kernel
def _split_angle(words: Words, rest: Singles, odd: Singles, sign: Singles) -> None:
    """Split the angles in the second half of ``words`` into quadrants and rests in [-pi/4, pi/4)."""
    for j in range(_HALF):
        word = np.int64(words[_HALF + j])
        quadrant = (word + np.int64(1 << 29)) >> _QUARTER_TURN
        rest[j] = _F(word - (quadrant << _QUARTER_TURN)) * _RAD_PER_WORD
        odd[j] = _F(quadrant & np.int64(1))
        sign[j] = _F(np.int64(1) - (quadrant & np.int64(2)))


@kernel
def _rotate(rest: Singles, odd: Singles, sign: Singles, radius: Singles, out: Singles) -> None:
    """Write radius*cos and radius*sin of the angles into the halves of ``out``."""
    for j in range(_HALF):
        x, swap = rest[j], odd[j]
        z = x * x
        sin = x * (_F(1) + z * (_F(-1 / 6) + z * (_F(1 / 120) + z * (_F(-1 / 5040) + z * _F(1 / 362880)))))
        cos = _F(1) + z * (_F(-1 / 2) + z * (_F(1 / 24) + z * (_F(-1 / 720) + z * _F(1 / 40320))))
        signed = sign[j] * radius[j]
        sign[j] = signed * ((_F(1) - swap) * cos - swap * sin)
        odd[j] = signed * (swap * cos + (_F(1) - swap) * sin)
    for j in range(_HALF):
        out[j] = sign[j]
    for j in range(_HALF):
        out[_HALF + j] = odd[j]


@kernel
def fill_normals(out: Singles, scratch: Singles, count: int, draw: int, key_0: int, key_1: int) -> None:
    """Fill the first ``count`` entries of ``out`` with draw number ``draw`` of the stream (key_0, key_1).

    ``out`` holds a multiple of BLOCK numbers (a last block is filled whole), ``scratch`` SCRATCH numbers. Equal
    arguments give equal numbers, whatever was drawn before.
    """
    words = scratch[: 2 * BLOCK].view(np.uint64)
    singles = scratch[2 * BLOCK :]
    half = BLOCK // 2
    first, radius = singles[:half], singles[half : 2 * half]
    odd, sign = singles[2 * half : 3 * half], singles[3 * half : 4 * half]
    for block in range((count + BLOCK - 1) // BLOCK):
        fill_words(words, block, draw, key_0, key_1)
        _split_logarithm(words, first, first.view(np.int32), radius)
        _radius(first, radius)
        _split_angle(words, first, odd, sign)
        _rotate(first, odd, sign, radius, out[block * BLOCK : (block + 1) * BLOCK])


def normals(count: int, draw: int, key: tuple[int, int]) -> NDArray[np.float64]:
    """Return draw number ``draw`` of the noise stream ``key``: ``count`` standard normal numbers."""
    out = np.empty(-(-count // BLOCK) * BLOCK, dtype=np.float32)
    fill_normals(out, np.empty(SCRATCH, dtype=np.float32), count, draw, key[0], key[1])
    return out[:count].astype(np.float64)
