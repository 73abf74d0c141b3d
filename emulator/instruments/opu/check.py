"""Whether a unit can be built and can show what it will be asked to: every refusal, without a medium or an image.

A run asks before it is built, and a re-timing of a recorded run asks the same of the machine that it supposes.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Stand
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.optics import light_of
from emulator.instruments.opu.timing import (
    OpuDesign,
    costs_of,
    frame_budget,
    frames_of,
    patterns_of,
    pipeline_timing,
    working_units,
)
from emulator.physics.opu.dmd import macro_pixels
from emulator.physics.opu.medium import check_store
from emulator.physics.opu.off_axis import off_axis

__all__ = ["SHOWN", "check", "least_s", "needed_values", "told", "whole_box"]

SHOWN: Final = "shown"
"""The state of a trace that tells which of ``VALUES`` the projected vectors needed."""

VALUES: Final = ("binary", "ternary", "any")
"""Kinds of values of a vector, each of which contains the one before."""

_SHOWS: Final = {"binary": 0, "ternary": 1, "bitplanes": 2}
"""The last of ``VALUES`` that an encoding can show."""

_WORDS: Final = {"ternary": "-1, 0 and 1", "any": "any size"}


def check(stand: Stand, host: HostConfig) -> None:
    """Raise ``ConfigError`` or ``PhysicsError`` for a unit that cannot be built, or not show what it is for."""
    config: OpuConfig = stand.config
    design: OpuDesign | None = stand.design
    if design is None:
        return
    dmd, medium = config.dmd, config.medium
    pipeline_timing(config, host, design)
    macro_pixels(design.features, dmd.rows, dmd.columns)
    light_of(config, design.features)
    mode, costs = config.recovery.mode, costs_of(config)
    group = config.recovery.anchor_group if mode == "anchor" else 1
    check_store(medium.store, design.features, design.outputs * group, medium.max_stored_bytes)
    if mode == "off_axis":
        off_axis(config.camera.columns // costs.pixels, costs.pixels)
    if VALUES.index(design.shows) > _SHOWS[dmd.encoding]:
        enough = [repr(name) for name, most in _SHOWS.items() if most >= VALUES.index(design.shows)]
        shown = "0 and 1" if dmd.encoding == "binary" else _WORDS["ternary"]
        linear = "" if mode != "intensity" else ", with another recovery.mode than 'intensity'"
        raise ConfigError(
            f"opu.dmd.encoding = {dmd.encoding!r} is refused: the vectors to be projected have entries of "
            f"{_WORDS[design.shows]}, and its patterns show {shown}; "
            f"allowed: {' or '.join(enough)}{linear}"
        )


def least_s(stand: Stand, host: HostConfig) -> float:
    """Return the least time of a vector in seconds: that of its frames in the slowest stage, if it has any."""
    config: OpuConfig = stand.config
    if stand.design is None or config.skip_zero:
        return 0.0
    return (
        frames_of(config, patterns_of(config, 1, 0), first=False)
        / frame_budget(config, host, stand.design).sustained_hz
        / working_units(config)
    )


def whole_box(old: OpuConfig, new: OpuConfig, kinds: frozenset[str]) -> Iterator[str]:
    """Yield that the box is taken to draw the same with other parts, whatever was recorded."""
    del kinds
    if old.power_w == new.power_w and _parts(old) != _parts(new):
        yield (f"opu.power_w = {new.power_w:g} W is that of the recorded box: set it with its DMD and camera")


def _parts(config: OpuConfig) -> tuple[int, ...]:
    dmd, camera = config.dmd, config.camera
    return dmd.rows, dmd.columns, camera.rows_max, camera.columns


def told(config: OpuConfig, states: Mapping[str, NDArray[Any]], design: OpuDesign | None) -> OpuDesign | None:
    """Return ``design`` with what the ``states`` of a trace say was shown; else all that the encoding can show."""
    if design is None:
        return None
    most = int(states[SHOWN][0]) if SHOWN in states else _SHOWS[config.dmd.encoding]
    return design._replace(shows=VALUES[most])


def needed_values(vectors: NDArray[np.float32], least: int) -> int:
    """Return the first of ``VALUES`` that holds every entry of ``vectors``, by its place, where above ``least``."""
    last = len(VALUES) - 1
    if least == last:
        return last
    if ((vectors != 0) & (np.abs(vectors) != 1)).any():
        return last
    return max(least, int((vectors < 0).any()))
