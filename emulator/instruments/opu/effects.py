"""What each parameter of the optical processing unit decides, for whoever re-times a run of it."""

from typing import Final

from emulator.instruments.effects import Effect

__all__ = ["EFFECTS"]

_T, _E, _P = Effect.TIMING, Effect.ENERGY, Effect.PHYSICS

EFFECTS: Final = {
    "design": Effect.CHOICES,
    "preset": Effect.NOTHING,
    "fidelity": _P,
    "medium": _P,
    "dmd.rows": _T,
    "dmd.columns": _T,
    "dmd.encoding": _T | _P,
    "dmd.precision": _T | _P,
    "dmd.load_s": _T,
    "dmd.memory_patterns": _T,
    "dmd.torn_probability": _T,  # frames lost for good are counted: see ``resend``
    "camera": _P,
    "camera.rows_max": _T,
    "camera.columns": _T | _P,
    "camera.row_s": _T,
    "camera.overhead_rows": _T,
    "camera.gap_s": _T,
    "camera.exposure_s": _T | _P,
    "camera.frame_rate_hz": _T,
    "camera.rate_limit_hz": _T,
    "camera.rates": _T,
    "camera.roi_rows": _T,
    "camera.missed_probability": _T,
    "camera.buffer_frames": _T,
    "pcie": _T,
    "recovery": _T | _P,
    "acquisition": _T,
    "batch_patterns": _T,
    "acquisition_s": _T,
    "online_s": _T,
    "format_s_per_byte": _T,
    "retries": _T,
    "skip_zero": _T | _P,  # a dark frame would have been noise
    "power_w": _E,
    "count": _T | _E,
    "split": _T,
    "rated_inputs": Effect.NOTHING,
    "rated_outputs": Effect.NOTHING,
}
"""By dotted path below the section; of several prefixes that fit, the longest holds."""
