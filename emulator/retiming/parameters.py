"""What each parameter decides: times, energies, readings, or what the controller asks for; it changes none.

The table is by dotted path; of several prefixes that fit, the longest holds. What stands in no row would be kept
in silence, so a test asks that every parameter of every section is found here.
"""

from enum import Flag, auto
from typing import Final

__all__ = ["Effect", "effect_of"]


class Effect(Flag):
    """Say what a parameter decides."""

    NOTHING = 0
    TIMING = auto()
    ENERGY = auto()
    PHYSICS = auto()
    """What the instruments would have read; a re-timing keeps the recorded readings."""
    CHOICES = auto()
    """Which commands there are; a re-timing would be of another run, and is refused."""
    LIMIT = auto()
    """When a run stops."""


_T, _E, _P = Effect.TIMING, Effect.ENERGY, Effect.PHYSICS

_EFFECTS: Final[dict[str, Effect]] = {
    "title": Effect.NOTHING,
    "trace": Effect.NOTHING,
    "clock": Effect.NOTHING,
    "evaluation": Effect.NOTHING,
    "seed": Effect.CHOICES,
    "task": Effect.CHOICES,
    "controller": Effect.CHOICES,
    "deployment": Effect.CHOICES,
    "agents": Effect.CHOICES,
    "budget": Effect.LIMIT,
    # chip
    "chip.preset": Effect.NOTHING,
    "chip.activation_clip": _P,
    "chip.heaters": _P,
    "chip.heaters.p_pi_w": _E,
    "chip.heaters.settle_s": _T,  # and physics, where heaters are dynamic: see ``cautions``
    "chip.mesh": _P,
    "chip.dac": _P,
    "chip.dac.update_s": _T,
    "chip.dac.power_w": _E,
    "chip.link": _T,
    "chip.inputs.wavelengths": _T | _P,  # more wavelengths share one laser
    "chip.inputs.symbol_rate_hz": _T,
    "chip.inputs.bits": _P,
    "chip.inputs.power_w": _E,
    "chip.receiver": _P,
    "chip.receiver.averages": _T | _P,
    "chip.receiver.detection_s": _T,
    "chip.receiver.adc_s": _T,
    "chip.receiver.power_w": _E,
    "chip.laser.power_w": _E | _P,
    "chip.laser.wall_plug_efficiency": _E,
    "chip.laser.oscillator_fraction": _P,
    # host
    "host.preset": Effect.NOTHING,
    "host.overhead_s": _T,
    "host.idle_power_w": _E,
    "host.active_power_w": _E,
    "host.frame_power_w": _E,
    "host.flops_per_s": _T,
    "host.bytes_per_s": _T,
    "host.launch_s": _T,
    # optical processing unit
    "opu_design": Effect.CHOICES,
    "opu.preset": Effect.NOTHING,
    "opu.fidelity": _P,
    "opu.medium": _P,
    "opu.dmd.rows": _T,
    "opu.dmd.columns": _T,
    "opu.dmd.encoding": _T | _P,
    "opu.dmd.precision": _T | _P,
    "opu.dmd.load_s": _T,
    "opu.dmd.memory_patterns": _T,
    "opu.dmd.torn_probability": _T,  # frames lost for good are counted: see ``cautions``
    "opu.camera": _P,
    "opu.camera.rows_max": _T,
    "opu.camera.columns": _T | _P,
    "opu.camera.row_s": _T,
    "opu.camera.overhead_rows": _T,
    "opu.camera.gap_s": _T,
    "opu.camera.exposure_s": _T | _P,
    "opu.camera.frame_rate_hz": _T,
    "opu.camera.rate_limit_hz": _T,
    "opu.camera.rates": _T,
    "opu.camera.roi_rows": _T,
    "opu.camera.missed_probability": _T,
    "opu.camera.buffer_frames": _T,
    "opu.pcie": _T,
    "opu.recovery": _T | _P,
    "opu.batch_patterns": _T,
    "opu.acquisition_s": _T,
    "opu.retries": _T,
    "opu.skip_zero": _T | _P,  # a dark frame would have been noise
    "opu.power_w": _E,
    "opu.rated_inputs": Effect.NOTHING,
    "opu.rated_outputs": Effect.NOTHING,
}


def effect_of(path: str) -> Effect:
    """Return what the parameter at the dotted ``path`` decides; what is in no row might decide anything."""
    prefix = path
    while prefix:
        if prefix in _EFFECTS:
            return _EFFECTS[prefix]
        prefix = prefix.rpartition(".")[0]
    return Effect.TIMING | Effect.ENERGY | Effect.PHYSICS | Effect.LIMIT
