"""The optics of the processing unit: from vectors to patterns, through the medium, to numbers; no time passes here.

Two fidelities give the same statistics. ``field`` forms every camera image, exposes it and reads it;
``statistical`` multiplies once and adds the noise that the field's closed forms give. A laser that is not as it was
when the unit was new scales the light of every frame; what is recovered takes it for new.
"""

from functools import partial
from itertools import groupby
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import CommandError, PhysicsError
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import OpuDesign, camera_of, costs_of
from emulator.physics.laser import Laser, frame_powers
from emulator.physics.opu import anchor
from emulator.physics.opu.camera import Camera, expose, exposure_factor
from emulator.physics.opu.decorrelation import MixedMedium
from emulator.physics.opu.demodulation import (
    AnchorRecovery,
    IntensityRecovery,
    OffAxisRecovery,
    PhaseRecovery,
    Recovery,
)
from emulator.physics.opu.dmd import bit_planes, macro_pixels, ternary_patterns
from emulator.physics.opu.holography import (
    Light,
    combined_noise_std,
    default_light,
    patterns_per_vector,
    reading_power,
    recovered_noise_std,
)
from emulator.physics.opu.medium import Medium, make_medium
from emulator.physics.opu.off_axis import off_axis
from emulator.physics.opu.speckle_noise import add_noise, add_scaled_noise, speckle_counts
from emulator.streams import key_words

__all__ = ["OpuCore", "Patterns", "Projected", "light_of"]

Singles = NDArray[np.float32]
Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]

_PIECE_BYTES: Final = 2**27
"""Memory that the images of one piece of work may take, roughly, at 16 bytes a pixel."""


class Patterns(NamedTuple):
    """Hold vectors as binary patterns: x = sum over k of ``scales`` (n, k) times ``planes`` (n, k, features)."""

    planes: Bools
    scales: Doubles


class Projected(NamedTuple):
    """Hold projections (n, outputs), and how many pixels of their images were at the top of the range."""

    outputs: NDArray[np.float32] | NDArray[np.uint8]
    saturated: int


class _Anchor(NamedTuple):
    """Hold the anchor at the pixels that were chosen: its field, and its intensity as true and as measured."""

    field: NDArray[np.complex64]
    true_e: Doubles
    measured_e: Doubles


class OpuCore:
    """One unit: a medium, light levels and a camera; ``seed`` fixes its medium and its noise."""

    def __init__(self, config: OpuConfig, design: OpuDesign, seed: int) -> None:
        self.config = config
        self.design = design
        self.camera: Camera = camera_of(config)
        macro_pixels(
            design.features, config.dmd.rows, config.dmd.columns
        )  # refuses more features than mirrors
        self.light = light_of(config, design.features)
        self._auto = config.camera.lit_max == "auto" and config.recovery.mode != "anchor"
        self._intensity = config.recovery.mode == "intensity"
        self._costs = costs_of(config)
        self._noise_key = key_words(seed, "opu/camera")
        self.laser = Laser()
        self._laser_key = key_words(seed, "opu/laser")
        self._lit_max = _brightest(config, design.features)
        self._anchor: _Anchor | None = None
        group = config.recovery.anchor_group if config.recovery.mode == "anchor" else 1
        store = config.medium
        self._drawn = partial(
            make_medium, store.store, design.features, design.outputs * group,
            max_stored_bytes=store.max_stored_bytes,
        )  # fmt: skip
        self.medium: Medium = self._drawn(key_words(seed, "opu/medium"))
        self._other_key = key_words(seed, "opu/medium/other")
        self._chosen: NDArray[np.int64] | None = None
        self._built: Medium | None = None
        self._other: Medium | None = None
        if config.recovery.mode == "anchor":
            self._anchor = self._measure_anchor(group, key_words(seed, "opu/anchor"))
        self.recovery = self._make_recovery()

    def _measure_anchor(self, group: int, key: tuple[int, int]) -> _Anchor:
        """Read the anchor's intensity, and keep the brightest pixel of every group of the medium's."""
        ones = np.ones((1, self.design.features), dtype=np.float32)
        field = self.medium.fields(ones)[0]
        true_e = self.light.gain_e * np.abs(field.astype(np.complex128)) ** 2
        measured_e = true_e
        if self.config.camera.noise:
            counts = expose(true_e[np.newaxis], self.camera, 0, key).counts
            measured_e = anchor.measured_anchor(counts, self.camera)
        chosen = anchor.bright_pixels(measured_e, group)
        self.medium, self._chosen = self.medium.take(chosen), chosen
        return _Anchor(field[chosen], true_e[chosen], measured_e[chosen])

    def _make_recovery(self) -> Recovery:
        mode = self.config.recovery.mode
        if mode == "off_axis":
            geometry = off_axis(self.camera.columns // self._costs.pixels, self._costs.pixels)
            return OffAxisRecovery(geometry, self.design.outputs)
        if self._anchor is not None:
            return AnchorRecovery(self._anchor.field, self._anchor.measured_e)
        if mode == "phase_shifting":
            return PhaseRecovery(self._costs.frames)
        return IntensityRecovery(self.camera.e_per_count)

    def decorrelate(self, rho: float) -> None:
        """Let the medium's fields have the correlation ``rho`` with those that it was built with.

        A second medium of the same size joins the first one the first time. The anchor stays as it was measured.
        """
        built = self.medium if self._built is None else self._built
        self._built = built
        if rho == 1.0:
            self.medium = built
            return
        if self._other is None:
            other = self._drawn(self._other_key)
            self._other = other if self._chosen is None else other.take(self._chosen)
        self.medium = MixedMedium(built, self._other, rho)

    @property
    def planes(self) -> int:
        """Return the patterns of one vector."""
        return patterns_per_vector(self.config.dmd.encoding, self.config.dmd.precision)

    def check(self, vectors: Singles) -> None:
        """Raise ``CommandError`` at the first entry of ``vectors`` (n, features) that the encoding cannot show."""
        if self.config.dmd.encoding != "bitplanes":
            self.patterns(vectors)

    def patterns(self, vectors: Singles) -> Patterns:
        """Return ``vectors`` (n, features) as the DMD shows them.

        Raises ``CommandError`` at the first entry that the encoding cannot show.
        """
        encoding = self.config.dmd.encoding
        try:
            if encoding == "ternary":
                signs = np.broadcast_to(np.array([1.0, -1.0]), (len(vectors), 2))
                return Patterns(np.stack(ternary_patterns(vectors), axis=1), signs)
            if encoding == "bitplanes":
                return Patterns(*bit_planes(vectors, self.config.dmd.precision, signed=True))
        except PhysicsError as error:
            raise CommandError(f"Project: {error}") from error
        wrong = (vectors != 0) & (vectors != 1)
        if wrong.any():
            row, column = (int(i) for i in np.argwhere(wrong)[0])
            raise CommandError(
                f"Project: vector {row} has {vectors[row, column]:g} at {column}, but its patterns are of 0 and 1; "
                "allowed: binary vectors, or opu.dmd.encoding = 'ternary' or 'bitplanes'"
            )
        return Patterns((vectors == 1)[:, np.newaxis], np.ones((len(vectors), 1)))

    def truth(self, vectors: Singles) -> Singles:
        """Return the projections (n, outputs) that no camera disturbs, of what the patterns add up to."""
        if self._intensity:
            fields = self.medium.fields(vectors)
            return np.asarray(fields.real**2 + fields.imag**2)
        return self._linear(self._shown(self.patterns(vectors), vectors))

    def project(self, vectors: Singles, first: int) -> Projected:
        """Return the projections of ``vectors`` (n, features), the first of which is number ``first`` of the run.

        Intensities come as counts, uint8 unless the camera is without noise; all others as float32.
        """
        patterns, noise = self.patterns(vectors), self.config.camera.noise
        powers = self._powers(patterns, first)
        if self._auto and len(vectors):
            self._set_light(int(patterns.planes.sum(axis=2).max()))
        if self.config.fidelity == "field" or (self._intensity and not noise):
            return self._read_images(patterns, first, powers, noise)
        if self._intensity:
            gain_e = self.light.gain_e * exposure_factor(np.count_nonzero(vectors, axis=1), self._lit_max)
            light = (gain_e if powers is None else gain_e * powers[:, 0, 0]).astype(np.float32)
            return Projected(
                *speckle_counts(self.medium, vectors, light, self.camera, first, self._noise_key)
            )
        if powers is None:
            outputs = self._linear(self._shown(patterns, vectors))
            if noise and self._anchor is not None:
                self._mismeasure(outputs, self._anchor, patterns.scales.sum(axis=1))
        else:
            outputs = self._dimmed(patterns, powers)
        if noise:
            self._disturb(outputs, patterns, first, powers)
        return Projected(outputs, 0)

    def _powers(self, patterns: Patterns, first: int) -> Doubles | None:
        """Return the laser's relative power in each frame (n, k, frames) of ``patterns``; None where it is new."""
        if self.laser == Laser():
            return None
        shape = (*patterns.scales.shape, self._costs.frames)
        each = shape[1] * shape[2]
        return frame_powers(self.laser, first * each, shape[0] * each, self._laser_key).reshape(shape)

    def _dimmed(self, patterns: Patterns, powers: Doubles) -> Singles:
        """Return the linear projections that no noise of the camera disturbs, of frames with relative ``powers``.

        A hologram follows its power, and so do all its modes; what several frames tell follows no single one.
        """
        if self.config.recovery.mode != "off_axis":
            return np.asarray(self._read_images(patterns, 0, powers, False).outputs, dtype=np.float32)
        return self._linear(_added(Patterns(patterns.planes, patterns.scales * powers[..., 0])))

    def _set_light(self, lit: int) -> None:
        """Make the exposure right for a brightest pattern of ``lit`` features."""
        self._lit_max = max(1, lit)
        self.light = light_of(self.config, self._lit_max)

    def _shown(self, patterns: Patterns, vectors: Singles) -> Singles:
        """Return what ``patterns`` add up to (n, features): ``vectors``, unless they were rounded."""
        if self.config.dmd.encoding != "bitplanes":
            return vectors
        return _added(patterns)

    def _linear(self, shown: Singles) -> Singles:
        """Return the real projections of ``shown`` (n, features): onto the anchor's phase where there is one."""
        if self._anchor is None:
            return self.medium.real_fields(shown)
        turned = self._anchor.field / np.abs(self._anchor.field)
        fields = self.medium.fields(shown)
        return np.asarray(fields.real * turned.real + fields.imag * turned.imag)

    def _mismeasure(self, outputs: Singles, measured: _Anchor, scales: Doubles) -> None:
        """Do to ``outputs`` (n, outputs) what an anchor's noise does, the patterns' ``scales`` (n,) summed up."""
        factor, offset = anchor.anchor_error(measured.true_e, measured.measured_e, self.light.gain_e)
        outputs *= factor.astype(np.float32)
        outputs += np.outer(scales, offset).astype(np.float32)

    def _disturb(self, outputs: Singles, patterns: Patterns, first: int, powers: Doubles | None) -> None:
        """Add the noise of all frames of each vector."""
        lit = patterns.planes.sum(axis=2)
        if self._anchor is None:
            spread = combined_noise_std(self._pattern_std(lit, powers), patterns.scales)
            add_noise(outputs, spread.astype(np.float32), first, self._noise_key)
            return
        measured_e, gain_e = self._anchor.measured_e, self.light.gain_e
        mean_e = gain_e * self.design.features
        both = (1.0, 1.0) if powers is None else (powers[..., 0], powers[..., 1])
        constant, per_inverse_e = anchor.anchor_noise(
            lit / self.design.features, mean_e, gain_e, self.camera, both
        )
        squares = patterns.scales**2
        own = (squares * constant).sum(axis=1).astype(np.float32)
        shared = (squares * per_inverse_e).sum(axis=1).astype(np.float32)
        darkness = (1.0 / measured_e).astype(np.float32)
        add_scaled_noise(outputs, own, shared, darkness, first, self._noise_key)

    def _pattern_std(self, lit: NDArray[np.int64], powers: Doubles | None) -> Doubles:
        """Return the noise of patterns with ``lit`` (n, k) features, whose exposure may have been cut."""
        mode, readings = self.config.recovery.mode, self._costs.pixels * self._costs.frames
        factors = exposure_factor(lit, self._lit_max)
        power = np.ones(lit.shape) if powers is None else reading_power(mode, powers)
        spread = np.empty(lit.shape)
        for factor in np.unique(factors).tolist():
            mine = factors == factor
            spread[mine] = recovered_noise_std(
                mode,
                lit[mine].astype(np.float64),
                self.light.exposed(factor),
                self.camera,
                readings,
                power[mine],
            )
        return spread

    def _read_images(
        self, patterns: Patterns, first: int, powers: Doubles | None, exposed: bool
    ) -> Projected:
        """Form the images of all patterns, some vectors at a time, and read them, with a camera if ``exposed``."""
        count, kinds, features = patterns.planes.shape
        costs, outputs = self._costs, self.design.outputs
        step = max(1, _PIECE_BYTES // (16 * outputs * costs.pixels * costs.frames * kinds))
        pieces, saturated = [], 0
        for begin in range(0, count, step):
            piece = slice(begin, begin + step)
            planes = patterns.planes[piece].reshape(-1, features)
            draw = (first + begin) * kinds * costs.frames if exposed else None
            of_frames = None if powers is None else powers[piece].reshape(-1, costs.frames)
            recovered, top = self._read(planes, draw, of_frames)
            saturated += top
            scaled = patterns.scales[piece, :, np.newaxis] * recovered.reshape(-1, kinds, outputs)
            pieces.append(scaled.sum(axis=1).astype(np.float32))
        found = np.concatenate(pieces) if pieces else np.empty((0, outputs), dtype=np.float32)
        if self._intensity and self.config.camera.noise:
            return Projected(np.rint(found).astype(np.uint8), saturated)
        return Projected(found, saturated)

    def _read(self, planes: Bools, draw: int | None, powers: Doubles | None) -> tuple[Doubles | Singles, int]:
        """Return what is recovered of each of ``planes`` (m, features), whose frames have numbers from ``draw``.

        Without such a number no camera adds noise. ``powers`` (m, frames) are the laser's. Neighbours with the same
        exposure are read together.
        """
        frames, camera = self._costs.frames, self.camera
        factors = exposure_factor(np.count_nonzero(planes, axis=1), self._lit_max).tolist()
        recovered, saturated, begin = [], 0, 0
        for factor, run in groupby(factors):
            end = begin + len(list(run))
            light = self.light.exposed(factor)
            images = self.recovery.images(self.medium.fields(planes[begin:end].astype(np.float32)), light)
            if powers is not None:
                images *= _alongside(powers[begin:end], images)
            if draw is not None:
                flat = images.reshape(-1, *images.shape[2:])
                seen = expose(flat, camera, draw + begin * frames, self._noise_key)
                saturated += seen.saturated
                images = seen.counts.reshape(images.shape) * np.float32(camera.e_per_count)
            recovered.append(self.recovery.recover(images, light))
            begin = end
        return np.concatenate(recovered), saturated


def _added(patterns: Patterns) -> Singles:
    """Return the sums (n, features) of patterns times their scales, in single precision."""
    shown = np.zeros((len(patterns.scales), patterns.planes.shape[2]))
    for k in range(patterns.scales.shape[1]):  # plane by plane, so that no vector's sum knows of another
        shown += patterns.scales[:, k, np.newaxis] * patterns.planes[:, k]
    return shown.astype(np.float32)


def _alongside(powers: Doubles, images: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return ``powers`` (m, frames) of those frames that ``images`` (m, frames, ...) has, to be multiplied by."""
    mine = powers[:, : images.shape[1]].astype(images.dtype)
    return np.asarray(mine.reshape(*mine.shape, *(1,) * (images.ndim - 2)))


def light_of(config: OpuConfig, features: int) -> Light:
    """Return the light levels: of the speckle for |T x|^2 = 1, and of the reference; raises ``PhysicsError``."""
    c, camera = config.camera, camera_of(config)
    brightest = _brightest(config, features)
    light = default_light(config.recovery.mode, camera, brightest)
    gain_e = light.gain_e if c.speckle is None else c.speckle * camera.full_well_e / brightest
    return Light(gain_e, c.reference * camera.full_well_e).exposed(c.exposure_s / c.nominal_exposure_s)


def _brightest(config: OpuConfig, features: int) -> int:
    """Return the lit features of the brightest pattern: all of them where one is the anchor."""
    if config.recovery.mode == "anchor" or config.camera.lit_max == "auto":
        return features
    return max(1, round(config.camera.lit_max * features))
