"""Counter-based noise against published Philox vectors, a literal Philox, NumPy's Box-Muller, statistics."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from emulator.physics.gaussian import BLOCK, fill_normals, fill_words, normals

Words = tuple[int, ...]
MASK = 2**32 - 1
KEY = (0x243F6A88, 0x85A308D3)
MANY = 2**18
words32 = st.integers(0, MASK)


def philox(counter: Words, key: Words) -> Words:
    """Restate Philox-4x32-10 of Salmon et al. (2011) in plain integers."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * c0, 2**32)
        high1, low1 = divmod(0xCD9E8D57 * c2, 2**32)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + 0x9E3779B9) & MASK, (k1 + 0xBB67AE85) & MASK
    return c0, c1, c2, c3


def literal_words(block: int, draw: int, key: Words) -> NDArray[np.uint64]:
    """Return a block's words: the first words of all lanes, then the second, third and fourth ones."""
    lanes = BLOCK // 4
    rows = [philox(((lanes * block + lane) & MASK, draw & MASK, draw >> 32, 0), key) for lane in range(lanes)]
    return np.array(rows, dtype=np.uint64).T.ravel()


def words_of(block: int, draw: int, key: Words) -> NDArray[np.uint64]:
    words = np.empty(BLOCK + 1, dtype=np.float32)
    fill_words(words, 1, block, draw, key[0], key[1])
    return words[1:].view(np.uint32).astype(np.uint64)


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ((MASK,) * 4, (MASK,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_the_literal_philox_gives_the_published_known_answers(
    counter: Words, key: Words, expected: str
) -> None:
    assert " ".join(f"{word:08x}" for word in philox(counter, key)) == expected


def test_the_first_lane_of_the_zero_stream_is_the_published_known_answer() -> None:
    words = words_of(0, 0, (0, 0))[:: BLOCK // 4]
    assert [f"{word:08x}" for word in words] == ["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"]


@given(block=st.integers(0, 2**26 - 1), draw=st.integers(0, 2**62), key=st.tuples(words32, words32))
def test_the_words_are_those_of_the_literal_philox(block: int, draw: int, key: Words) -> None:
    np.testing.assert_array_equal(words_of(block, draw, key), literal_words(block, draw, key))


@given(draw=st.integers(0, 2**40), key=st.tuples(words32, words32))
def test_the_normals_are_numpys_box_muller_of_the_same_words(draw: int, key: tuple[int, int]) -> None:
    """To single precision: 1e-6 of the radius r, and where r is small what the spacing of u near 1 leaves."""
    drawn = normals(2 * BLOCK, draw, key).reshape(2, 2, BLOCK // 2)
    for block in range(2):
        words = literal_words(block, draw, key).astype(np.float64)
        radius = np.sqrt(-2 * np.log((words[: BLOCK // 2] + 0.5) / 2**32))
        angle = 2 * np.pi * words[BLOCK // 2 :] / 2**32
        allowed = 1e-6 * radius + 2.0**-23 / radius
        assert (np.abs(drawn[block, 0] - radius * np.cos(angle)) <= allowed).all()
        assert (np.abs(drawn[block, 1] - radius * np.sin(angle)) <= allowed).all()


def test_a_million_draws_have_the_moments_of_a_standard_normal() -> None:
    sample = np.concatenate([normals(MANY, draw, KEY) for draw in range(4)])
    n = sample.size
    assert abs(sample.mean()) < 5 / np.sqrt(n)
    assert abs(sample.var() - 1) < 5 * np.sqrt(2 / n)
    assert abs(stats.skew(sample)) < 5 * np.sqrt(6 / n)
    assert abs(stats.kurtosis(sample)) < 5 * np.sqrt(24 / n)
    assert 4.5 < np.abs(sample).max() < np.sqrt(2 * 33 * np.log(2))


@pytest.mark.parametrize("draw", [0, 1, 2**32])
def test_draws_pass_the_kolmogorov_smirnov_test(draw: int) -> None:
    assert stats.kstest(normals(MANY, draw, KEY), "norm").pvalue > 1e-3


@pytest.mark.parametrize(
    ("draw", "key"),
    [(1, KEY), (2**32, KEY), (0, (KEY[0] + 1, KEY[1])), (0, (KEY[0], KEY[1] + 1)), (0, KEY[::-1])],
)
def test_another_draw_or_key_is_uncorrelated(draw: int, key: tuple[int, int]) -> None:
    left, right = normals(MANY, 0, KEY), normals(MANY, draw, key)
    assert abs(np.corrcoef(left, right)[0, 1]) < 5 / np.sqrt(MANY)
    assert abs(np.corrcoef(left**2, right**2)[0, 1]) < 5 / np.sqrt(MANY)


@pytest.mark.parametrize("lag", [1, BLOCK // 4, BLOCK // 2, BLOCK])
def test_numbers_of_one_draw_are_uncorrelated_at_the_lags_of_its_layout(lag: int) -> None:
    sample = normals(MANY, 3, KEY)
    assert abs(np.corrcoef(sample[:-lag], sample[lag:])[0, 1]) < 5 / np.sqrt(MANY)
    assert abs(np.corrcoef(sample[:-lag] ** 2, sample[lag:] ** 2)[0, 1]) < 5 / np.sqrt(MANY)


@given(count=st.integers(0, 3 * BLOCK), draw=st.integers(0, 2**40))
def test_a_number_is_a_function_of_key_draw_and_place_alone(count: int, draw: int) -> None:
    longer = normals(3 * BLOCK, draw, KEY)
    normals(17, draw + 1, KEY)
    np.testing.assert_array_equal(normals(count, draw, KEY), longer[:count])


def test_what_the_memory_held_before_does_not_matter() -> None:
    clean = np.zeros(BLOCK, dtype=np.float32)
    dirty = np.full(BLOCK, np.nan, dtype=np.float32)
    fill_normals(clean, BLOCK, 5, *KEY)
    fill_normals(dirty, BLOCK, 5, *KEY)
    np.testing.assert_array_equal(clean, dirty)
