"""The structured medium against its own matrices, written out, and against a Gaussian medium's conditioning."""

import numpy as np
import pytest
from scipy import linalg, stats

from emulator.physics.gaussian import normals
from emulator.physics.opu import structured_medium
from emulator.physics.opu.gaussian_medium import DenseMedium
from emulator.physics.opu.structured_medium import StructuredMedium, structured_bytes
from emulator.streams import key_words, stream

KEY = key_words(0, "tests/medium")


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let transforms be short, so that few inputs fill half of one and outputs need several blocks."""
    monkeypatch.setattr(structured_medium, "_SHORTEST", 64)


@pytest.mark.usefixtures("short")
def test_fields_are_those_of_three_diagonals_and_three_fourier_matrices() -> None:
    medium = StructuredMedium.draw(20, 70, KEY)
    n = medium.second.size
    assert (n, medium.third.shape) == (64, (3, 64))
    fourier = linalg.dft(n, scale="sqrtn")
    second = n * medium.second
    common = fourier @ np.diag(second) @ fourier[:, :20] @ np.diag(medium.first)
    blocks = [np.sqrt(n) * (fourier @ np.diag(third) @ common)[: n // 2] for third in medium.third]
    x = stream(0, "tests/structured").standard_normal((9, 20)).astype(np.float32)
    np.testing.assert_allclose(medium.fields(x), x @ np.concatenate(blocks)[:70].T, atol=1e-4, rtol=0)


def test_the_third_diagonal_is_circular_gaussian_and_drawn_again_for_each_block() -> None:
    third = StructuredMedium.draw(50_000, 150_000, KEY).third
    assert third.shape == (3, 100_000)
    error = 5 / np.sqrt(third.size)
    assert abs(third.mean()) < error
    assert abs((third**2).mean()) < error * np.sqrt(2)
    assert stats.kstest(np.abs(third.ravel()) ** 2, "expon").pvalue > 1e-3
    assert abs(np.vdot(third[0], third[1])) / 100_000 < 5 / np.sqrt(100_000)
    expected = normals(256, 3, KEY)
    ratio = third[1, :128] / (expected[:128] + 1j * expected[128:])
    np.testing.assert_allclose(ratio, np.sqrt(0.5), rtol=5 / np.sqrt(100_000))
    np.testing.assert_allclose((np.abs(third) ** 2).mean(axis=1), 1, rtol=1e-5)


def test_the_first_two_diagonals_are_quarter_turns_with_equal_odds() -> None:
    medium = StructuredMedium.draw(50_000, 50_000, KEY)
    n = medium.second.size
    for diagonal in (medium.first, n * medium.second):
        turns = np.angle(diagonal) / (np.pi / 2)
        np.testing.assert_allclose(np.abs(diagonal), 1, rtol=1e-6)
        np.testing.assert_allclose(turns, np.round(turns), atol=1e-6)
        assert stats.chisquare(np.bincount(np.round(turns).astype(np.int64) % 4, minlength=4)).pvalue > 1e-3


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(("inputs", "outputs"), [(256, 1024), (256, 2048), (32, 1024)])
def test_conditioning_is_close_to_a_gaussian_mediums(inputs: int, outputs: int) -> None:
    """Condition numbers agree within a fifth where inputs fill half of the transform, the worst case.

    So do the two edges of the singular values, which the law of Marchenko and Pastur puts at 1 -+ sqrt(inputs /
    outputs) of sqrt outputs.
    """
    unit = np.eye(inputs, dtype=np.float32)
    fields = StructuredMedium.draw(inputs, outputs, KEY).fields(unit)
    values = np.linalg.svd(fields / np.sqrt(outputs), compute_uv=False)
    gaussian = np.linalg.cond(DenseMedium.draw(inputs, outputs, KEY).fields(unit))
    assert values.max() / values.min() == pytest.approx(gaussian, rel=0.2)
    assert values.min() == pytest.approx(1 - np.sqrt(inputs / outputs), rel=0.2)
    assert values.max() == pytest.approx(1 + np.sqrt(inputs / outputs), rel=0.2)


def test_batches_longer_than_a_tile_give_the_fields_of_each_vector() -> None:
    medium = StructuredMedium.draw(30, 5000, KEY)
    x = stream(0, "tests/structured").standard_normal((150, 30)).astype(np.float32)
    one_by_one = np.concatenate([medium.fields(row[None]) for row in x])
    np.testing.assert_allclose(medium.fields(x), one_by_one, atol=1e-5, rtol=0)


def test_memory_grows_with_inputs_plus_outputs_and_not_with_their_product() -> None:
    small, large = structured_bytes(10**4, 10**4), structured_bytes(10**6, 10**6)
    assert large < 150 * small
    assert StructuredMedium.draw(10**4, 10**4, KEY).stored_bytes == small
    assert structured_bytes(10**6, 10**6) < 64 * 10**6


def test_a_hundred_thousand_inputs_make_fully_developed_speckle() -> None:
    size = 10**5
    x = stream(0, "tests/many").integers(0, 2, (1, size)).astype(np.float32)
    intensity = np.abs(StructuredMedium.draw(size, size, KEY).fields(x)[0]) ** 2 / x.sum()
    assert intensity.std() / intensity.mean() == pytest.approx(1, abs=5 / np.sqrt(size))
    assert stats.kstest(intensity, "expon").pvalue > 1e-3
