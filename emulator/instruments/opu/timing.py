"""What a frame of the optical processing unit takes, stage by stage, and which stage binds; no state, no physics.

The unit runs with these durations, and a re-timing of a recorded run asks for them again under other parameters.
"""

import math
from typing import NamedTuple

from emulator.errors import ConfigError
from emulator.instruments.host.config import HostConfig
from emulator.instruments.host.host import compute_s
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.pipeline import PipelineTiming
from emulator.physics.opu.camera import Camera, check_frame_rate, readout_s, roi_rows
from emulator.physics.opu.dmd import frame_bytes, load_time_s
from emulator.physics.opu.holography import ModeCosts, mode_costs, patterns_per_vector
from emulator.units import s_to_ps

__all__ = [
    "FrameBudget",
    "OpuDesign",
    "camera_of",
    "costs_of",
    "frame_budget",
    "frames_of",
    "patterns_of",
    "pipeline_timing",
    "unit_outputs",
    "working_units",
]

_BITS = 8  # of a byte
_OVERSAMPLING = 4  # camera columns a mode off axis: the smallest that keeps the spectra apart
_FFT_FLOPS = 5.0  # operations of a complex transform of n points, over n log2 n
_SINGLE_BYTES = 4


class OpuDesign(NamedTuple):
    """Say what the unit is to project: vectors of ``features`` onto ``outputs`` numbers.

    ``shows`` is what entries they have: "binary" is 0 and 1, "ternary" also -1, "any" whatever there is.
    """

    features: int
    outputs: int
    shows: str = "binary"


class FrameBudget(NamedTuple):
    """Hold the seconds that each stage needs for a frame, and the region of interest; the slowest stage binds."""

    clock_s: float
    """A rate that was asked for, or the maker's limit; 0 is none."""
    exposure_s: float
    readout_s: float
    load_s: float
    upload_s: float
    transfer_s: float
    grab_s: float
    rows: int
    pixels: int

    @property
    def beat_s(self) -> float:
        """Return the period of the frame clock."""
        return max(self.clock_s, self.exposure_s, self.readout_s, self.load_s)

    @property
    def rate_hz(self) -> float:
        """Return the frames per second of the frame clock."""
        return 1.0 / self.beat_s

    @property
    def binds(self) -> str:
        """Return the name of the slowest stage; of equals, the first."""
        seconds = self[:7]
        return self._fields[seconds.index(max(seconds))].removesuffix("_s")

    @property
    def sustained_hz(self) -> float:
        """Return the frames per second that all stages can keep up with."""
        return 1.0 / max(self[:7])


def camera_of(config: OpuConfig) -> Camera:
    """Return the parameters of the camera as its physics wants them."""
    c = config.camera
    return Camera(
        rows_max=c.rows_max,
        columns=c.columns,
        row_s=c.row_s,
        overhead_rows=c.overhead_rows,
        gap_s=c.gap_s,
        exposure_s=c.exposure_s,
        full_well_e=c.full_well_e,
        bits=c.bits,
        read_noise_e=c.read_noise_e,
    )


def costs_of(config: OpuConfig) -> ModeCosts:
    """Return what the configured recovery spends: frames a pattern, pixels an output."""
    recovery = config.recovery
    return mode_costs(
        recovery.mode, recovery.phase_steps, _OVERSAMPLING, recovery.anchor_group, recovery.anchor_frames
    )


def patterns_of(config: OpuConfig, vectors: int, dark: int) -> int:
    """Return the patterns of ``vectors``, of which ``dark`` have no entry but 0."""
    shown = vectors - dark if config.skip_zero else vectors
    return shown * patterns_per_vector(config.dmd.encoding, config.dmd.precision)


def frames_of(config: OpuConfig, patterns: int, first: bool) -> int:
    """Return the frames of ``patterns``; the ``first`` ones bring the mode's setup frames with them."""
    costs = costs_of(config)
    return patterns * costs.frames + (costs.setup_frames if first and patterns else 0)


def unit_outputs(config: OpuConfig, outputs: int) -> int:
    """Return how many of ``outputs`` one unit reads: all, unless units share them."""
    return -(-outputs // config.count) if config.split == "outputs" else outputs


def working_units(config: OpuConfig) -> int:
    """Return how many units show patterns of their own: one where all show the same."""
    return config.count if config.split == "patterns" else 1


def frame_budget(config: OpuConfig, host: HostConfig, design: OpuDesign) -> FrameBudget:
    """Return what a frame takes, for a unit that projects its share of ``design``.

    Raises ``ConfigError`` or ``PhysicsError`` when the region of interest cannot hold the outputs, or exposure or
    readout forbid the frame rate that was asked for; it says what would do.
    """
    camera, costs = camera_of(config), costs_of(config)
    pixels = unit_outputs(config, design.outputs) * costs.pixels
    rows = _rows(config, pixels)
    clock_s, read_s = 0.0, readout_s(rows, camera) + camera.gap_s
    asked = config.camera.frame_rate_hz
    if asked is not None:
        check_frame_rate(asked, rows, camera)
        clock_s = 1.0 / asked
    elif config.camera.rates:
        clock_s, read_s = 1.0 / _listed_rate(config, design.features, pixels), 0.0
    elif config.camera.rate_limit_hz is not None:
        clock_s = 1.0 / config.camera.rate_limit_hz
    bytes_per_s = config.pcie.rate_bit_per_s / _BITS
    image_bytes = rows * camera.columns
    flops, moved = _grab_work(config, rows)
    return FrameBudget(
        clock_s=clock_s,
        exposure_s=camera.exposure_s + camera.gap_s,
        readout_s=read_s,
        load_s=config.dmd.load_s,
        upload_s=load_time_s(frame_bytes(config.dmd.rows, config.dmd.columns), bytes_per_s),
        transfer_s=image_bytes / bytes_per_s,
        grab_s=compute_s(host, flops, moved),
        rows=rows,
        pixels=pixels,
    )


def pipeline_timing(config: OpuConfig, host: HostConfig, design: OpuDesign) -> PipelineTiming:
    """Return the durations of the pipeline's stages and the sizes of its buffers."""
    budget, camera = frame_budget(config, host, design), camera_of(config)
    asked = config.camera.frame_rate_hz
    deadline_s = config.pcie.deadline_s
    return PipelineTiming(
        upload_ps=s_to_ps(budget.upload_s),
        load_ps=s_to_ps(budget.load_s),
        rate_hz=budget.rate_hz if asked is None else asked,
        exposure_ps=s_to_ps(camera.exposure_s),
        readout_ps=s_to_ps(min(readout_s(budget.rows, camera), budget.beat_s)),
        transfer_ps=s_to_ps(budget.transfer_s),
        latency_ps=s_to_ps(config.pcie.latency_s),
        grab_ps=s_to_ps(budget.grab_s),
        deadline_ps=0 if deadline_s is None else s_to_ps(deadline_s),
        memory_patterns=config.dmd.memory_patterns,
        camera_frames=config.camera.buffer_frames,
        host_frames=config.pcie.buffer_frames,
    )


def _rows(config: OpuConfig, pixels: int) -> int:
    """Return the rows that are read; an off-axis row holds whole modes only."""
    camera = camera_of(config)
    per_row = camera.columns
    if config.recovery.mode == "off_axis":
        if per_row < _OVERSAMPLING:
            raise ConfigError(
                f"opu.camera.columns = {per_row}: a mode off axis takes {_OVERSAMPLING} columns of one row; "
                f"allowed: {_OVERSAMPLING} or more, or another recovery.mode"
            )
        per_row -= per_row % _OVERSAMPLING
    needed = roi_rows(-(-pixels // per_row) * camera.columns, camera)
    chosen = config.camera.roi_rows
    if chosen is None:
        return needed
    if not needed <= chosen <= camera.rows_max:
        raise ConfigError(
            f"opu.camera.roi_rows = {chosen}: the outputs need {pixels} pixels, which are {needed} rows of "
            f"{per_row}, and the sensor has {camera.rows_max}; allowed: {needed}..{camera.rows_max}"
        )
    return chosen


def _listed_rate(config: OpuConfig, inputs: int, pixels: int) -> float:
    for rate in config.camera.rates:
        if inputs <= rate.inputs and pixels <= rate.outputs:
            return rate.rate_hz
    last = config.camera.rates[-1]
    raise ConfigError(
        f"opu.camera.rates: no rate is listed for {inputs} inputs and {pixels} pixels; allowed: up to "
        f"{last.inputs} inputs and {last.outputs} pixels"
    )


def _grab_work(config: OpuConfig, rows: int) -> tuple[float, float]:
    """Return operations and bytes of turning one frame of ``rows`` into numbers, in single precision.

    Off axis: a real transform of each row, half a complex one, and the inverse of the sideband; else a
    multiplication and an addition a pixel, complex when phases are stepped.
    """
    columns, mode = config.camera.columns, config.recovery.mode
    pixels = rows * columns
    moved = pixels * (1.0 + 2.0 * _SINGLE_BYTES)
    if mode == "off_axis":
        modes = columns // _OVERSAMPLING
        transform = _FFT_FLOPS / 2.0 * columns * math.log2(columns)
        inverse = _FFT_FLOPS * modes * math.log2(max(2, modes))
        return rows * (transform + inverse), moved
    if mode == "intensity":
        return 0.0, float(pixels)
    return pixels * (4.0 if mode == "phase_shifting" else 2.0), moved
