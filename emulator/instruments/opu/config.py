"""What can be configured about the optical processing unit; physics and the sources of numbers live elsewhere.

The defaults are the preset ``light_in_the_loop`` without its frame rate; sources stand in ``presets/opu``.
Upper limits are generous: they are there to catch a slip of units, not to judge a device.
"""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from emulator.config.models import (
    BitRate,
    Hertz,
    PositiveInt,
    PresetModel,
    Seconds,
    StrictModel,
    Watts,
    refusal,
)

__all__ = [
    "CameraConfig",
    "DmdConfig",
    "MediumConfig",
    "OpuConfig",
    "PcieConfig",
    "Rate",
    "RecoveryConfig",
]


class DmdConfig(StrictModel):
    """Describe the micromirror array and how a vector is written on it."""

    rows: Annotated[int, Field(ge=1, le=10_000)] = 912
    """Mirrors from top to bottom, 1..10000."""
    columns: Annotated[int, Field(ge=1, le=10_000)] = 1140
    """Mirrors from left to right, 1..10000."""
    encoding: Literal["binary", "ternary", "bitplanes"] = "ternary"
    """Values of a vector: 0 and 1; -1, 0 and 1, as two patterns; or any, as patterns of single bits."""
    precision: Annotated[int, Field(ge=1, le=16)] = 6
    """Bits of a magnitude, 1..16; used when ``encoding`` is ``bitplanes``."""
    load_s: Annotated[Seconds, Field(ge=0, le=1)] = 100e-6
    """Time from a pattern in memory to mirrors that stand, while the last one is shown, in seconds, [0, 1]."""
    memory_patterns: Annotated[int, Field(ge=1, le=1_000_000)] = 3000
    """Patterns that its memory holds, 1..1000000."""
    torn_probability: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of frames during which the mirrors move, [0, 1); such a frame is told by its identifiers and redone."""


class MediumConfig(StrictModel):
    """Describe how the transmission matrix of the scattering medium is kept."""

    store: Literal["dense", "streamed", "structured"] = "dense"
    """In memory; drawn anew for every projection, never stored; or a fast transform with the same statistics."""
    max_stored_bytes: Annotated[int, Field(ge=1, le=10**13)] = 2_000_000_000
    """Memory that the matrix may take, in bytes, 1..1e13."""


class Rate(StrictModel):
    """One row of a table of frame rates: what holds up to so many inputs and outputs."""

    inputs: PositiveInt
    """Mirrors, at most."""
    outputs: PositiveInt
    """Camera pixels, at most."""
    rate_hz: Annotated[Hertz, Field(gt=0, le=1e6)]
    """Frames per second, (0, 1e6]."""


class CameraConfig(StrictModel):
    """Describe the camera: geometry, times, and what it does to light."""

    rows_max: Annotated[int, Field(ge=1, le=100_000)] = 1088
    """Rows of the sensor, 1..100000."""
    columns: Annotated[int, Field(ge=1, le=100_000)] = 2040
    """Columns that are read, always all of them, 1..100000."""
    roi_rows: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Rows that are read; None is as many as the outputs need."""
    row_s: Annotated[Seconds, Field(ge=0, le=1)] = 2.6875e-6
    """Readout of one row, in seconds, [0, 1]."""
    overhead_rows: Annotated[int, Field(ge=0, le=10_000)] = 12
    """Rows whose time every readout takes in addition, 0..10000."""
    gap_s: Annotated[Seconds, Field(ge=0, le=1)] = 50e-6
    """Time that a frame lasts longer than exposure and readout, in seconds, [0, 1]."""
    exposure_s: Annotated[Seconds, Field(gt=0, le=10)] = 400e-6
    """Exposure, in seconds, (0, 10]."""
    frame_rate_hz: Annotated[Hertz, Field(gt=0, le=1e6)] | None = None
    """Beat of the frame clock, in hertz, (0, 1e6]; None is as fast as exposure, readout and DMD allow."""
    rate_limit_hz: Annotated[Hertz, Field(gt=0, le=1e6)] | None = None
    """Where ``frame_rate_hz`` is None, a limit of the electronics besides, in hertz; None is none."""
    rates: tuple[Rate, ...] = ()
    """Where ``frame_rate_hz`` is None, the maker's table of rates, fastest first; it overrides readout times."""
    full_well_e: Annotated[float, Field(ge=100, le=1e7)] = 10_000.0
    """Electrons at which a pixel saturates and the converter ends, [100, 1e7]."""
    bits: Annotated[int, Field(ge=1, le=8)] = 8
    """Resolution of the converter, in bits, 1..8."""
    read_noise_e: Annotated[float, Field(ge=0, le=1e6)] = 13.0
    """Read noise, in electrons, [0, 1e6]."""
    noise: bool = True
    """Whether shot noise, read noise, converter steps and saturation are there; without, light is read exactly."""
    reference: Annotated[float, Field(gt=0, le=10)] = 0.25
    """Reference beam at ``nominal_exposure_s``, as a share of the full well, (0, 10]; for modes that have one."""
    speckle: Annotated[float, Field(gt=0, le=10)] | None = None
    """Mean speckle of the brightest pattern at ``nominal_exposure_s``, as a share of the full well, (0, 10].

    None is the mode's own: 0.02 on a reference beam, 0.1 with an anchor, 0.05 for intensities."""
    nominal_exposure_s: Annotated[Seconds, Field(gt=0, le=10)] = 400e-6
    """Exposure at which ``reference`` and ``speckle`` are given, in seconds, (0, 10]."""
    lit_max: Annotated[float, Field(gt=0, le=1)] | Literal["auto"] = 1.0
    """Share of lit features of the brightest pattern, (0, 1]; more cut the exposure. All, with an anchor.

    "auto" takes that of every command's brightest pattern: the light is set by what is to be shown."""
    missed_probability: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of frames that the camera loses, [0, 1); the gap in their numbers shows it, and they are redone."""
    buffer_frames: Annotated[int, Field(ge=1, le=1_000_000)] = 16
    """Frames that wait in the camera for their transfer, 1..1000000; one too many is dropped."""


class PcieConfig(StrictModel):
    """Describe the connection of DMD and camera to the host."""

    rate_bit_per_s: Annotated[BitRate, Field(gt=0, le=1e15)] = 1.6e10
    """Throughput in each direction, in bit/s, (0, 1e15]."""
    latency_s: Annotated[Seconds, Field(ge=0, le=100)] = 1e-6
    """Delay of a frame on its way to the host, in seconds, [0, 100]."""
    buffer_frames: Annotated[int, Field(ge=1, le=1_000_000)] = 3000
    """Frames that wait in the host until it turns them into numbers, 1..1000000; one too many is dropped."""
    deadline_s: Annotated[Seconds, Field(gt=0, le=1000)] | None = None
    """Age at which a frame is too late to be used, in seconds, (0, 1000]; None is never."""


class RecoveryConfig(StrictModel):
    """Choose how a linear projection is recovered from intensities."""

    mode: Literal["off_axis", "phase_shifting", "anchor", "intensity"] = "off_axis"
    """Reference beam at an angle; in steps of phase; none, with an anchor pattern; or intensities as they are."""
    phase_steps: Annotated[int, Field(ge=3, le=64)] = 3
    """Frames of a pattern when ``mode`` is ``phase_shifting``, 3..64."""
    anchor_frames: Annotated[int, Field(ge=2, le=1000)] = 2
    """Frames of a pattern when ``mode`` is ``anchor``, 2..1000: two are read, others take time alone."""
    anchor_group: Annotated[int, Field(ge=1, le=1000)] = 4
    """Pixels of which the brightest serves an output when ``mode`` is ``anchor``, 1..1000."""


class OpuConfig(PresetModel):
    """Describe one optical processing unit: a preset from ``presets/opu``, overlaid by the keys that are given."""

    preset_kind: ClassVar[str] = "opu"

    fidelity: Literal["statistical", "field"] = "statistical"
    """Projection plus the noise that the optics have; or every camera image formed and demodulated."""
    dmd: DmdConfig = DmdConfig()
    """Input."""
    medium: MediumConfig = MediumConfig()
    """Random matrix."""
    camera: CameraConfig = CameraConfig()
    """Output."""
    recovery: RecoveryConfig = RecoveryConfig()
    """From intensities to projections."""
    pcie: PcieConfig = PcieConfig()
    """Way to the host."""
    acquisition: Literal["batch", "online"] = "batch"
    """Acquisitions of ``batch_patterns``, each set up anew; or one that stays open, a pattern after the other."""
    batch_patterns: Annotated[int, Field(ge=1, le=1_000_000)] = 3000
    """Patterns of one acquisition, 1..1000000; longer commands are split. Of no use when online."""
    acquisition_s: Annotated[Seconds, Field(ge=0, le=100)] = 0.0
    """Time to set up one acquisition, in seconds, [0, 100]; not paid when ``acquisition`` is online."""
    online_s: Annotated[Seconds, Field(ge=0, le=100)] = 4.6e-3
    """Time of the software for each pattern when ``acquisition`` is online, in seconds, [0, 100]."""
    format_s_per_byte: Annotated[Seconds, Field(ge=0, le=1)] = 0.0
    """Time in which the host makes mirrors of a byte, one feature of a pattern, before they are sent, [0, 1]."""
    retries: Annotated[int, Field(ge=0, le=1000)] = 5
    """How often frames that were lost are sent again, 0..1000."""
    skip_zero: bool = False
    """Whether vectors that are zero everywhere send no frame: their projection is known."""
    power_w: Annotated[Watts, Field(ge=0, le=1e6)] = 30.0
    """Power of the whole box while it is on, in watts, [0, 1e6]."""
    count: Annotated[int, Field(ge=1, le=1000)] = 1
    """Units, all alike, each with a link and a core that grabs of its own, 1..1000."""
    split: Literal["patterns", "outputs"] = "patterns"
    """What units share: the patterns of a command, as if all held one matrix; or the outputs of every pattern."""
    rated_inputs: PositiveInt = 1_039_680
    """Inputs for which ``lightloop presets`` states the rate."""
    rated_outputs: PositiveInt = 100_000
    """Outputs for which ``lightloop presets`` states the rate."""

    @model_validator(mode="after")
    def _intensities_are_not_linear(self) -> Self:
        if self.recovery.mode == "intensity" and self.dmd.encoding != "binary":
            raise refusal(
                "recovery.mode",
                f"intensities are not linear, so the patterns of {self.dmd.encoding!r} cannot be added up; "
                "allowed: dmd.encoding = 'binary', or another mode",
            )
        return self

    @model_validator(mode="after")
    def _exposure_fits_into_a_frame(self) -> Self:
        camera = self.camera
        if camera.frame_rate_hz is None:
            return self
        shown_us = 1e6 * (camera.exposure_s + camera.gap_s)
        needed_us, frame_us = max(shown_us, 1e6 * self.dmd.load_s), 1e6 / camera.frame_rate_hz
        if needed_us > frame_us * (1 + 1e-9):
            longest_s = max(0.0, 1 / camera.frame_rate_hz - camera.gap_s)
            raise refusal(
                "camera.frame_rate_hz",
                f"{camera.frame_rate_hz:g} Hz leaves {frame_us:.6g} us, but exposure and gap take {shown_us:.6g} "
                f"us and loading the DMD {1e6 * self.dmd.load_s:.6g} us; allowed: <= {1e6 / needed_us:.6g} Hz, or "
                f"camera.exposure_s <= {longest_s:.4g} s",
            )
        return self
