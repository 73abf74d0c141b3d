"""Fused noise kernels against the noise stream, the camera model, counted photons and the normal distribution."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from emulator.errors import PhysicsError
from emulator.physics.gaussian import normals
from emulator.physics.opu import structured_medium
from emulator.physics.opu.camera import Camera, expose
from emulator.physics.opu.medium import STORES, make_medium
from emulator.physics.opu.speckle_noise import add_noise, add_scaled_noise, intensity_counts, speckle_counts
from emulator.streams import key_words, stream

KEY = key_words(0, "tests/noise")
CAMERA = Camera()
Singles = NDArray[np.float32]


def singles(*numbers: float) -> Singles:
    return np.array(numbers, dtype=np.float32)


def fields(batch: int, outputs: int) -> tuple[Singles, Singles]:
    drawn = stream(0, "tests/fields").standard_normal((2, batch, outputs)).astype(np.float32)
    return drawn[0] * np.float32(np.sqrt(0.5)), drawn[1] * np.float32(np.sqrt(0.5))


@given(outputs=st.integers(1, 700), draw=st.integers(0, 2**62), batch=st.integers(0, 4))
def test_noise_is_the_spread_times_the_rows_draw(outputs: int, draw: int, batch: int) -> None:
    values, _ = fields(batch, outputs)
    sigma = np.linspace(0, 3, batch, dtype=np.float32)
    expected = values.copy()
    for row in range(batch):
        expected[row] += sigma[row] * normals(outputs, draw + row, KEY).astype(np.float32)
    add_noise(values, sigma, draw, KEY)
    np.testing.assert_array_equal(values, expected)


def test_scaled_noise_has_a_variance_for_each_vector_and_pixel() -> None:
    values = np.zeros((2, 600), dtype=np.float32)
    constant, slope, weight = singles(0.5, 0), singles(2, 1), np.linspace(0, 4, 600, dtype=np.float32)
    add_scaled_noise(values, constant, slope, weight, 7, KEY)
    for row in range(2):
        expected = np.sqrt(constant[row] + slope[row] * weight) * normals(600, 7 + row, KEY)
        np.testing.assert_allclose(values[row], expected, rtol=1e-6)


def test_four_million_draws_are_normal_in_the_body_and_out_to_five_spreads() -> None:
    values = np.zeros((16, 2**18), dtype=np.float32)
    add_noise(values, np.full(16, 1, dtype=np.float32), 0, KEY)
    drawn = values.ravel()
    n = drawn.size
    assert abs(drawn.mean(dtype=np.float64)) < 5 / np.sqrt(n)
    assert drawn.var(dtype=np.float64) == pytest.approx(1, abs=5 * np.sqrt(2 / n))
    assert stats.kstest(drawn[: 10**6].astype(np.float64), "norm").pvalue > 1e-3
    for spreads in range(1, 6):
        for tail in (drawn > spreads, drawn < -spreads):
            low, high = stats.binom.interval(1 - 1e-6, n, stats.norm.sf(spreads))
            assert low <= np.count_nonzero(tail) <= high


def test_batching_does_not_change_the_bits() -> None:
    real, imaginary = fields(12, 1000)
    gain, sigma = np.linspace(100, 2000, 12, dtype=np.float32), np.linspace(0, 1, 12, dtype=np.float32)
    whole = intensity_counts(real, imaginary, gain, CAMERA, 40, KEY)
    noisy = real.copy()
    add_noise(noisy, sigma, 40, KEY)
    for part in (slice(0, 5), slice(5, 6), slice(6, 12)):
        counts = intensity_counts(real[part], imaginary[part], gain[part], CAMERA, 40 + part.start, KEY)
        np.testing.assert_array_equal(counts.counts, whole.counts[part])
        alone = real[part].copy()
        add_noise(alone, sigma[part], 40 + part.start, KEY)
        np.testing.assert_array_equal(alone, noisy[part])


@given(gain_e=st.floats(0, 1e5, width=32), draw=st.integers(0, 2**40), outputs=st.integers(1, 600))
def test_counts_are_those_of_the_camera_for_the_same_light(gain_e: float, draw: int, outputs: int) -> None:
    real, imaginary = fields(3, outputs)
    gain = np.full(3, gain_e, dtype=np.float32)
    light = (real * real + imaginary * imaginary) * gain[:, None]
    counted = intensity_counts(real, imaginary, gain, CAMERA, draw, KEY)
    exposed = expose(light, CAMERA, draw, KEY)
    np.testing.assert_array_equal(counted.counts, exposed.counts)
    assert counted.saturated == exposed.saturated == np.count_nonzero(exposed.counts == 255)


@pytest.mark.parametrize("mean_e", [200.0, 1000.0, 6000.0])
def test_counts_have_the_mean_and_spread_of_counted_photons(mean_e: float) -> None:
    """The reference counts Poisson photo-electrons, adds read noise and rounds."""
    pixels = 300_000
    rng = stream(0, "tests/photons")
    electrons = rng.poisson(mean_e, pixels) + CAMERA.read_noise_e * rng.standard_normal(pixels)
    reference = np.clip(np.round(electrons / CAMERA.e_per_count), 0, 255)
    ones = np.ones((1, pixels), dtype=np.float32)
    counts = intensity_counts(ones, 0 * ones, singles(mean_e), CAMERA, 0, KEY).counts[0].astype(np.float64)
    error = 5 * reference.std() * np.sqrt(2 / pixels)
    assert counts.mean() == pytest.approx(reference.mean(), abs=error)
    assert counts.std() == pytest.approx(reference.std(), abs=error)


def test_speckle_of_a_published_level_keeps_its_exponential_counts() -> None:
    """Published runs show a mean of some 13 counts of 255: noise and rounding hardly change the contrast."""
    real, imaginary = fields(1, 200_000)
    counts = intensity_counts(real, imaginary, singles(13 * CAMERA.e_per_count), CAMERA, 0, KEY).counts
    assert counts.mean() == pytest.approx(13, rel=0.01)
    assert counts.std() / counts.mean() == pytest.approx(1, rel=0.02)


def test_light_beyond_the_full_well_is_the_top_count_and_is_counted() -> None:
    real = np.full((2, 300), 1, dtype=np.float32)
    real[1] = 1e25
    read = intensity_counts(real, real, singles(0, 1e9), CAMERA, 0, KEY)
    assert (read.counts[0] < 3).all()
    assert (read.counts[1] == 255).all()
    assert read.saturated == 300


def test_fewer_bits_have_a_lower_top_count() -> None:
    camera = Camera(bits=4)
    ones = np.ones((1, 500), dtype=np.float32)
    read = intensity_counts(ones, ones, singles(camera.full_well_e), camera, 0, KEY)
    assert (read.counts == 15).all()
    assert read.saturated == 500


@pytest.mark.parametrize("store", STORES)
def test_speckle_counts_are_those_of_the_mediums_fields(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a medium's tiles begin and end within a block of noise, as those of a length of 600 do."""
    monkeypatch.setattr(structured_medium, "_SHORTEST", 600)
    medium = make_medium(store, 30, 5000, (3, 4), 2**30).take(np.flatnonzero(np.arange(5000) % 7))
    x = stream(0, "tests/patterns").integers(0, 2, (500, 30)).astype(np.float32)
    gain = np.linspace(10, 200, 500, dtype=np.float32)
    light = medium.fields(x)
    whole = intensity_counts(light.real.copy(), light.imag.copy(), gain, CAMERA, 9, KEY)
    tiled = speckle_counts(medium, x, gain, CAMERA, 9, KEY)
    np.testing.assert_array_equal(tiled.counts, whole.counts)
    assert tiled.saturated == whole.saturated


ROWS, TABLE = np.ones(2, dtype=np.float32), np.ones((2, 5), dtype=np.float32)
PIXELS = np.ones(5, dtype=np.float32)


def test_tables_and_rows_of_another_shape_or_type_are_refused() -> None:
    medium = make_medium("dense", 5, 5, (1, 2), 2**20)
    for values in (TABLE.astype(np.float64), PIXELS, TABLE[None]):
        with pytest.raises(
            PhysicsError, match=r"values has the shape .* allowed is \(batch, outputs\) of float32"
        ):
            add_noise(values, ROWS, 0, KEY)
    for rows in (ROWS.astype(np.float64), ROWS[:1], ROWS[None]):
        with pytest.raises(PhysicsError, match=r"sigma has the shape .* allowed is \(2,\) of float32"):
            add_noise(TABLE, rows, 0, KEY)
        with pytest.raises(PhysicsError, match="gain_e has the shape"):
            intensity_counts(TABLE, TABLE, rows, CAMERA, 0, KEY)
        with pytest.raises(PhysicsError, match="gain_e has the shape"):
            speckle_counts(medium, TABLE, rows, CAMERA, 0, KEY)
    with pytest.raises(PhysicsError, match=r"imaginary has the shape \(2, 4\)"):
        intensity_counts(TABLE, TABLE[:, :4], ROWS, CAMERA, 0, KEY)
    with pytest.raises(PhysicsError, match="weight has the shape"):
        add_scaled_noise(TABLE, ROWS, ROWS, ROWS, 0, KEY)


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf])
def test_spreads_and_gains_that_are_negative_or_not_finite_are_refused(value: float) -> None:
    bad, kept = singles(1, value), TABLE.copy()
    with pytest.raises(PhysicsError, match="sigma runs from"):
        add_noise(kept, bad, 0, KEY)
    with pytest.raises(PhysicsError, match="gain_e runs from"):
        intensity_counts(kept, kept, bad, CAMERA, 0, KEY)
    for name, given_rows in (("constant", (bad, ROWS, PIXELS)), ("slope", (ROWS, bad, PIXELS))):
        with pytest.raises(PhysicsError, match=f"{name} runs from"):
            add_scaled_noise(kept, *given_rows, 0, KEY)
    with pytest.raises(PhysicsError, match="weight runs from"):
        add_scaled_noise(kept, ROWS, ROWS, np.full(5, value, dtype=np.float32), 0, KEY)
    np.testing.assert_array_equal(kept, TABLE)


@pytest.mark.parametrize("draw", [-1, 2**63 - 1])
def test_draws_beyond_the_counter_are_refused(draw: int) -> None:
    with pytest.raises(PhysicsError, match="the first draw is"):
        add_noise(TABLE.copy(), ROWS, draw, KEY)
