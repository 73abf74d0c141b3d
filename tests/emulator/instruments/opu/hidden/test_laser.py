"""What a laser that drifts or fluctuates makes of projections, against dense algebra of single frames."""

import numpy as np
import pytest
from numpy.typing import NDArray

from emulator.commands import Controller, Disturb, Join, Project, Projection, Start
from emulator.instruments.opu.optics import OpuCore
from emulator.instruments.opu.timing import OpuDesign
from emulator.physics.laser import Laser, frame_powers
from emulator.streams import key_words
from tests.opu_lab import (
    DESIGN,
    FIDELITIES,
    WAYS,
    WIDE,
    WIDE_CAMERA,
    Outing,
    random_vectors,
    run_opu,
    small_opu,
)

SEED = 3
DARK_E2 = 13.0**2 + (10_000 / 255) ** 2 / 12


def core(mode: str, encoding: str, *overrides: str, design: OpuDesign = DESIGN) -> OpuCore:
    return OpuCore(small_opu(f"recovery.mode={mode}", f"dmd.encoding={encoding}", *overrides), design, SEED)


def dense(each: OpuCore, vectors: NDArray[np.float32], first: int) -> NDArray[np.float64]:
    """Return what frames of each pattern tell (n, outputs), each with its own light, in double precision.

    Frames are formed one by one: |O + R exp(i a)|^2, |O|^2 and |A - O|^2, times their powers.
    """
    mode, patterns = each.config.recovery.mode, each.patterns(vectors)
    entries = each.medium.fields(np.eye(each.design.features, dtype=np.float32)).astype(np.complex128)
    frames = {"off_axis": 1, "phase_shifting": 3, "anchor": 2, "intensity": 1}[mode]
    shape = (*patterns.scales.shape, frames)
    size = int(np.prod(shape[1:]))
    power = frame_powers(each.laser, first * size, shape[0] * size, key_words(SEED, "opu/laser"))
    p = power.reshape(shape)[..., np.newaxis]
    field = np.einsum("nkf,fo->nko", patterns.planes.astype(float), entries)
    gain, reference = each.light.gain_e, each.light.reference_e
    if mode == "off_axis":  # a mode is a Fourier sum of one frame's pixels, all of which follow its power
        told = p[:, :, 0] * field.real
    elif mode == "phase_shifting":
        turns = np.exp(2j * np.pi * np.arange(3) / 3)
        told = np.zeros(field.shape)
        for k, turn in enumerate(turns):
            image = p[:, :, k] * np.abs(np.sqrt(gain) * field + np.sqrt(reference) * turn) ** 2
            told += (image * turn).real / (3 * np.sqrt(reference * gain))
    elif mode == "anchor":
        anchor = entries.sum(axis=0)
        lit, rest = p[:, :, 0] * np.abs(field) ** 2, p[:, :, 1] * np.abs(anchor - field) ** 2
        told = (lit + np.abs(anchor) ** 2 - rest) / (2 * np.abs(anchor))
    else:
        told = p[:, :, 0] * np.abs(field) ** 2 * gain / each.camera.e_per_count
    return np.asarray((patterns.scales[..., np.newaxis] * told).sum(axis=1))


@pytest.mark.parametrize("fidelity", FIDELITIES)
@pytest.mark.parametrize("laser", [Laser(0.9), Laser(1.0, 0.1), Laser(0.7, 0.05)])
@pytest.mark.parametrize(("mode", "encoding"), WAYS)
def test_every_mode_tells_what_its_frames_add_up_to(
    mode: str, encoding: str, laser: Laser, fidelity: str
) -> None:
    each = core(mode, encoding, f"fidelity={fidelity}", "camera.noise=false")
    each.laser = laser
    vectors = random_vectors(12, encoding=encoding)
    wanted = dense(each, vectors, 500)
    np.testing.assert_allclose(each.project(vectors, 500).outputs, wanted, atol=3e-5 * np.abs(wanted).max())


@pytest.mark.parametrize("fidelity", FIDELITIES)
@pytest.mark.parametrize("laser", [Laser(0.5), Laser(0.8, 0.2)])
@pytest.mark.parametrize(("mode", "encoding"), [way for way in WAYS if way[1] != "bitplanes"])
def test_noise_of_both_fidelities_follows_the_light(
    mode: str, encoding: str, laser: Laser, fidelity: str
) -> None:
    """Against the variances of single readings, p times the light's and the dark one, vector by vector."""
    each = core(mode, encoding, f"fidelity={fidelity}", *WIDE_CAMERA, design=WIDE)
    vectors = random_vectors(60, WIDE.features, encoding)
    each.laser = laser
    quiet = core(mode, encoding, "camera.noise=false", *WIDE_CAMERA, design=WIDE)
    if mode == "anchor":  # which is measured with noise: the same one stands in the quiet unit
        quiet = core(mode, encoding, *WIDE_CAMERA, design=WIDE)
        quiet._disturb = lambda *_: None  # type: ignore[method-assign]
    quiet.laser = laser
    error = each.project(vectors, 0).outputs - quiet.project(vectors, 0).outputs.astype(np.float64)
    other = core(mode, encoding, *WIDE_CAMERA, design=WIDE)
    other.laser = laser
    expected = noise_variance(other, vectors)
    assert (error**2).mean() == pytest.approx(expected.mean(), rel=0.03 if mode != "anchor" else 0.06)
    if laser.noise and mode != "anchor":  # which vectors had the brighter frames is seen in their noise
        assert np.corrcoef((error**2).mean(axis=1), expected)[0, 1] > 0.4


def noise_variance(each: OpuCore, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the mean variance of a vector's outputs (n,): sum of weight^2 times a reading's variance."""
    mode, patterns = each.config.recovery.mode, each.patterns(vectors)
    frames = {"off_axis": 1, "phase_shifting": 3, "anchor": 2, "intensity": 1}[mode]
    shape = (*patterns.scales.shape, frames)
    p = frame_powers(each.laser, 0, int(np.prod(shape)), key_words(SEED, "opu/laser")).reshape(shape)
    gain, reference = each.light.gain_e, each.light.reference_e
    fields = np.stack([each.medium.fields(plane.astype(np.float32)) for plane in patterns.planes])
    seen = gain * np.abs(fields.astype(np.complex128)) ** 2
    if mode == "off_axis":  # 4 pixels a mode, whose weights are those of its real quadrature
        variance = (p[:, :, 0] * (reference + seen.mean(axis=2)) + DARK_E2) / (2 * 4 * reference * gain)
    elif mode == "phase_shifting":
        squares = np.cos(2 * np.pi * np.arange(3) / 3) ** 2 / (9 * reference * gain)
        light = reference + seen.mean(axis=2)
        variance = (squares * (p * light[..., np.newaxis] + DARK_E2)).sum(axis=2)
    elif mode == "intensity":
        variance = (p[:, :, 0] * seen.mean(axis=2) + DARK_E2) / each.camera.e_per_count**2
    else:
        assert each._anchor is not None
        rest = gain * np.abs(each._anchor.field - fields.astype(np.complex128)) ** 2
        light = p[:, :, :1] * seen + p[:, :, 1:2] * rest + 2 * DARK_E2
        variance = (light / (4 * gain * each._anchor.measured_e)).mean(axis=2)
    return np.asarray((patterns.scales**2 * variance).sum(axis=1))


@pytest.mark.parametrize("fidelity", FIDELITIES)
@pytest.mark.parametrize(("mode", "encoding"), [("off_axis", "ternary"), ("anchor", "binary")])
def test_the_light_of_a_vector_does_not_depend_on_its_batch(mode: str, encoding: str, fidelity: str) -> None:
    each = core(mode, encoding, f"fidelity={fidelity}")
    each.laser = Laser(0.9, 0.1)
    vectors = random_vectors(30, encoding=encoding)
    whole = each.project(vectors, 0).outputs
    parts = [each.project(vectors[:7], 0).outputs, each.project(vectors[7:], 7).outputs]
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-6, atol=1e-6 * np.abs(whole).max())


@pytest.mark.parametrize("fidelity", FIDELITIES)
def test_a_bright_laser_saturates_pixels_after_the_noise_of_its_light(fidelity: str) -> None:
    each = core("intensity", "binary", f"fidelity={fidelity}")
    vectors = random_vectors(40, encoding="binary")
    before = each.project(vectors, 0)
    each.laser = Laser(10.0)
    after = each.project(vectors, 0)
    assert before.saturated == 0
    assert after.saturated == (after.outputs == 255).sum() > 10
    assert after.outputs.max() == 255


BATCH = random_vectors(40)


def projected(
    *changes: tuple[str, float], overrides: tuple[str, ...] = ()
) -> tuple[list[Projection], Outing]:
    """Project the same batch before and after each of ``changes``."""
    replies: list[Projection] = []
    vectors = random_vectors(40, encoding="binary") if "dmd.encoding=binary" in overrides else BATCH

    def agent() -> Controller:
        replies.append((yield Project(vectors, draw=0)))
        for state, value in changes:
            yield Disturb(f"opu.{state}", value)
            replies.append((yield Project(vectors, draw=0)))

    return replies, run_opu(small_opu("camera.noise=false", *overrides), [agent()])


def test_projections_follow_the_power_and_are_the_same_bits_when_it_is_back() -> None:
    (whole, dim, back), _ = projected(("laser", 0.9), ("laser", 1.0))
    np.testing.assert_allclose(dim.outputs, 0.9 * whole.outputs, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(back.outputs, whole.outputs)


def test_an_anchor_that_was_measured_before_leaves_a_residue_that_differences_cancel() -> None:
    """(1 - p) |A|/2 of every pattern: a ternary vector has two, of which one is subtracted."""
    (whole, dim), _ = projected(("laser", 0.9), overrides=("recovery.mode=anchor", "dmd.encoding=binary"))
    residue = dim.outputs - 0.9 * whole.outputs
    np.testing.assert_allclose(residue, np.broadcast_to(residue[0], residue.shape), atol=1e-4)
    assert (residue > 0).all()
    (whole, dim), _ = projected(("laser", 0.9), overrides=("recovery.mode=anchor",))
    np.testing.assert_allclose(dim.outputs, 0.9 * whole.outputs, atol=1e-4)


def test_noise_is_one_draw_a_frame_for_all_pixels() -> None:
    (whole, noisy), _ = projected(("laser_noise", 0.1), overrides=("dmd.encoding=binary",))
    shares = (noisy.outputs * whole.outputs).sum(axis=1) / (whole.outputs**2).sum(axis=1)
    np.testing.assert_allclose(noisy.outputs, shares[:, np.newaxis] * whole.outputs, rtol=1e-4, atol=1e-4)
    assert 0.06 < shares.std() < 0.15
    assert len(set(shares.tolist())) == len(shares)


def test_light_costs_the_same_time_and_energy_whatever_its_laser_does() -> None:
    (first, after), dim = projected(("laser", 0.5))
    _, whole = projected(("correlation", 1.0))
    assert dim.bench.now_ps == whole.bench.now_ps
    assert dim.result.energy_j == whole.result.energy_j
    assert first.frames == after.frames


def test_what_is_in_flight_keeps_the_light_of_when_it_was_asked_for() -> None:
    replies: list[Projection] = []

    def agent() -> Controller:
        ticket = yield Start(Project(BATCH, draw=0))
        yield Disturb("opu.laser", 0.5)
        yield Disturb("opu.laser_noise", 0.2)
        replies.append((yield Join(ticket)))

    run_opu(small_opu("camera.noise=false"), [agent()])
    (whole,), _ = projected()
    np.testing.assert_array_equal(replies[0].outputs, whole.outputs)
