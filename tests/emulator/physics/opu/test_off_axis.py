"""Off-axis holograms against dense interpolation, exact recovery, cross-talk beyond the limits, and noise."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from emulator.errors import PhysicsError
from emulator.physics.opu.camera import Camera, electrons, expose
from emulator.physics.opu.holography import Light, default_light, recovered_noise_std
from emulator.physics.opu.off_axis import OffAxis, demodulate, mode_grid, off_axis, off_axis_images
from emulator.streams import key_words, stream

CAMERA = Camera()
KEY = key_words(0, "tests/off_axis")
NORM2 = 10.0
LIGHT = default_light("off_axis", CAMERA, NORM2)


def speckle(*shape: int, seed: int = 0) -> NDArray[np.complex128]:
    """Return circular Gaussian fields with E|field|^2 = NORM2: T x, without T."""
    parts = stream(seed, "tests/speckle").normal(size=(2, *shape))
    return np.asarray(np.sqrt(NORM2 / 2) * (parts[0] + 1j * parts[1]))


def worst_error(geometry: OffAxis, seed: int = 0) -> float:
    """Return the largest error of noiseless recovery, as a share of the largest field."""
    grid = speckle(3, geometry.modes, seed=seed)
    recovered = demodulate(off_axis_images(grid, geometry, LIGHT), geometry, LIGHT)
    return float(np.abs(recovered - grid).max() / np.abs(grid).max())


@given(modes=st.integers(1, 70), oversampling=st.integers(4, 7), seed=st.integers(0, 99), data=st.data())
def test_recovery_is_exact_without_noise_for_every_carrier_that_is_allowed(
    modes: int, oversampling: int, seed: int, data: st.DataObject
) -> None:
    lowest = off_axis(modes, oversampling).carrier
    highest = (modes * oversampling - 1) // 2 - (modes + 1) // 2 + 1
    carrier = data.draw(st.integers(lowest, highest))
    assert worst_error(off_axis(modes, oversampling, carrier), seed) < 1e-12


@given(modes=st.integers(2, 70), seed=st.integers(0, 99))
def test_one_cycle_or_one_column_less_lets_spectra_overlap(modes: int, seed: int) -> None:
    lowest = off_axis(modes).carrier
    highest = (4 * modes - 1) // 2 - (modes + 1) // 2 + 1
    for geometry in (
        OffAxis(modes, 4, lowest - 1),
        OffAxis(modes, 4, highest + 1),
        OffAxis(modes, 3, lowest),
    ):
        assert worst_error(geometry, seed) > 1e-9
        with pytest.raises(PhysicsError, match="smallest"):
            off_axis(geometry.modes, geometry.oversampling, geometry.carrier)


def test_the_cross_talk_of_a_carrier_that_is_too_low_grows_to_the_size_of_the_signal() -> None:
    errors = [worst_error(OffAxis(64, 4, carrier)) for carrier in (96, 90, 80, 64)]
    assert errors[0] < 1e-12
    assert errors[1:] == sorted(errors[1:])
    assert errors[1] > 1e-3
    assert errors[-1] > 0.1


def test_what_lets_spectra_overlap_is_refused_with_the_smallest_that_fits() -> None:
    with pytest.raises(PhysicsError, match=r"3 columns a mode .* the smallest oversampling that fits is 4"):
        off_axis(510, 3)
    with pytest.raises(PhysicsError, match=r"carrier of 700 .* allowed are 765\.\.765 .* smallest is 765"):
        off_axis(510, 4, 700)
    with pytest.raises(PhysicsError, match="modes=0, oversampling=4"):
        off_axis(0)
    assert off_axis(1, 3).carrier == 1
    assert off_axis(510).columns == CAMERA.columns


@pytest.mark.parametrize("modes", [1, 4, 7])
def test_images_are_the_textbook_interference_of_the_interpolated_field(modes: int) -> None:
    """Interpolate by a dense sum over the modes' plane waves, and beat with a tilted reference."""
    geometry, light = off_axis(modes), Light(20.0, 1500.0)
    grid = speckle(2, modes)
    wave = np.arange(modes) - modes // 2
    camera, coarse = np.arange(geometry.columns) / geometry.columns, np.arange(modes) / modes
    to_waves = np.exp(-2j * np.pi * np.outer(wave, coarse)) / modes
    field = np.sqrt(light.gain_e) * (grid @ to_waves.T @ np.exp(2j * np.pi * np.outer(wave, camera)))
    tilt = np.sqrt(light.reference_e) * np.exp(-2j * np.pi * geometry.carrier * camera)
    expected = np.abs(field) ** 2 + light.reference_e + 2 * np.real(field * np.conj(tilt))
    np.testing.assert_allclose(off_axis_images(grid, geometry, light), expected, rtol=1e-10, atol=1e-9)


def test_a_pixel_gets_the_mean_light_of_the_modes() -> None:
    grid, dark = speckle(5, 12), Light(20.0, 0.0)
    mean = off_axis_images(grid, off_axis(12), dark).mean()
    assert mean == pytest.approx(20.0 * np.mean(np.abs(grid) ** 2), rel=1e-12)


def test_outputs_fill_rows_of_modes_and_the_rest_is_dark() -> None:
    geometry = off_axis(8)
    fields = speckle(3, 20)
    grid = mode_grid(fields, geometry)
    assert grid.shape == (3, 3, 8)
    np.testing.assert_array_equal(grid.reshape(3, -1)[:, :20], fields)
    assert not grid.reshape(3, -1)[:, 20:].any()
    recovered = demodulate(off_axis_images(grid, geometry, LIGHT), geometry, LIGHT)
    np.testing.assert_allclose(recovered.reshape(3, -1)[:, :20], fields, rtol=1e-11, atol=1e-11)


def test_single_precision_stays_single_and_is_far_below_the_noise() -> None:
    geometry = off_axis(64)
    grid = speckle(16, 64).astype(np.complex64)
    images = off_axis_images(grid, geometry, LIGHT)
    recovered = demodulate(images, geometry, LIGHT)
    assert images.dtype == np.float32
    assert recovered.dtype == np.complex64
    assert np.abs(recovered - grid).max() < 1e-5 * np.abs(grid).max()


class FullPath(NamedTuple):
    """Hold one run of the whole path: fields, what was recovered from 8-bit counts, and the saturated share."""

    fields: NDArray[np.complex64]
    recovered: NDArray[np.complex64]
    saturated: float

    @property
    def error(self) -> NDArray[np.complex64]:
        return self.recovered - self.fields


def full_path(light: Light, oversampling: int = 4) -> FullPath:
    geometry = off_axis(64, oversampling)
    fields = speckle(8, 256, 64).astype(np.complex64)
    images = off_axis_images(fields, geometry, light)
    counts, saturated = expose(images, CAMERA, 0, KEY)
    recovered = demodulate(electrons(counts, CAMERA), geometry, light)
    return FullPath(fields, recovered, saturated / images.size)


@pytest.mark.parametrize(("exposure", "oversampling"), [(1.0, 4), (1.0, 5), (0.3, 4), (0.1, 4), (0.03, 4)])
def test_the_noise_of_the_whole_path_is_the_closed_form_and_white(exposure: float, oversampling: int) -> None:
    light = LIGHT.exposed(exposure)
    path = full_path(light, oversampling)
    error = path.error
    mean_intensity = np.mean(np.abs(path.fields) ** 2)
    std = recovered_noise_std("off_axis", mean_intensity, light, CAMERA, oversampling)
    sampling = 5 / np.sqrt(error.size)
    for quadrature in (error.real, error.imag):
        assert abs(quadrature.mean()) < sampling * std
        assert quadrature.std() == pytest.approx(std, rel=0.02)
        assert abs(stats.kurtosis(quadrature.ravel())) < 0.15
        for neighbours in (
            (quadrature[..., :-1], quadrature[..., 1:]),
            (quadrature[:, :-1], quadrature[:, 1:]),
        ):
            left, right = (part.ravel() for part in neighbours)
            assert abs(np.corrcoef(left, right)[0, 1]) < sampling
    assert abs(np.corrcoef(error.real.ravel(), error.imag.ravel())[0, 1]) < sampling
    assert abs(np.vdot(path.fields, error)) / np.linalg.norm(path.fields) < 1e-2 * np.linalg.norm(error)


def test_eight_bits_and_a_full_well_of_10000_electrons_recover_the_projection() -> None:
    path = full_path(LIGHT)
    for truth, seen in (
        (path.fields.real, path.recovered.real),
        (path.fields.imag, path.recovered.imag),
    ):
        assert np.corrcoef(truth.ravel(), seen.ravel())[0, 1] > 0.999
    assert path.saturated < 1e-5


def test_interpolated_pixels_saturate_as_often_as_independent_ones() -> None:
    object_e, reference_e = 600.0, 3000.0
    scale = np.sqrt(object_e / 2)
    edge = np.sqrt(CAMERA.full_well_e - CAMERA.e_per_count / 2)
    rice = stats.rice.sf(edge, np.sqrt(reference_e) / scale, scale=scale)
    assert full_path(Light(object_e / NORM2, reference_e)).saturated == pytest.approx(rice, rel=0.1)


def test_too_much_light_saturates_and_spoils_the_projection() -> None:
    bright = full_path(LIGHT.exposed(3.0))
    assert bright.saturated > 0.1
    assert bright.error.std() > 3 * full_path(LIGHT).error.std()
