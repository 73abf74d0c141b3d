"""An array that remembers the exposure it came from, as lightonml's results do; emulated seconds, not dates."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from emulator.adapters.session import Exchange, OpuSession
from emulator.physics.opu.dmd import macro_pixels

__all__ = ["ContextArray", "ProjectionContext", "context_of"]

Region = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class ProjectionContext:
    """Tell how a result was obtained, and what it cost."""

    exposure_us: float
    """Exposure of a frame with no more ones than the exposure is made for, in microseconds."""
    frametime_us: float
    """Period of the frames, in microseconds."""
    output_roi: Region
    """Camera's region of interest, in pixels: offset (x, y) and size (width, height)."""
    input_roi: Region
    """Region of the mirrors that shows the input: offset and size, both (row, column)."""
    n_ones: int | None
    """Mirrors that are on, mean over the patterns; None where a vector takes several patterns."""
    gain_dB: float  # noqa: N815  (lightonml's name)
    """Gain of the camera, in decibels: always 0."""
    start: float
    """Emulated time at which the call began, in seconds on the OPU's own clock."""
    end: float
    """Emulated time at which the last number was there, in seconds."""
    fmt_type: str
    """How features lie on the mirrors: ``macro_1d``, neighbours in raster order."""
    fmt_factor: int
    """Mirrors of a feature."""
    frames: int
    """Frames that were sent, those that were sent again included."""
    saturated: int
    """Camera pixels at the top of their range; 0 is all that fidelity ``statistical`` knows of linear modes."""
    elapsed_s: float
    """Emulated seconds that the call took."""
    energy_j: float
    """Joules that unit and host drew meanwhile."""


class ContextArray(np.ndarray[Any, np.dtype[Any]]):
    """Hold a result with its ``context``, which views, copies and pickles keep."""

    context: ProjectionContext | None

    def __new__(cls, values: NDArray[Any], context: ProjectionContext) -> Self:
        """Return a view of ``values`` that carries ``context``."""
        array = np.asarray(values).view(cls)
        array.context = context
        return array

    def __array_finalize__(self, source: NDArray[Any] | None) -> None:
        """Take over the context of the array that this one is made from."""
        self.context = getattr(source, "context", None)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return NumPy's own recipe with the context beside its state."""
        recipe: Any = super().__reduce__()  # its stub also allows a string
        make, arguments, state = recipe
        return make, arguments, (state, self.context)

    def __setstate__(self, state: tuple[Any, ProjectionContext | None], /) -> None:  # type: ignore[override]
        """Restore array and context."""
        inner, self.context = state
        super().__setstate__(inner)


def context_of(
    session: OpuSession, exchange: Exchange, start_s: float, ones: float | None
) -> ProjectionContext:
    """Return the context of ``exchange``, which began at ``start_s``; ``ones`` are the features lit, on average."""
    config, budget = session.config, session.budget
    layout = macro_pixels(session.design.features, config.dmd.rows, config.dmd.columns)
    return ProjectionContext(
        exposure_us=1e6 * config.camera.exposure_s,
        frametime_us=1e6 * budget.beat_s,
        output_roi=((0, (config.camera.rows_max - budget.rows) // 2), (config.camera.columns, budget.rows)),
        input_roi=((0, 0), (layout.rows, layout.columns)),
        n_ones=None if ones is None else round(ones * layout.mirrors),
        gain_dB=0.0,
        start=start_s,
        end=start_s + exchange.elapsed_s,
        fmt_type="macro_1d",
        fmt_factor=layout.mirrors,
        frames=exchange.frames.sent,
        saturated=exchange.saturated,
        elapsed_s=exchange.elapsed_s,
        energy_j=exchange.energy_j,
    )
