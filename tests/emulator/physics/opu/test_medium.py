"""The three stores of the scattering medium against the statistics of circular Gaussian light."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from emulator.errors import PhysicsError
from emulator.physics.opu.medium import STORES, Medium, make_medium
from emulator.streams import key_words, stream

KEY = key_words(0, "tests/medium")
LIMIT = 2**30
Singles = NDArray[np.float32]

pytestmark = pytest.mark.parametrize("store", STORES)


def medium_of(store: str, inputs: int, outputs: int, key: tuple[int, int] = KEY) -> Medium:
    return make_medium(store, inputs, outputs, key, LIMIT)


def entries(medium: Medium) -> NDArray[np.complex64]:
    """Return T (outputs, inputs): the fields of the unit vectors."""
    return medium.fields(np.eye(medium.inputs, dtype=np.float32)).T


def vectors(batch: int, inputs: int, name: str = "tests/vectors") -> Singles:
    return stream(0, name).standard_normal((batch, inputs)).astype(np.float32)


def test_entries_have_the_moments_of_a_circular_gaussian_of_unit_variance(store: str) -> None:
    t = entries(medium_of(store, 64, 5000)).ravel()
    error = 5 / np.sqrt(t.size)
    assert abs(t.mean()) < error
    assert abs((t**2).mean()) < error * np.sqrt(2)
    assert 2 * t.real.var() == pytest.approx(1, abs=error * np.sqrt(2))
    assert 2 * t.imag.var() == pytest.approx(1, abs=error * np.sqrt(2))
    assert (np.abs(t) ** 4).mean() == pytest.approx(2, abs=error * np.sqrt(20))


@pytest.mark.parametrize("shape", ["one lit", "all lit", "ternary"])
def test_speckle_is_fully_developed(store: str, shape: str) -> None:
    """Its contrast is 1 (the estimate's spread is 1/sqrt N) and its intensity exponentially distributed."""
    inputs, outputs = 300, 40_000
    x = np.zeros((1, inputs), dtype=np.float32)
    x[0, 7] = 1
    if shape == "all lit":
        x[:] = 1
    elif shape == "ternary":
        x[0] = stream(0, "tests/ternary").integers(-1, 2, inputs)
    intensity = np.abs(medium_of(store, inputs, outputs).fields(x)[0]) ** 2 / (x**2).sum()
    assert intensity.mean() == pytest.approx(1, abs=5 / np.sqrt(outputs))
    assert intensity.std() / intensity.mean() == pytest.approx(1, abs=5 / np.sqrt(outputs))
    assert stats.kstest(intensity, "expon").pvalue > 1e-3


@pytest.mark.parametrize("conjugate", [True, False])
@pytest.mark.parametrize("of", ["inputs", "outputs"])
def test_columns_and_rows_are_uncorrelated(store: str, of: str, conjugate: bool) -> None:
    """N |c|^2 of the product c of two independent columns of length N is exponential with the mean 1."""
    n = 512
    t = entries(medium_of(store, n, n)).T if of == "outputs" else entries(medium_of(store, n, n))
    products = (t.conj().T if conjugate else t.T) @ t / n
    squares = n * np.abs(products[np.triu_indices(n, 1)]) ** 2
    assert squares.max() < np.log(squares.size) + 12
    assert squares.mean() == pytest.approx(1, abs=0.03)


def test_intensities_of_different_inputs_are_uncorrelated(store: str) -> None:
    outputs = 20_000
    intensity = np.abs(entries(medium_of(store, 24, outputs))) ** 2
    correlations = np.corrcoef(intensity.T)[np.triu_indices(24, 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(outputs)


@given(a=st.floats(-4, 4, width=32), b=st.floats(-4, 4, width=32), seed=st.integers(0, 1000))
def test_fields_are_linear(store: str, a: float, b: float, seed: int) -> None:
    medium = medium_of(store, 20, 300)
    x, y = vectors(2, 20, f"tests/{seed}")
    both = medium.fields((np.float32(a) * x + np.float32(b) * y)[None])
    parts = a * medium.fields(x[None]) + b * medium.fields(y[None])
    np.testing.assert_allclose(both, parts, atol=2e-4, rtol=0)


def test_light_is_spread_over_the_outputs_and_none_is_lost_on_average(store: str) -> None:
    """|T x|^2 / (outputs |x|^2) has the mean 1 and the variance 1/outputs, structured at most twice that."""
    batch, outputs = 50, 6000
    x = vectors(batch, 128)
    ratio = (np.abs(medium_of(store, 128, outputs).fields(x)) ** 2).sum(axis=1) / (x**2).sum(axis=1) / outputs
    assert ratio.mean() == pytest.approx(1, abs=5 * np.sqrt(2 / batch / outputs))
    assert np.abs(ratio - 1).max() < 5 * np.sqrt(2 / outputs)


def test_fields_are_those_of_the_matrix(store: str) -> None:
    medium = medium_of(store, 300, 2500)
    x = vectors(70, 300)
    expected = x.astype(np.float64) @ entries(medium).T.astype(np.complex128)
    np.testing.assert_allclose(medium.fields(x), expected, atol=2e-4, rtol=0)
    np.testing.assert_allclose(medium.real_fields(x), expected.real, atol=2e-4, rtol=0)


def test_tiles_cover_every_vector_and_output_once(store: str) -> None:
    medium = medium_of(store, 10, 5000)
    x = vectors(130, 10)
    seen = np.zeros((130, 5000), dtype=np.int64)
    fields = np.empty((130, 5000), dtype=np.complex64)
    for row, first, real, imaginary in medium.tiles(x):
        place = np.s_[row : row + real.shape[0], first : first + real.shape[1]]
        seen[place] += 1
        fields[place] = real + 1j * imaginary
    assert (seen == 1).all()
    np.testing.assert_array_equal(fields, medium.fields(x))


@given(seed=st.integers(0, 1000), share=st.floats(0.001, 1.0))
def test_what_is_taken_of_a_medium_has_those_outputs(store: str, seed: int, share: float) -> None:
    medium = medium_of(store, 5, 3000)
    chosen = np.flatnonzero(stream(seed, "tests/chosen").random(3000) < share)
    if chosen.size == 0:
        chosen = np.array([2999])
    taken = medium.take(chosen)
    assert (taken.inputs, taken.outputs) == (5, chosen.size)
    np.testing.assert_array_equal(entries(taken), entries(medium)[chosen])
    np.testing.assert_array_equal(
        entries(taken.take(np.array([chosen.size - 1]))), entries(medium)[chosen[-1:]]
    )


def test_the_key_makes_the_medium(store: str) -> None:
    first, again = entries(medium_of(store, 8, 4000)), entries(medium_of(store, 8, 4000))
    np.testing.assert_array_equal(first, again)
    for key in ((KEY[0] ^ 1, KEY[1]), (KEY[0], KEY[1] ^ 1), KEY[::-1], key_words(1, "tests/medium")):
        other = entries(medium_of(store, 8, 4000, key))
        assert abs(np.vdot(first, other)) / first.size < 5 / np.sqrt(first.size)


def test_a_batch_without_vectors_and_one_without_light_are_served(store: str) -> None:
    medium = medium_of(store, 5, 300)
    assert medium.fields(np.empty((0, 5), dtype=np.float32)).shape == (0, 300)
    assert medium.real_fields(np.empty((0, 5), dtype=np.float32)).shape == (0, 300)
    assert not medium.fields(np.zeros((2, 5), dtype=np.float32)).any()


def test_one_input_and_one_output_are_a_medium(store: str) -> None:
    assert np.abs(entries(medium_of(store, 1, 1))).item() > 0


def test_a_store_beyond_the_memory_allowed_is_refused_with_what_would_do(store: str) -> None:
    needed = medium_of(store, 300, 5000).stored_bytes
    if store == "streamed":
        assert make_medium(store, 300, 5000, KEY, 0).stored_bytes == needed
        return
    make_medium(store, 300, 5000, KEY, needed)
    with pytest.raises(
        PhysicsError, match=f"'{store}' keeps {needed} bytes .* allowed are {needed - 1}; 'streamed'"
    ):
        make_medium(store, 300, 5000, KEY, needed - 1)


def test_a_full_frame_medium_is_not_begun_when_it_cannot_be_kept(store: str) -> None:
    if store == "dense":
        with pytest.raises(PhysicsError, match="16000000000000 bytes"):
            make_medium(store, 10**6, 2 * 10**6, KEY, LIMIT)
    else:
        assert medium_of(store, 10**5, 10**5).stored_bytes < LIMIT // 100


@pytest.mark.parametrize(("inputs", "outputs"), [(0, 1), (1, 0), (-1, 5)])
def test_a_medium_without_inputs_or_outputs_is_refused(store: str, inputs: int, outputs: int) -> None:
    with pytest.raises(PhysicsError, match="at least 1 of each"):
        medium_of(store, inputs, outputs)


def test_an_unknown_store_is_refused_with_the_nearest_name(store: str) -> None:
    with pytest.raises(
        PhysicsError, match=f"allowed are dense, streamed, structured; did you mean '{store}'"
    ):
        medium_of(store[:-1], 3, 3)


@pytest.mark.parametrize("key", [(-1, 0), (0, 2**32)])
def test_a_key_that_is_not_two_words_is_refused(store: str, key: tuple[int, int]) -> None:
    with pytest.raises(PhysicsError, match="two words"):
        medium_of(store, 3, 3, key)
