"""The OPU that users of lightonml know: values against the medium itself, time, energy and refusals."""

import copy
from typing import Any

import numpy as np
import pytest

from emulator.adapters.lightonml.encoders import BinaryThresholdEncoder, SeparatedBitPlanEncoder
from emulator.adapters.lightonml.opu import OPU
from emulator.adapters.session import LinearMode
from emulator.config.models import build
from emulator.errors import CommandError, ConfigError
from emulator.instruments.opu.config import OpuConfig
from emulator.physics.opu.gaussian_medium import DenseMedium
from emulator.streams import key_words, stream

SEED = 5


def matrix(features: int, outputs: int) -> np.ndarray:
    """Return the medium of ``SEED`` in double precision, (features, outputs)."""
    drawn = DenseMedium.draw(features, outputs, key_words(SEED, "opu/medium"))
    return drawn.real.astype(np.float64) + 1j * drawn.imaginary


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(np.asarray(a, dtype=np.float64).ravel(), np.asarray(b).ravel())[0, 1])


def test_intensities_are_counts_that_follow_the_squared_fields(binary: np.ndarray) -> None:
    counts = OPU(2000, seed=SEED).fit_transform1d(binary)
    truth = np.abs(binary @ matrix(60, 2000)) ** 2
    assert counts.dtype == np.uint8
    assert correlation(counts, truth) > 0.98
    brightest = binary.sum(axis=1).argmax()
    assert counts[brightest].mean() == pytest.approx(
        0.05 * 255, rel=0.1
    )  # the preset's share of the full well


def test_without_noise_intensities_are_the_squared_fields(binary: np.ndarray, quiet: OpuConfig) -> None:
    counts = OPU(300, config=quiet, seed=SEED).fit_transform1d(binary)
    truth = np.abs(binary @ matrix(60, 300)) ** 2
    assert np.allclose(counts, truth * (0.05 * 255 / binary.sum(axis=1).max()), rtol=1e-4, atol=1e-4)


def test_both_transforms_multiply_by_the_same_matrix(binary: np.ndarray, quiet: OpuConfig) -> None:
    opu = OPU(300, config=quiet, rescale=None, seed=SEED).fit1d(binary)
    fields = binary @ matrix(60, 300)
    assert np.allclose(opu.linear_transform(binary), fields.real, atol=1e-3)
    assert correlation(opu.transform(binary), np.abs(fields) ** 2) > 1 - 1e-9


@pytest.mark.parametrize(("recovery", "least"), [("off_axis", 0.99), ("phase_shifting", 0.98)])
def test_linear_projections_are_the_real_part_with_noise(
    binary: np.ndarray, recovery: LinearMode, least: float
) -> None:
    y = OPU(2000, recovery=recovery, seed=SEED).fit1d(binary).linear_transform(binary)
    truth = (binary @ matrix(60, 2000)).real
    assert y.dtype == np.float32
    assert least < correlation(y, truth) < 1
    assert y.std() == pytest.approx(truth.std() / np.sqrt(60 / 2), rel=0.05)


def test_with_an_anchor_differences_keep_their_angles() -> None:
    """The anchor's matrix has a mean, which drops out where vectors have as many ones."""
    rng = stream(0, "tests/adapters/anchor")
    x = rng.permuted(np.tile(np.arange(60) < 18, (40, 1)), axis=1)
    y = OPU(20_000, recovery="anchor", rescale="norm", seed=SEED).fit1d(n_features=60).linear_transform(x)
    of_x, of_y = (each[1:].astype(np.float64) - each[0] for each in (x, np.asarray(y)))
    assert correlation(of_y @ of_y.T, of_x @ of_x.T) > 0.97


def test_numbers_go_through_bit_planes_at_twelve_frames(quiet: OpuConfig) -> None:
    x = stream(0, "tests/adapters/floats").standard_normal((20, 30))
    opu = OPU(200, config=quiet, rescale=None, seed=SEED).fit1d(x)
    y = opu.linear_transform(x, SeparatedBitPlanEncoder)
    truth = (x @ matrix(30, 200)).real
    assert y.context is not None
    assert y.context.frames == 20 * 12
    steps = np.abs(x).max(axis=1) / (2 * 63)  # the largest error of an entry in six bits
    assert (np.abs(y - truth).std(axis=1) < steps * np.sqrt(30)).all()


def test_one_bit_plane_a_sign_shows_ternary_vectors_exactly(quiet: OpuConfig) -> None:
    e = stream(0, "tests/adapters/signs").integers(-1, 2, (20, 10))
    opu = OPU(200, config=quiet, rescale=None, seed=SEED).fit1d(n_features=10)
    y = opu.linear_transform(e, SeparatedBitPlanEncoder(1))
    assert np.allclose(y, (e @ matrix(10, 200)).real, atol=1e-4)


def test_one_vector_gives_one_row(binary: np.ndarray) -> None:
    opu = OPU(100).fit1d(binary[0])
    assert opu.transform(binary[0]).shape == (100,)
    assert opu.linear_transform(binary[0]).shape == (100,)
    assert opu.transform(binary[:0]).shape == (0, 100)


def test_the_camera_measures_anew_in_every_call(binary: np.ndarray) -> None:
    opu = OPU(1000).fit1d(binary)
    assert not np.array_equal(opu.transform(binary), opu.transform(binary))


def test_noise_of_the_two_transforms_is_not_the_same(binary: np.ndarray, quiet: OpuConfig) -> None:
    noisy, exact = (OPU(2000, config=config).fit1d(binary) for config in ("opu_gen2", quiet))
    of_counts = noisy.transform(binary) - np.asarray(exact.transform(binary))
    of_projections = noisy.linear_transform(binary) - exact.linear_transform(binary)
    assert abs(correlation(of_counts, of_projections)) < 0.02


def test_calls_follow_each_other_on_one_clock(binary: np.ndarray) -> None:
    opu = OPU(1000).fit1d(binary)
    first, second = opu.transform(binary).context, opu.linear_transform(binary).context
    assert first is not None
    assert second is not None
    assert (first.start, second.start) == (0.0, first.end)
    assert opu.seconds == pytest.approx(second.end)
    assert opu.joules == pytest.approx(first.energy_j + second.energy_j)


def test_a_batch_of_three_thousand_keeps_the_published_pace() -> None:
    x = stream(0, "tests/adapters/pace").random((3000, 20)) < 0.5
    context = OPU(100).fit_transform1d(x).context
    assert context is not None
    assert context.elapsed_s == pytest.approx(1.683, rel=0.03)  # of lightonml's notebook, at 2 kHz


def test_one_vector_a_call_sets_up_an_acquisition_unless_it_is_fitted_online() -> None:
    x = stream(0, "tests/adapters/pace").random((1, 20)) < 0.5
    batch, online = OPU(100).fit1d(x), OPU(100).fit1d(x, online=True)
    same = batch.transform(x), online.transform(x)
    assert np.array_equal(*same)
    assert online.seconds < 0.01 < 0.15 < batch.seconds


def test_a_fit_to_sparse_vectors_exposes_for_them(binary: np.ndarray) -> None:
    fitted = OPU(2000).fit1d(binary).transform(binary)
    unfitted = OPU(2000).fit1d(n_features=60).transform(binary)
    brightest = binary.sum(axis=1).max()
    assert fitted.mean() / unfitted.mean() == pytest.approx(60 / brightest, rel=0.05)


def test_a_copy_is_another_opu_with_the_same_matrix(binary: np.ndarray) -> None:
    opu = OPU(100).fit1d(binary)
    counts = opu.transform(binary)
    other = copy.deepcopy(opu)
    assert (other.seconds, other.joules) == (0.0, 0.0)
    assert np.array_equal(other.transform(binary), counts)


def test_a_closed_opu_refuses_and_opens_with_the_same_matrix(binary: np.ndarray, quiet: OpuConfig) -> None:
    with OPU(100, config=quiet) as opu:
        counts = opu.fit_transform1d(binary)
    with pytest.raises(CommandError, match=r"call open\(\) first"):
        opu.transform(binary)
    opu.open()
    assert np.array_equal(opu.transform(binary), counts)


def test_the_version_names_what_is_emulated() -> None:
    assert OPU(10, config="opu_gen3").version().endswith("emulated OPU (opu_gen3)")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"n_components": 2_219_521}, r"2219520 pixels"),
        ({"n_components": 0}, "n_components = 0 is refused; allowed: a whole number, >= 1"),
        ({"n_components": 10.0}, "n_components = 10.0"),
        ({"seed": -1}, "seed = -1"),
        ({"host": "fast"}, "host = 'fast' is refused; allowed: a HostConfig"),
        ({"max_n_features": 1_039_681}, r"allowed: a whole number, 1\.\.1039680"),
        ({"simulated": False}, "allowed: True"),
        ({"rescale": "std"}, "allowed: 'variance', 'norm' or None"),
        ({"recovery": "intensity"}, "gives no linear projection"),
        ({"config": "opu"}, "is no opu preset"),
    ],
)
def test_what_no_device_has_is_refused_when_the_opu_is_made(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        OPU(**given)


@pytest.mark.parametrize(
    ("x", "says"),
    [
        (np.full((2, 3), 0.5), r"X\[0, 0\] is 0\.5, .* encoder_cls=BinaryThresholdEncoder"),
        (np.full((2, 3), np.nan), "not finite"),
        (np.zeros((2, 4)), "vectors of 4 features; the OPU was fitted to 3"),
        (np.zeros((2, 3, 1)), r"allowed: real numbers or booleans, \(features,\)"),
        ([[0, 1, 0], [1]], "inhomogeneous"),
        (None, "X = None, of type object"),
        (np.zeros((2, 3), dtype=complex), "type complex128"),
    ],
)
def test_what_mirrors_cannot_show_is_refused(x: np.ndarray, says: str) -> None:
    opu = OPU(10).fit1d(n_features=3)
    for transform in (opu.transform, opu.linear_transform):
        with pytest.raises(CommandError, match=says):
            transform(x)
    assert opu.seconds == 0


def test_an_encoder_makes_numbers_binary() -> None:
    x = stream(0, "tests/adapters/encoded").standard_normal((30, 20))
    opu = OPU(100)
    counts = opu.fit_transform1d(x, BinaryThresholdEncoder(0.5))
    assert np.array_equal(copy.deepcopy(opu).transform(x > 0.5), counts)


def test_intensities_of_bit_planes_are_refused() -> None:
    with pytest.raises(CommandError, match="or linear_transform"):
        OPU(10).fit1d(n_features=3).transform(np.ones(3), SeparatedBitPlanEncoder)  # type: ignore[arg-type]


def test_an_opu_must_be_fitted_to_something_it_can_hold() -> None:
    with pytest.raises(CommandError, match="call fit1d"):
        OPU(10).transform(np.ones(3))
    with pytest.raises(CommandError, match="either X or n_features"):
        OPU(10).fit1d()
    with pytest.raises(
        CommandError, match=r"1001 features; allowed are 1\.\.1000, or a larger max_n_features"
    ):
        OPU(10).fit1d(n_features=1001)


def test_a_matrix_that_memory_does_not_hold_names_the_stores_that_would_do() -> None:
    opu = OPU(300_000, max_n_features=2000).fit1d(n_features=2000)
    with pytest.raises(ConfigError, match="'streamed' or 'structured' would do"):
        opu.transform(np.ones(2000))
    stores = build(OpuConfig, {"preset": "opu_gen2", "medium": {"store": "structured"}}, "tests")
    counts = OPU(300_000, max_n_features=2000, config=stores).fit1d(n_features=2000).transform(np.ones(2000))
    assert counts.shape == (300_000,)


@pytest.mark.parametrize("method", ["transform", "linear_transform"])
@pytest.mark.parametrize("outputs", [1, 20, 200])
def test_without_noise_a_row_has_the_same_bits_in_any_batch(
    binary: np.ndarray, quiet: OpuConfig, method: str, outputs: int
) -> None:
    project = getattr(OPU(outputs, config=quiet, seed=SEED).fit1d(binary), method)
    whole = np.asarray(project(binary))
    for chosen in ([39], [7, 3], np.arange(40)[::-1], np.arange(5, 38)):
        np.testing.assert_array_equal(np.asarray(project(binary[chosen])), whole[chosen])
