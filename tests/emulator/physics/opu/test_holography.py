"""The table of costs, light levels against Rice's law, and phase shifting with and without noise."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from emulator.errors import PhysicsError
from emulator.physics.opu.camera import Camera, electrons, expose
from emulator.physics.opu.dmd import bit_planes, ternary_patterns
from emulator.physics.opu.holography import (
    MODES,
    Light,
    combined_noise_std,
    default_light,
    frames_per_projection,
    intensity_images,
    mode_costs,
    patterns_per_vector,
    phase_images,
    recover_phase,
    recovered_noise_std,
)
from emulator.streams import key_words, stream

CAMERA = Camera()
KEY = key_words(0, "tests/holography")
NORM2 = 10.0


def speckle(*shape: int, norm2: float = NORM2, seed: int = 0) -> NDArray[np.complex128]:
    """Return circular Gaussian fields with E|field|^2 = ``norm2``: T x, without T."""
    parts = stream(seed, "tests/speckle").normal(size=(2, *shape))
    return np.asarray(np.sqrt(norm2 / 2) * (parts[0] + 1j * parts[1]))


def saturated_share(object_e: float, reference_e: float) -> float:
    """Return the tail of Rice's law: the share of pixels at the top count, for speckle on a reference."""
    scale = np.sqrt(object_e / 2)
    edge = np.sqrt(CAMERA.full_well_e - CAMERA.e_per_count / 2)
    return float(stats.rice.sf(edge, np.sqrt(reference_e) / scale, scale=scale))


@pytest.mark.parametrize(
    ("mode", "encoding", "frames"),
    [
        ("off_axis", "binary", 1),
        ("off_axis", "ternary", 2),
        ("off_axis", "bitplanes", 12),
        ("phase_shifting", "binary", 3),
        ("phase_shifting", "ternary", 6),
        ("phase_shifting", "bitplanes", 36),
        ("anchor", "binary", 2),
        ("anchor", "ternary", 4),
        ("anchor", "bitplanes", 24),
        ("intensity", "binary", 1),
    ],
)
def test_the_frames_of_a_projection_are_those_of_the_table(mode: Any, encoding: Any, frames: int) -> None:
    assert frames_per_projection(mode, encoding) == frames


def test_precision_sign_and_phase_steps_change_the_frames() -> None:
    assert frames_per_projection("off_axis", "bitplanes", precision=4) == 8
    assert frames_per_projection("off_axis", "bitplanes", precision=4, signed=False) == 4
    assert frames_per_projection("phase_shifting", "ternary", phase_steps=5) == 10
    assert frames_per_projection("anchor", "binary", phase_steps=0) == 2


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("bits", [1, 6])
def test_the_table_counts_the_patterns_that_the_encoders_make(bits: int, signed: bool) -> None:
    x = np.abs(stream(0, "tests/x").normal(size=(2, 5)))
    planes = bit_planes(-x if signed else x, bits, signed).planes
    assert patterns_per_vector("bitplanes", bits, signed) == planes.shape[1]
    assert patterns_per_vector("ternary") == len(ternary_patterns(np.zeros(3)))


def test_the_pixels_and_numbers_of_an_output_follow_from_the_mode() -> None:
    assert [mode_costs(mode).pixels for mode in MODES] == [4, 1, 4, 1]
    assert mode_costs("off_axis", oversampling=6).pixels == 6
    assert mode_costs("anchor", group=1).pixels == 1
    assert [mode_costs(mode).quadratures for mode in MODES] == [2, 2, 1, 1]
    assert mode_costs("anchor").setup_frames == 1


@pytest.mark.parametrize("encoding", ["ternary", "bitplanes"])
def test_intensities_of_more_than_one_pattern_are_refused_with_the_reason(encoding: Any) -> None:
    with pytest.raises(PhysicsError, match=rf"'{encoding}'; only 'binary' is allowed, .* not linear"):
        frames_per_projection("intensity", encoding)


def test_wrong_names_and_numbers_are_refused_with_what_is_allowed() -> None:
    mode: Any = "offaxis"
    with pytest.raises(PhysicsError, match=r"'offaxis'; allowed are .* \(did you mean 'off_axis'\?\)"):
        frames_per_projection(mode, "binary")
    encoding: Any = "tenary"
    with pytest.raises(PhysicsError, match=r"'tenary'; .*did you mean 'ternary'"):
        frames_per_projection("off_axis", encoding)
    with pytest.raises(PhysicsError, match="phase_steps=2; allowed are 3 or more"):
        frames_per_projection("phase_shifting", "binary", phase_steps=2)
    with pytest.raises(PhysicsError, match=r"precision=0; allowed are 1\.\.16"):
        frames_per_projection("off_axis", "bitplanes", precision=0)
    with pytest.raises(PhysicsError, match="'anchor' has no reference beam"):
        recovered_noise_std("anchor", 1.0, Light(1.0), CAMERA, 1)
    with pytest.raises(PhysicsError, match="reference 0 e and gain 1 e; both must be above 0"):
        recovered_noise_std("off_axis", 1.0, Light(1.0), CAMERA, 4)
    with pytest.raises(PhysicsError, match=r"\|x\|\^2 = 0"):
        default_light("off_axis", CAMERA, 0.0)


@pytest.mark.parametrize("mode", MODES)
def test_the_default_levels_saturate_less_than_one_pixel_in_ten_thousand(mode: Any) -> None:
    light = default_light(mode, CAMERA, NORM2)
    assert saturated_share(light.gain_e * NORM2, light.reference_e) < 1e-4


def test_frames_saturate_as_often_as_rices_law_says() -> None:
    light = Light(600.0 / NORM2, 3000.0)
    images = phase_images(speckle(2, 60_000), light, 3)
    share = expose(images, CAMERA, 0, KEY).saturated / images.size
    assert share == pytest.approx(saturated_share(600.0, 3000.0), rel=0.05)


@given(steps=st.integers(3, 9), pixels=st.integers(1, 60), seed=st.integers(0, 99))
def test_phase_shifting_is_exact_without_noise(steps: int, pixels: int, seed: int) -> None:
    fields = speckle(2, pixels, seed=seed)
    light = default_light("phase_shifting", CAMERA, NORM2)
    recovered = recover_phase(phase_images(fields, light, steps), light)
    assert np.abs(recovered - fields).max() < 1e-12 * np.abs(fields).max()


def test_two_steps_cannot_tell_a_field_from_its_conjugate() -> None:
    with pytest.raises(PhysicsError, match="phase_steps=2"):
        phase_images(speckle(3), Light(1.0, 1.0), 2)
    with pytest.raises(PhysicsError, match="phase_steps=2"):
        recover_phase(np.ones((2, 3)), Light(1.0, 1.0))


def test_each_image_of_a_stepped_reference_is_the_textbook_interference() -> None:
    fields, light = speckle(5), Light(30.0, 2500.0)
    amplitude = np.sqrt(light.gain_e) * fields
    for k, image in enumerate(phase_images(fields, light, 4)):
        beat = 2 * np.sqrt(light.reference_e) * np.abs(amplitude) * np.cos(np.angle(fields) - np.pi / 2 * k)
        np.testing.assert_allclose(image, np.abs(amplitude) ** 2 + light.reference_e + beat, rtol=1e-12)


@pytest.mark.parametrize("steps", [3, 4, 5])
@pytest.mark.parametrize("exposure", [1.0, 0.1])
def test_the_noise_of_phase_shifting_is_the_closed_form(steps: int, exposure: float) -> None:
    fields = speckle(4, 50_000).astype(np.complex64)
    light = default_light("phase_shifting", CAMERA, NORM2).exposed(exposure)
    images = phase_images(fields, light, steps)
    assert images.dtype == np.float32
    recovered = recover_phase(electrons(expose(images, CAMERA, 0, KEY).counts, CAMERA), light)
    assert recovered.dtype == np.complex64
    error = recovered - fields
    std = recovered_noise_std("phase_shifting", np.mean(np.abs(fields) ** 2), light, CAMERA, steps)
    for quadrature in (error.real.ravel(), error.imag.ravel()):
        assert abs(quadrature.mean()) < 5 * std / np.sqrt(error.size)
        assert quadrature.std() == pytest.approx(std, rel=0.02)
        assert abs(np.corrcoef(quadrature[:-1], quadrature[1:])[0, 1]) < 5 / np.sqrt(error.size)
        assert abs(stats.kurtosis(quadrature)) < 0.15
    assert abs(np.corrcoef(error.real.ravel(), error.imag.ravel())[0, 1]) < 5 / np.sqrt(error.size)


def test_shot_noise_falls_with_the_root_of_the_exposure_and_read_noise_with_the_exposure() -> None:
    light = Light(1.0, 2500.0)
    shot, read = Camera(full_well_e=100.0, read_noise_e=0.0), Camera(read_noise_e=1e4)
    for camera, power in ((shot, 0.5), (read, 1.0)):
        stds = [
            recovered_noise_std("off_axis", 300.0, light.exposed(f), camera, 4) for f in (1.0, 1 / 4, 1 / 16)
        ]
        assert stds == pytest.approx([stds[0] * 4 ** (power * n) for n in range(3)], rel=0.01)


def test_patterns_add_their_variances_by_their_scales() -> None:
    assert combined_noise_std(np.array([3.0, 4.0]), np.array([1.0, -1.0])) == pytest.approx(5.0)
    stds, scales = np.ones((2, 3)), np.array([[1.0, 2.0, 2.0], [0.0, 0.0, 0.5]])
    assert combined_noise_std(stds, scales) == pytest.approx([3.0, 0.5])


def test_intensities_are_the_fields_squared() -> None:
    fields, light = speckle(7), Light(20.0)
    images = intensity_images(fields, light)
    np.testing.assert_allclose(images, 20.0 * np.abs(fields) ** 2)
