"""The anchor's identity against a dense medium, and its noise, its errors and its bright pixels tested."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from emulator.errors import PhysicsError
from emulator.physics.opu.anchor import (
    anchor_error,
    anchor_images,
    anchor_noise,
    bright_pixels,
    measured_anchor,
    recover_anchor,
)
from emulator.physics.opu.camera import Camera, electrons, expose
from emulator.physics.opu.dmd import bit_planes, ternary_patterns
from emulator.physics.opu.holography import default_light, intensity_images
from emulator.streams import key_words, stream

CAMERA = Camera()
KEY = key_words(0, "tests/anchor")
FEATURES = 40
LIGHT = default_light("anchor", CAMERA, float(FEATURES))

Complex = NDArray[np.complex128]


def medium(outputs: int, inputs: int, seed: int = 0) -> Complex:
    parts = stream(seed, "tests/medium").normal(size=(2, outputs, inputs))
    return np.asarray((parts[0] + 1j * parts[1]) / np.sqrt(2))


def wanted(T: Complex, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Re(conj(M r)/|M r| M x) for vectors ``x`` (batch, n): the linear projection that is meant."""
    anchor = T.sum(axis=1)
    return np.asarray(np.real(np.conj(anchor) / np.abs(anchor) * (x @ T.T)))


@given(outputs=st.integers(1, 40), inputs=st.integers(1, 40), seed=st.integers(0, 99))
def test_three_intensities_give_the_linear_projection_exactly(outputs: int, inputs: int, seed: int) -> None:
    """The intensities are those of three separate products with the medium, r - x included."""
    T, gain_e = medium(outputs, inputs, seed), 30.0
    x = stream(seed, "tests/x").random((3, inputs)) < 0.5
    patterns = np.stack([x, ~x], axis=1).astype(np.float64)
    images = gain_e * np.abs(np.einsum("bpn,on->bpo", patterns, T)) ** 2
    anchor_e = gain_e * np.abs(T.sum(axis=1)) ** 2
    expected = wanted(T, x.astype(np.float64))
    allowed = 1e-12 * np.maximum(images.max(axis=(0, 1)), anchor_e) / np.sqrt(gain_e * anchor_e)
    assert (np.abs(recover_anchor(images, anchor_e, gain_e) - expected) <= allowed + 1e-12).all()


def test_the_image_of_the_rest_is_that_of_the_complement_pattern() -> None:
    T = medium(6, 9)
    x = (stream(0, "tests/x").random((2, 9)) < 0.4).astype(np.float64)
    images = anchor_images(x @ T.T, T.sum(axis=1), 7.0)
    assert images.shape == (2, 2, 6)
    np.testing.assert_allclose(images[:, 0], 7.0 * np.abs(x @ T.T) ** 2)
    np.testing.assert_allclose(images[:, 1], 7.0 * np.abs((1 - x) @ T.T) ** 2)


@given(seed=st.integers(0, 99))
def test_ternary_and_real_vectors_are_sums_of_their_patterns(seed: int) -> None:
    T = medium(15, 20, seed)
    anchor = T.sum(axis=1)
    anchor_e = np.abs(anchor) ** 2
    e = stream(seed, "tests/e").integers(-1, 2, (4, 20))
    positive, negative = (
        recover_anchor(anchor_images(part @ T.T, anchor, 1.0), anchor_e, 1.0) for part in ternary_patterns(e)
    )
    np.testing.assert_allclose(positive - negative, wanted(T, e.astype(float)), rtol=1e-9, atol=1e-9)
    x = stream(seed, "tests/x").normal(size=(4, 20))
    planes, scales = bit_planes(x, 7, signed=True)
    y = recover_anchor(anchor_images(planes @ T.T, anchor, 1.0), anchor_e, 1.0)
    shown = np.einsum("bk,bkn->bn", scales, planes)
    np.testing.assert_allclose(np.einsum("bk,bko->bo", scales, y), wanted(T, shown), rtol=1e-8, atol=1e-8)


def test_a_ternary_projection_is_real_gaussian_with_half_the_vectors_square_as_variance() -> None:
    """Positive and negative entries balance: else y has a mean, the anchor's share of their difference."""
    e = np.repeat([[-1.0, 0.0, 1.0]], 27, axis=1)
    y = wanted(medium(5000, 81), e).ravel()
    assert y.std() == pytest.approx(np.sqrt(np.sum(e**2) / 2), rel=0.05)
    assert stats.kstest(y / y.std(), "norm").pvalue > 1e-3


def test_the_brightest_of_each_group_is_kept() -> None:
    anchor_e = np.array([1.0, 5.0, 2.0, 9.0, 9.0, 0.0])
    assert bright_pixels(anchor_e, 3).tolist() == [1, 3]
    assert bright_pixels(anchor_e[:5], 1).tolist() == [0, 1, 2, 3, 4]


def test_groups_that_do_not_fit_or_are_dark_are_refused() -> None:
    with pytest.raises(PhysicsError, match="6 pixels in groups of 4"):
        bright_pixels(np.ones(6), 4)
    with pytest.raises(PhysicsError, match="a group of 2 pixels is dark"):
        bright_pixels(np.array([1.0, 2.0, 0.0, 0.0]), 2)


def test_a_measured_anchor_is_the_mean_of_its_frames_and_never_zero() -> None:
    step = CAMERA.e_per_count
    counts = np.array([[0, 10, 0], [0, 20, 1]], dtype=np.uint8)
    assert measured_anchor(counts, CAMERA) == pytest.approx([step / 4, 15 * step, step / 2])


def test_one_group_of_four_in_millions_reads_zero_at_the_default_light() -> None:
    light_e = np.full((1, 2**20), LIGHT.gain_e * FEATURES) * stream(0, "tests/dark").exponential(size=2**20)
    dark = np.mean(expose(light_e, CAMERA, 0, KEY).counts == 0)
    assert 1e-8 < dark**4 < 1e-6


def bright_medium() -> Complex:
    """Return a medium of the 1,500 outputs that the anchor lights best of 4 each."""
    T = medium(6000, FEATURES)
    return np.asarray(T[bright_pixels(np.abs(T.sum(axis=1)) ** 2, 4)])


@pytest.mark.parametrize("lit", [2, 10, 30])
@pytest.mark.parametrize("exposure", [1.0, 0.3])
def test_the_noise_of_the_whole_path_is_the_closed_form(lit: int, exposure: float) -> None:
    T, light = bright_medium(), LIGHT.exposed(exposure)
    anchor = T.sum(axis=1)
    anchor_e = intensity_images(anchor, light)
    order = np.argsort(stream(lit, "tests/x").random((200, FEATURES)), axis=1)
    x = (order < lit).astype(np.float64)
    images = anchor_images((x @ T.T).astype(np.complex64), anchor.astype(np.complex64), light.gain_e)
    assert images.dtype == np.float32
    y = recover_anchor(electrons(expose(images, CAMERA, 0, KEY).counts, CAMERA), anchor_e, light.gain_e)
    noise = anchor_noise(lit / FEATURES, light.gain_e * FEATURES, light.gain_e, CAMERA)
    error = (y - wanted(T, x)) / np.sqrt(noise.constant + noise.per_inverse_e / anchor_e)
    assert error.std() == pytest.approx(1.0, rel=0.03)
    assert error[:, anchor_e > np.median(anchor_e)].std() == pytest.approx(1.0, rel=0.04)
    assert abs(np.corrcoef(error[:, :-1].ravel(), error[:, 1:].ravel())[0, 1]) < 5 / np.sqrt(error.size)
    assert abs(np.corrcoef(error[:-1].ravel(), error[1:].ravel())[0, 1]) < 5 / np.sqrt(error.size)


def test_eight_bits_recover_a_ternary_projection() -> None:
    T = bright_medium()
    anchor = T.sum(axis=1)
    anchor_counts = expose(np.tile(intensity_images(anchor, LIGHT), (8, 1)), CAMERA, 0, KEY).counts
    anchor_e = measured_anchor(anchor_counts, CAMERA)
    e = stream(0, "tests/e").integers(-1, 2, (50, FEATURES))
    positive, negative = (
        recover_anchor(
            electrons(
                expose(anchor_images(part @ T.T, anchor, LIGHT.gain_e), CAMERA, draw, KEY).counts, CAMERA
            ),
            anchor_e,
            LIGHT.gain_e,
        )
        for draw, part in zip((100, 200), ternary_patterns(e), strict=True)
    )
    truth = wanted(T, e.astype(float))
    assert np.corrcoef((positive - negative).ravel(), truth.ravel())[0, 1] > 0.98


def test_a_mis_measured_anchor_scales_and_shifts_every_projection_as_predicted() -> None:
    T = bright_medium()
    anchor, gain_e = T.sum(axis=1), LIGHT.gain_e
    true_e = intensity_images(anchor, LIGHT)
    measured_e = true_e * stream(0, "tests/measured").uniform(0.8, 1.25, true_e.size)
    factor, offset = anchor_error(true_e, measured_e, gain_e)
    x = (stream(0, "tests/x").random((5, FEATURES)) < 0.5).astype(np.float64)
    y = recover_anchor(anchor_images(x @ T.T, anchor, gain_e), measured_e, gain_e)
    np.testing.assert_allclose(y, factor * wanted(T, x) + offset, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(y[0] - y[1], factor * wanted(T, x[:1] - x[1:2])[0], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("exposure", [1.0, 1e3])
def test_no_exposure_makes_the_dark_pixels_good(exposure: float) -> None:
    """Shot noise of the mean light is divided by the anchor's: a pixel of a hundredth is worse at any exposure."""
    mean_e = 1000.0 * exposure
    noise = anchor_noise(0.5, mean_e, mean_e / FEATURES, CAMERA)
    bright, dark = (noise.constant + noise.per_inverse_e / (share * mean_e) for share in (2.0, 0.02))
    assert dark > 30 * bright
