"""Timelines as files for trace viewers: the suffix of a path chooses the format."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emulator.errors import ConfigError, nearest
from emulator.trace.open import open_trace
from emulator.trace.timeline.chrome import write_chrome_trace
from emulator.trace.timeline.perfetto import write_perfetto_trace
from emulator.trace.timeline.tracks import Timeline, timeline
from emulator.units import format_si, ps_to_s
from experiments.output.files import check_new, new_file
from experiments.output.fragment import fragment_note

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
    note: str = ""
    """Of which part of a run it is, where that is not a whole one."""

    def __str__(self) -> str:
        """Return one line for people."""
        return (
            f"timeline {self.path}: {self.form}, {format_si(self.from_s, 's')} to {format_si(self.to_s, 's')}, "
            f"{self.slices:,} slices on {self.tracks} tracks, {self.counters} counters, {self.arrows:,} arrows; "
            f"{self.note and f'{self.note}; '}open it at ui.perfetto.dev"
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
    on an unknown suffix, a window that shows nothing or too much, without the package that the format needs, and
    when ``out`` is there already or cannot be written; ``TraceError`` for a trace damaged or without commands.
    """
    suffix = out.suffix.lower()
    if suffix not in _FORMS:
        hint = nearest(suffix, _FORMS)
        raise ConfigError(
            f"{out}: {suffix!r} is no timeline format; allowed: {', '.join(_FORMS)}{hint and f'; {hint}'}"
        )
    check_new(out, force, [trace])
    form, write = _FORMS[suffix]
    with open_trace(trace) as opened:
        found = timeline(opened, from_s, to_s)
        note = fragment_note(opened.status, opened.elapsed_s)
    with new_file(out, force, [trace]) as part:
        write(found, part)
        size = part.stat().st_size
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
        note=note,
    )
