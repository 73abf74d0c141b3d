"""Each way from intensities to numbers, as one pair: what it recovers is the projection, and costs what it says."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from emulator.physics.opu.demodulation import (
    AnchorRecovery,
    IntensityRecovery,
    OffAxisRecovery,
    PhaseRecovery,
    Recovery,
)
from emulator.physics.opu.holography import Light, mode_costs
from emulator.physics.opu.off_axis import off_axis
from emulator.streams import stream

LIGHT = Light(30.0, 2500.0)
MODES = 12


def speckle(*shape: int, seed: int = 0) -> NDArray[np.complex128]:
    rng = stream(seed, "tests/recovery")
    return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2)


def patterns_and_anchor(count: int, pixels: int, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the fields of random binary patterns and of all ones, through a dense matrix."""
    medium = speckle(pixels, 9, seed=seed)
    binary = stream(seed, "tests/recovery/binary").integers(0, 2, (count, 9))
    return binary @ medium.T, medium.sum(axis=1)


@given(steps=st.integers(3, 8), pixels=st.integers(1, 40), seed=st.integers(0, 99))
def test_phase_shifting_reads_the_real_part(steps: int, pixels: int, seed: int) -> None:
    fields, recovery = speckle(3, pixels, seed=seed), PhaseRecovery(steps)
    found = recovery.recover(recovery.images(fields, LIGHT), LIGHT)
    np.testing.assert_allclose(found, fields.real, atol=1e-11)


@given(outputs=st.integers(1, 60), seed=st.integers(0, 99))
def test_an_off_axis_hologram_reads_the_real_part_of_every_output(outputs: int, seed: int) -> None:
    """Also where the last row of modes is not full."""
    fields, recovery = speckle(3, outputs, seed=seed), OffAxisRecovery(off_axis(MODES, 4), outputs)
    found = recovery.recover(recovery.images(fields, LIGHT), LIGHT)
    assert found.shape == (3, outputs)
    np.testing.assert_allclose(found, fields.real, atol=1e-11)


@given(count=st.integers(1, 5), pixels=st.integers(1, 40), seed=st.integers(0, 99))
def test_an_anchor_reads_the_projection_onto_its_own_phase(count: int, pixels: int, seed: int) -> None:
    fields, anchor = patterns_and_anchor(count, pixels, seed)
    recovery = AnchorRecovery(anchor, LIGHT.gain_e * np.abs(anchor) ** 2)
    found = recovery.recover(recovery.images(fields, LIGHT), LIGHT)
    expected = np.abs(fields) * np.cos(np.angle(fields) - np.angle(anchor))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12 * np.abs(anchor).max() ** 2)


def test_an_anchor_sees_the_pattern_and_what_is_left_of_all_ones() -> None:
    fields, anchor = patterns_and_anchor(4, 30, 1)
    images = AnchorRecovery(anchor, np.abs(anchor) ** 2).images(fields, LIGHT)
    np.testing.assert_allclose(images[:, 0], LIGHT.gain_e * np.abs(fields) ** 2)
    np.testing.assert_allclose(images[:, 1], LIGHT.gain_e * np.abs(anchor - fields) ** 2)


def test_intensities_are_handed_out_as_counts() -> None:
    fields, recovery = speckle(3, 40), IntensityRecovery(39.0)
    found = recovery.recover(recovery.images(fields, LIGHT), LIGHT)
    np.testing.assert_allclose(found, 30.0 * (fields.real**2 + fields.imag**2) / 39.0)


def test_whole_counts_stay_whole() -> None:
    counts = np.arange(256, dtype=np.float32)
    images = (counts * np.float32(10_000 / 255))[np.newaxis, np.newaxis]
    found = IntensityRecovery(10_000 / 255).recover(images, LIGHT)
    np.testing.assert_array_equal(np.rint(found[0]), counts)


ANCHOR = speckle(24, seed=5)
WAYS: list[tuple[Any, Recovery]] = [
    ("off_axis", OffAxisRecovery(off_axis(MODES, 4), 24)),
    ("phase_shifting", PhaseRecovery(3)),
    ("anchor", AnchorRecovery(ANCHOR, np.abs(ANCHOR) ** 2)),
    ("intensity", IntensityRecovery(39.0)),
]


@pytest.mark.parametrize(("mode", "recovery"), WAYS)
def test_a_mode_spends_the_frames_of_the_table(mode: Any, recovery: Recovery) -> None:
    """Pixels besides: off axis spends them in the image, an anchor before, when it chooses the brightest."""
    fields, costs = speckle(5, 24), mode_costs(mode)
    images = recovery.images(fields, LIGHT)
    assert images.shape[:2] == (5, costs.frames)
    assert images[0, 0].size == 24 * (costs.pixels if mode == "off_axis" else 1)
    assert recovery.recover(images, LIGHT).shape == (5, 24)


@pytest.mark.parametrize(("mode", "recovery"), WAYS)
def test_single_precision_stays_single_and_is_exact_to_it(mode: Any, recovery: Recovery) -> None:
    fields = speckle(5, 24)
    double = recovery.recover(recovery.images(fields, LIGHT), LIGHT)
    images = recovery.images(fields.astype(np.complex64), LIGHT)
    assert (
        images.dtype == np.float32 or mode == "anchor"
    )  # whose own field is in the precision that it came in
    np.testing.assert_allclose(recovery.recover(images, LIGHT), double, atol=2e-3 * np.abs(double).max())


@pytest.mark.parametrize(("mode", "recovery"), WAYS[:2])
def test_what_is_recovered_does_not_depend_on_the_exposure(mode: Any, recovery: Recovery) -> None:
    fields = speckle(5, 24)
    for factor in (0.1, 1.0, 7.0):
        light = LIGHT.exposed(factor)
        found = recovery.recover(recovery.images(fields, light), light)
        np.testing.assert_allclose(found, fields.real, atol=1e-10)
