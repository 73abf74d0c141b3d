"""The camera's counts against the exact law of Poisson, read noise and rounding; its times against published."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from emulator.errors import PhysicsError
from emulator.physics.opu.camera import (
    Camera,
    check_frame_rate,
    electrons,
    expose,
    exposure_factor,
    min_frame_s,
    pixel_variance_e2,
    readout_s,
    roi_rows,
    straddle_probability,
)
from emulator.streams import key_words, stream

CAMERA = Camera()
KEY = key_words(0, "tests/camera")
MANY = 2**18


def exact_law(mean_e: float) -> NDArray[np.float64]:
    """Return the probability of each count, for Poisson electrons plus read noise, rounded and clipped."""
    most = int(mean_e + 12 * np.sqrt(mean_e) + 30)
    photons = np.arange(most)
    edges = (np.arange(CAMERA.top_count) + 0.5) * CAMERA.e_per_count
    below = stats.norm.cdf((edges[:, np.newaxis] - photons) / CAMERA.read_noise_e)
    cumulative = below @ stats.poisson.pmf(photons, mean_e)
    return np.diff(np.concatenate([[0.0], cumulative, [1.0]]))


def flat(mean_e: float, draw: int = 0) -> NDArray[np.float64]:
    return expose(np.full((1, MANY), mean_e), CAMERA, draw, KEY).counts.ravel().astype(np.float64)


@pytest.mark.parametrize("mean_e", [20.0, 60.0, 500.0, 3000.0, 9000.0, 9900.0])
def test_counts_have_the_mean_and_variance_of_poisson_read_noise_and_rounding(mean_e: float) -> None:
    law, values = exact_law(mean_e), np.arange(CAMERA.top_count + 1)
    mean = law @ values
    variance = law @ (values - mean) ** 2
    counts = flat(mean_e)
    assert counts.mean() == pytest.approx(mean, abs=float(5 * np.sqrt(variance / MANY)) + 2e-3)
    assert counts.var() == pytest.approx(variance, rel=5 * np.sqrt(2 / MANY) + 5e-3)


def test_in_the_dark_only_the_skew_of_poisson_is_lost() -> None:
    law = exact_law(5.0)
    assert flat(5.0).mean() == pytest.approx(law @ np.arange(law.size), abs=0.01)


def test_the_photon_transfer_curve_is_a_line_whose_slope_is_the_counts_of_an_electron() -> None:
    means = np.linspace(200, 8000, 8)
    samples = [flat(mean, draw) for draw, mean in enumerate(means)]
    curve = stats.linregress([s.mean() for s in samples], [s.var() for s in samples])
    assert 1 / curve.slope == pytest.approx(CAMERA.e_per_count, rel=0.01)
    dark = curve.intercept * CAMERA.e_per_count**2
    assert dark == pytest.approx(CAMERA.read_noise_e**2 + CAMERA.e_per_count**2 / 12, abs=25)


@pytest.mark.parametrize("mean_e", [0.0, 100.0, 5000.0])
def test_the_closed_form_of_a_readings_variance_is_shot_read_and_rounding(mean_e: float) -> None:
    rounding = stats.uniform.var(scale=CAMERA.e_per_count)
    assert pixel_variance_e2(mean_e, CAMERA) == pytest.approx(stats.poisson.var(mean_e) + 13.0**2 + rounding)


def test_light_beyond_the_full_well_gives_the_top_count_and_is_counted() -> None:
    light = np.array([[0.0, 5000.0, 11_000.0, 1e9]])
    counts, saturated = expose(light, CAMERA, 0, KEY)
    assert counts[0, 2:].tolist() == [255, 255]
    assert counts[0, :2].max() < 255
    assert saturated == 2


def test_a_count_stands_for_its_share_of_the_full_well() -> None:
    assert electrons(np.array([0, 51, 255], dtype=np.uint8), CAMERA) == pytest.approx([0, 2000, 10_000])


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_fewer_bits_give_fewer_counts_of_the_same_light(bits: int) -> None:
    camera = Camera(bits=bits)
    counts = expose(np.full((1, 4096), 5000.0), camera, 0, KEY).counts
    assert counts.max() <= camera.top_count == 2**bits - 1
    noise = (CAMERA.read_noise_e**2 + 5000.0) ** 0.5 + camera.e_per_count / 2
    assert electrons(counts, camera).mean() == pytest.approx(5000.0, abs=float(noise))


@settings(max_examples=20)
@given(frames=st.integers(1, 5), pixels=st.integers(1, 700), draw=st.integers(0, 2**40))
def test_a_frames_counts_depend_on_its_draw_number_and_not_on_its_batch(
    frames: int, pixels: int, draw: int
) -> None:
    light = stream(0, "tests/light").uniform(0, 1e4, (frames, pixels))
    together = expose(light, CAMERA, draw, KEY)
    alone = [expose(light[f : f + 1], CAMERA, draw + f, KEY) for f in range(frames)]
    np.testing.assert_array_equal(together.counts, np.concatenate([a.counts for a in alone]))
    assert together.saturated == sum(a.saturated for a in alone)


def test_frames_keep_their_shape_and_their_noise_whatever_it_is() -> None:
    light = stream(0, "tests/light").uniform(0, 1e4, (2, 30, 20))
    image = expose(light, CAMERA, 7, KEY).counts
    assert image.shape == light.shape
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(image.reshape(2, -1), expose(light.reshape(2, -1), CAMERA, 7, KEY).counts)


def test_frames_have_noise_of_their_own() -> None:
    first, second = (flat(1000.0, draw) for draw in (0, 1))
    assert abs(np.corrcoef(first, second)[0, 1]) < 5 / np.sqrt(MANY)


@pytest.mark.parametrize("mean_e", [-1.0, np.nan, np.inf])
def test_light_that_cannot_be_is_refused(mean_e: float) -> None:
    with pytest.raises(PhysicsError, match="1 pixels expect electrons that are negative or not finite"):
        expose(np.array([[1.0, mean_e]]), CAMERA, 0, KEY)


def test_the_readout_times_are_the_published_ones() -> None:
    assert 1 / readout_s(1088, CAMERA) == pytest.approx(338, abs=0.5)
    assert readout_s(64, CAMERA) == pytest.approx(204e-6, abs=0.5e-6)
    assert 1 / (readout_s(160, CAMERA) + CAMERA.gap_s) == pytest.approx(1950, abs=5)
    assert 1 / min_frame_s(160, CAMERA) == pytest.approx(1950, abs=5)
    assert 1 / min_frame_s(64, CAMERA) == pytest.approx(1 / 450e-6)


def test_exposure_or_readout_sets_the_frame_whichever_is_longer() -> None:
    assert min_frame_s(64, Camera(exposure_s=1e-3)) == pytest.approx(1.05e-3)
    assert min_frame_s(1088, CAMERA) == pytest.approx(1100 * 2.6875e-6 + 50e-6)


def test_a_frame_rate_that_the_camera_forbids_is_refused_with_what_binds() -> None:
    check_frame_rate(2000.0, 64, CAMERA)
    check_frame_rate(1 / min_frame_s(64, CAMERA), 64, CAMERA)
    with pytest.raises(PhysicsError, match=r"3000 Hz; the exposure, 0\.0004 s, .* at most 2222\.22 Hz"):
        check_frame_rate(3000.0, 64, CAMERA)
    with pytest.raises(PhysicsError, match=r"400 Hz; the readout of 1088 rows, 0\.00295625 s"):
        check_frame_rate(400.0, 1088, CAMERA)
    with pytest.raises(PhysicsError, match="frame rate 0 Hz"):
        check_frame_rate(0.0, 64, CAMERA)


@pytest.mark.parametrize(("pixels", "rows"), [(1, 1), (2040, 1), (2041, 2), (200_000, 99), (2_219_520, 1088)])
def test_whole_rows_hold_the_pixels(pixels: int, rows: int) -> None:
    assert roi_rows(pixels, CAMERA) == rows


@pytest.mark.parametrize("pixels", [0, 2_219_521])
def test_more_pixels_than_the_sensor_has_are_refused_with_the_limit(pixels: int) -> None:
    with pytest.raises(PhysicsError, match=r"allowed are 1\.\.1088 rows, 2219520 pixels"):
        roi_rows(pixels, CAMERA)


def test_too_many_lit_mirrors_cut_the_exposure_by_the_excess() -> None:
    lit = np.array([0, 100, 1000, 4000])
    assert exposure_factor(lit, 1000).tolist() == [1.0, 1.0, 1.0, 0.25]


@pytest.mark.parametrize("wrong", [{"bits": 0}, {"bits": 9}, {"full_well_e": 0.0}, {"read_noise_e": -1.0}])
def test_a_camera_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(PhysicsError, match="camera: "):
        Camera(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("mean_s", [1e-5, 1e-4, 1e-3])
def test_late_triggers_reach_into_the_next_pattern_as_often_as_they_are_drawn_to(mean_s: float) -> None:
    slack_s = 1e-4
    delays = stream(0, "tests/late").exponential(mean_s, 50_000)
    assert straddle_probability(mean_s, slack_s) == pytest.approx((delays > slack_s).mean(), abs=0.01)


def test_a_punctual_trigger_tears_nothing_and_times_below_zero_are_refused() -> None:
    assert straddle_probability(0.0, 0.0) == 0.0
    assert straddle_probability(1e-3, 0.0) == 1.0
    for wrong in ((-1.0, 1.0), (1.0, -1.0)):
        with pytest.raises(PhysicsError, match="allowed: both >= 0 s"):
            straddle_probability(*wrong)
