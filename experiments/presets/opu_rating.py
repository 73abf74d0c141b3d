"""What a preset of the optical processing unit can do at its rated size, from the timing the unit runs with.

Nothing here is a measured rate: acquisitions, latency and lost frames are ``lightloop paper latency``'s matter.
"""

from typing import NamedTuple

from emulator.config.models import build
from emulator.instruments.host.config import HostConfig
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import OpuDesign, costs_of, frame_budget
from emulator.physics.opu.holography import patterns_per_vector

__all__ = ["OpuRating", "opu_preset", "rate_opu"]

_TERA = 1e12


class OpuRating(NamedTuple):
    """Hold what one unit does at its rated number of inputs and outputs."""

    inputs: int
    outputs: int
    rows: int
    """Camera rows that the outputs take."""
    rate_hz: float
    """Frames per second of the frame clock."""
    binds: str
    """The slowest stage of a frame, with the host at hand."""
    sustained_hz: float
    """Frames per second that all stages, the host's included, keep up with."""
    frames: int
    """Frames of one projection, by encoding and mode."""
    power_w: float
    limit_hz: float | None
    """The maker's limit of the frame rate, where there is one."""

    @property
    def projections_hz(self) -> float:
        """Return the vectors that are projected in a second."""
        return self.sustained_hz / self.frames

    @property
    def tera_ops(self) -> float:
        """Return 2 * inputs * outputs * frames/s in 1e12/s: a product and a sum for each entry of the matrix."""
        return self.tera_ops_at(self.rate_hz)

    @property
    def energy_j(self) -> float:
        """Return what the box draws for one projection, in joules; the host is not in it."""
        return self.power_w / self.projections_hz

    def tera_ops_at(self, rate_hz: float) -> float:
        """Return the operations of ``rate_hz`` frames per second, in 1e12/s."""
        return 2 * self.inputs * self.outputs * rate_hz / _TERA


def opu_preset(name: str) -> OpuConfig:
    """Return the preset ``name`` of ``presets/opu``; raises ``ConfigError`` when there is none."""
    return build(OpuConfig, {"preset": name}, f"preset opu/{name}")


def rate_opu(config: OpuConfig, host: HostConfig) -> OpuRating:
    """Return the rating of ``config`` at its rated inputs and outputs, its frames being grabbed by ``host``.

    Raises ``ConfigError`` or ``PhysicsError`` when the camera cannot hold the outputs or keep a rate asked for.
    """
    design = OpuDesign(config.rated_inputs, config.rated_outputs)
    budget = frame_budget(config, host, design)
    dmd = config.dmd
    return OpuRating(
        inputs=design.features,
        outputs=design.outputs,
        rows=budget.rows,
        rate_hz=budget.rate_hz,
        binds=budget.binds,
        sustained_hz=budget.sustained_hz,
        frames=patterns_per_vector(dmd.encoding, dmd.precision) * costs_of(config).frames,
        power_w=config.power_w,
        limit_hz=config.camera.rate_limit_hz,
    )
