"""The unit's optics: exact without noise, the same statistics in both fidelities, every vector on its own."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from emulator.errors import CommandError, PhysicsError
from emulator.instruments.opu import optics as opu_core
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.optics import OpuCore
from emulator.instruments.opu.timing import OpuDesign
from tests.opu_lab import (
    DESIGN,
    FIDELITIES,
    WAYS,
    WIDE,
    WIDE_CAMERA,
    random_vectors,
    small_opu,
)


def unit(mode: str, encoding: str, *overrides: str) -> OpuConfig:
    return small_opu(f"recovery.mode={mode}", f"dmd.encoding={encoding}", *overrides)


def core(mode: str, encoding: str, *overrides: str, seed: int = 3) -> OpuCore:
    return OpuCore(unit(mode, encoding, *overrides), DESIGN, seed)


def matrix(each: OpuCore) -> NDArray[np.complex128]:
    """Return the medium's matrix (features, outputs), one input lit at a time."""
    return each.medium.fields(np.eye(each.design.features, dtype=np.float32)).astype(np.complex128)


def expected(each: OpuCore, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the projections by dense linear algebra in double precision."""
    entries = matrix(each)
    fields = vectors.astype(np.float64) @ entries
    if each.config.recovery.mode == "intensity":
        return np.abs(fields) ** 2
    if each.config.recovery.mode == "anchor":
        anchor = entries.sum(axis=0)
        return (fields * np.conj(anchor / np.abs(anchor))).real
    return fields.real


@pytest.mark.parametrize("fidelity", FIDELITIES)
@pytest.mark.parametrize(("mode", "encoding"), WAYS)
def test_without_noise_a_projection_is_the_product_with_the_matrix(
    mode: str, encoding: str, fidelity: str
) -> None:
    each = core(mode, encoding, f"fidelity={fidelity}", "camera.noise=false", "dmd.precision=16")
    vectors = random_vectors(30, encoding=encoding)
    wanted = expected(each, vectors)
    rounding = 2e-4 if encoding == "bitplanes" else 1e-5  # sixteen bits, or single precision
    np.testing.assert_allclose(each.truth(vectors), wanted, atol=rounding * np.abs(wanted).max())
    found = each.project(vectors, 0)
    scale = each.light.gain_e / each.camera.e_per_count if mode == "intensity" else 1.0
    assert found.outputs.dtype == np.float32
    assert found.saturated == 0
    np.testing.assert_allclose(found.outputs, scale * wanted, atol=rounding * scale * np.abs(wanted).max())


@pytest.mark.parametrize("precision", [1, 2, 6])
def test_bit_planes_show_what_their_bits_can_tell_and_no_more(precision: int) -> None:
    each = core("off_axis", "bitplanes", f"dmd.precision={precision}", "camera.noise=false")
    vectors = random_vectors(20, encoding="bitplanes")
    step = np.abs(vectors).max(axis=1, keepdims=True) / (2**precision - 1)
    rounded = np.rint(vectors / step) * step
    wanted = expected(each, rounded)
    np.testing.assert_allclose(each.project(vectors, 0).outputs, wanted, atol=1e-5 * np.abs(wanted).max())


def errors(mode: str, encoding: str, fidelity: str, *overrides: str, lit: float = 0.5) -> NDArray[np.float64]:
    """Return what is wrong with 150 projections onto 1020 outputs, (150, 1020)."""
    config = unit(mode, encoding, f"fidelity={fidelity}", *WIDE_CAMERA, *overrides)
    each = OpuCore(config, WIDE, 3)
    vectors = random_vectors(150, WIDE.features, encoding, lit)
    scale = each.light.gain_e / each.camera.e_per_count if mode == "intensity" else 1.0
    return each.project(vectors, 0).outputs.astype(np.float64) - scale * each.truth(vectors)


def neighbours(error: NDArray[np.float64]) -> float:
    """Return the correlation between the errors of neighbouring outputs."""
    return float(np.corrcoef(error[:, :-1].ravel(), error[:, 1:].ravel())[0, 1])


def assert_same_statistics(field: NDArray[np.float64], model: NDArray[np.float64], tails: float) -> None:
    """Compare mean, spread and correlation within five standard errors, and tails within ``tails``."""
    count, std, kurtosis = field.size, field.std(), stats.kurtosis(field.ravel())
    assert field.mean() == pytest.approx(model.mean(), abs=5 * std * np.sqrt(2 / count))
    assert model.std() == pytest.approx(std, rel=5 * np.sqrt(2 * (2 + kurtosis) / (4 * count)))
    assert neighbours(field) == pytest.approx(neighbours(model), abs=5 * np.sqrt(2 / count))
    assert stats.kurtosis(model.ravel()) == pytest.approx(kurtosis, abs=tails)


@pytest.mark.parametrize("lit", [0.5, 0.05])
@pytest.mark.parametrize(("mode", "encoding"), [way for way in WAYS if way[0] != "anchor"])
def test_both_fidelities_have_the_same_error_statistics(mode: str, encoding: str, lit: float) -> None:
    pair = (errors(mode, encoding, fidelity, lit=lit) for fidelity in FIDELITIES)
    assert_same_statistics(*pair, tails=5 * np.sqrt(2 * 24 / (150 * 1020)))


@pytest.mark.parametrize("encoding", ["binary", "ternary", "bitplanes"])
def test_both_fidelities_have_the_same_error_statistics_with_an_anchor(encoding: str) -> None:
    """But for the tails, which are lighter in the model: it has the mean brightness of a pattern in a pixel."""
    field, model = (errors("anchor", encoding, fidelity) for fidelity in FIDELITIES)
    assert_same_statistics(field, model, tails=0.6)
    assert stats.kurtosis(field.ravel()) > stats.kurtosis(model.ravel()) > 0.5


def test_a_dark_pattern_reads_a_little_less_noise_with_an_anchor_than_the_model_says() -> None:
    """A pixel without light cannot read below 0, which the closed form leaves out: up to 3 % of spread."""
    field, model = (errors("anchor", "ternary", fidelity, lit=0.05).std() for fidelity in FIDELITIES)
    assert 0.97 * model < field < model


def test_a_mismeasured_anchor_is_the_same_error_in_both_fidelities() -> None:
    """Of one sign for all binary vectors, so that it is seen in the mean over vectors, output by output."""
    field, model = (errors("anchor", "binary", fidelity).mean(axis=0) for fidelity in FIDELITIES)
    own = errors("anchor", "binary", "statistical").std(axis=0) / np.sqrt(150)
    offset = np.abs(model).mean()
    assert offset > 5 * own.mean()
    assert stats.pearsonr(field, model).statistic > 0.95


@pytest.mark.parametrize("fidelity", FIDELITIES)
def test_a_pattern_that_is_too_bright_gets_less_exposure_and_more_noise(fidelity: str) -> None:
    """Half of 60 features are lit, a tenth is right: a fifth of the exposure, of the reference's light, too."""
    vectors = np.zeros((150, WIDE.features), dtype=np.float32)
    vectors[:, ::2] = 1.0
    config = unit("off_axis", "binary", f"fidelity={fidelity}", *WIDE_CAMERA, "camera.lit_max=0.1")
    each = OpuCore(config, WIDE, 3)
    error = each.project(vectors, 0).outputs - each.truth(vectors)
    factor, reference_e, gain_e = 1 / 5, 2500.0, 200.0 / 6
    dark_e2 = 13.0**2 + (10_000 / 255) ** 2 / 12
    speckle_e = gain_e * np.mean(np.abs(each.medium.fields(vectors[:1])) ** 2)
    variance = factor * (reference_e + speckle_e) + dark_e2
    std = np.sqrt(variance / (2 * 4 * factor**2 * reference_e * gain_e))
    assert error.std() == pytest.approx(std, rel=0.015)


@pytest.mark.parametrize("fidelity", FIDELITIES)
@pytest.mark.parametrize("mode", ["off_axis", "phase_shifting"])
def test_auto_exposure_is_that_which_suits_the_brightest_pattern_of_the_command(
    fidelity: str, mode: str
) -> None:
    """Of 60 features 3 are lit, and 1: light that is right for 3 makes it equal to a unit set to that by hand."""
    vectors = np.zeros((20, WIDE.features), dtype=np.float32)
    vectors[:, :3] = 1.0
    vectors[1::2, 1:3] = 0.0
    auto, by_hand, full = (
        OpuCore(unit(mode, "binary", f"fidelity={fidelity}", *WIDE_CAMERA, f"camera.lit_max={lit}"), WIDE, 3)
        for lit in ('"auto"', 0.05, 1.0)
    )
    found = auto.project(vectors, 0).outputs
    np.testing.assert_array_equal(found, by_hand.project(vectors, 0).outputs)
    noise, before = ((each - auto.truth(vectors)).std() for each in (found, full.project(vectors, 0).outputs))
    assert noise < 0.5 * before


def test_intensities_are_the_same_counts_in_both_fidelities() -> None:
    """Light and noise are the same to single precision, so that a count differs where it was on the edge."""
    vectors = random_vectors(200, encoding="binary")
    field, model = (
        core("intensity", "binary", f"fidelity={fidelity}", "camera.lit_max=0.4").project(vectors, 7)
        for fidelity in FIDELITIES
    )
    assert field.outputs.dtype == model.outputs.dtype == np.uint8
    difference = field.outputs.astype(int) - model.outputs
    assert np.abs(difference).max() <= 1
    assert np.count_nonzero(difference) < 1e-3 * difference.size


@pytest.mark.parametrize("fidelity", FIDELITIES)
def test_light_beyond_the_full_well_saturates_and_is_counted(fidelity: str) -> None:
    bright = ("camera.speckle=2.0", f"fidelity={fidelity}")
    found = core("intensity", "binary", *bright).project(random_vectors(50, encoding="binary"), 0)
    assert found.saturated == np.count_nonzero(found.outputs == 255)
    assert found.saturated > 100


@settings(max_examples=20)
@given(seed=st.integers(0, 99), way=st.sampled_from(WAYS), fidelity=st.sampled_from(FIDELITIES))
def test_a_projection_does_not_depend_on_the_order_of_the_vectors(
    seed: int, way: tuple[str, str], fidelity: str
) -> None:
    each = core(*way, f"fidelity={fidelity}", "camera.noise=false")
    vectors = random_vectors(25, encoding=way[1], seed=seed)
    order = np.argsort(random_vectors(1, 25, "bitplanes", 1.0, seed=seed)[0])
    straight, shuffled = each.project(vectors, 0).outputs, each.project(vectors[order], 0).outputs
    np.testing.assert_allclose(shuffled, straight[order], atol=1e-5 * np.abs(straight).max())


@pytest.mark.parametrize("fidelity", FIDELITIES)
@pytest.mark.parametrize(("mode", "encoding"), WAYS)
def test_noise_belongs_to_the_number_of_a_vector_and_not_to_its_batch(
    mode: str, encoding: str, fidelity: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    each = core(mode, encoding, f"fidelity={fidelity}")
    vectors = random_vectors(30, encoding=encoding)
    whole = each.project(vectors, 100).outputs
    parts = [each.project(vectors[:11], 100).outputs, each.project(vectors[11:], 111).outputs]
    monkeypatch.setattr(opu_core, "_PIECE_BYTES", 16 * 48 * 4 * 3)  # a few images at a time
    pieces = each.project(vectors, 100).outputs
    for other in (np.concatenate(parts), pieces):
        np.testing.assert_allclose(other, whole, atol=1e-5 * np.abs(whole.astype(float)).max())
    assert (each.project(vectors, 101).outputs != whole).any()


def test_the_seed_fixes_medium_and_noise() -> None:
    vectors = random_vectors(5)
    first, again, other = (core("off_axis", "ternary", seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(matrix(first), matrix(again))
    np.testing.assert_array_equal(first.project(vectors, 0).outputs, again.project(vectors, 0).outputs)
    assert abs(np.vdot(matrix(first), matrix(other))) < 5 * np.sqrt(matrix(first).size)


@pytest.mark.parametrize("store", ["streamed", "structured"])
@pytest.mark.parametrize("mode", ["off_axis", "anchor", "intensity"])
def test_every_store_serves_every_mode(store: str, mode: str) -> None:
    each = core(mode, "binary", f"medium.store={store}", "camera.noise=false", "fidelity=field")
    vectors = random_vectors(10, encoding="binary")
    wanted = expected(each, vectors)
    scale = each.light.gain_e / each.camera.e_per_count if mode == "intensity" else 1.0
    np.testing.assert_allclose(
        each.project(vectors, 0).outputs, scale * wanted, atol=1e-4 * scale * np.abs(wanted).max()
    )


def test_the_three_modes_recover_what_a_user_expects_of_them() -> None:
    """Correlation with the truth at full well 10,000 electrons and eight bits; off axis at least 0.99."""
    vectors = random_vectors(150, WIDE.features)
    for mode, least in (("off_axis", 0.99), ("phase_shifting", 0.99), ("anchor", 0.99)):
        each = OpuCore(unit(mode, "ternary", *WIDE_CAMERA, "fidelity=field"), WIDE, 0)
        found = each.project(vectors, 0).outputs
        assert np.corrcoef(found.ravel(), each.truth(vectors).ravel())[0, 1] > least


@pytest.mark.parametrize(
    ("encoding", "value", "allowed"),
    [("binary", -1.0, "binary vectors, or opu.dmd.encoding"), ("ternary", 0.5, "allowed are -1, 0 and 1")],
)
def test_a_value_that_the_encoding_cannot_show_is_refused_by_its_place(
    encoding: str, value: float, allowed: str
) -> None:
    vectors: NDArray[Any] = random_vectors(6, encoding="binary")
    vectors[4, 7] = value
    each = core("off_axis", encoding)
    for refused in (each.check, each.patterns):
        with pytest.raises(CommandError, match=f"4.*7.*{allowed}|{value:g} at 7.*{allowed}"):
            refused(vectors)


def test_more_features_than_mirrors_are_refused() -> None:
    with pytest.raises(PhysicsError, match=r"1601 features.*1600"):
        OpuCore(small_opu(), OpuDesign(1601, 4), 0)


def test_a_matrix_that_is_larger_than_allowed_is_refused_with_the_stores_that_do() -> None:
    with pytest.raises(PhysicsError, match="'streamed' or 'structured'"):
        OpuCore(small_opu("medium.max_stored_bytes=1000"), DESIGN, 0)
