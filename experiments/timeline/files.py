"""Timelines as files for trace viewers: the suffix of a path chooses the format."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emulator.errors import ConfigError, TraceError, nearest
from emulator.trace.reading.reader import open_trace
from emulator.trace.timeline.chrome import write_chrome_trace
from emulator.trace.timeline.perfetto import write_perfetto_trace
from emulator.trace.timeline.tracks import Timeline, timeline
from emulator.units import format_si, ps_to_s

__all__ = ["TimelineFile", "write_timeline"]


@dataclass(frozen=True, slots=True)
class TimelineFile:
    """Say what was written."""

    path: str
    form: str
    from_s: float
    to_s: float
    tracks: int
    slices: int
    counters: int
    arrows: int
    bytes: int

    def __str__(self) -> str:
        """Return one line for people."""
        return (
            f"timeline {self.path}: {self.form}, {format_si(self.from_s, 's')} to {format_si(self.to_s, 's')}, "
            f"{self.slices:,} slices on {self.tracks} tracks, {self.counters} counters, {self.arrows:,} arrows; "
            "open it at ui.perfetto.dev"
        )


def _write_chrome(found: Timeline, path: Path) -> None:
    with path.open("w", encoding="utf-8") as out:
        write_chrome_trace(found, out)


def _write_perfetto(found: Timeline, path: Path) -> None:
    with path.open("wb") as out:
        write_perfetto_trace(found, out)


_FORMS: Final[dict[str, tuple[str, Callable[[Timeline, Path], None]]]] = {
    ".json": ("Chrome trace-event JSON", _write_chrome),
    ".perfetto-trace": ("Perfetto protobuf", _write_perfetto),
    ".pftrace": ("Perfetto protobuf", _write_perfetto),
}


def write_timeline(
    trace: Path, out: Path, from_s: float | None = None, to_s: float | None = None, force: bool = False
) -> TimelineFile:
    """Write the timeline of ``trace`` between two instants in s (None: beginning, end) to ``out``.

    An existing file is replaced only with ``force``, and only once the new one is complete. Raises ``ConfigError``
    on an unknown suffix, a window that shows nothing or too much, or without the package that the format needs;
    ``TraceError`` when ``out`` is there already or cannot be written, or when the trace is damaged or holds no
    commands.
    """
    suffix = out.suffix.lower()
    if suffix not in _FORMS:
        hint = nearest(suffix, _FORMS)
        raise ConfigError(
            f"{out}: {suffix!r} is no timeline format; allowed: {', '.join(_FORMS)}{hint and f'; {hint}'}"
        )
    if os.path.lexists(out) and not force:
        raise TraceError(f"{out}: a file lies here already; choose another path or add --force")
    form, write = _FORMS[suffix]
    with open_trace(trace) as opened:
        found = timeline(opened, from_s, to_s)
    part = out.with_name(f"{out.name}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            write(found, part)
            size = part.stat().st_size
            part.replace(out)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise TraceError(f"{out}: the timeline cannot be written: {error.strerror}") from error
    window = found.window
    return TimelineFile(
        path=str(out),
        form=form,
        from_s=ps_to_s(window.from_ps),
        to_s=ps_to_s(window.to_ps),
        tracks=len(found.tracks),
        slices=len(found.slices.track),
        counters=len(found.counters),
        arrows=len(found.flows.source),
        bytes=size,
    )
