"""A trace as tracks, slices, counters and arrows, for trace viewers; files are written elsewhere.

Every agent has a track of its commands, and every resource one of its spans. Slices of one track that overlap lie
in lanes, as few as there can be, so that within a lane they never overlap. Instants are whole ps and exact; what is
outside the window is cut off, and only then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.trace.analysis.causality import binding_causes, check_times
from emulator.trace.analysis.excerpt import commands_at, spans_at, spans_of
from emulator.trace.reading.reader import Trace
from emulator.trace.schema import Spans
from emulator.trace.timeline.counters import Counter, counters
from emulator.trace.timeline.window import Window, check_slices, fit_window

__all__ = ["Flows", "Slices", "Timeline", "Track", "colour_lanes", "timeline"]

Group = Literal["agents", "resources"]


class Track(NamedTuple):
    """Name one lane; lane 0 is the first of the agent's or resource's."""

    group: Group
    name: str
    lane: int

    @property
    def title(self) -> str:
        """Return what a viewer shows: the name, and the number of a further lane."""
        return self.name if self.lane == 0 else f"{self.name} ({self.lane + 1})"


@dataclass(frozen=True, eq=False)
class Slices:
    """One row a slice, sorted by track and then by time: ``name`` indexes the names, times are in ps.

    ``t_start`` and ``t_end`` are cut to the window; ``t_from`` and ``t_to`` are not. ``command`` is a row of
    ``/commands``: the one shown, or the one served.
    """

    track: NDArray[np.int64]
    name: NDArray[np.int64]
    t_start: NDArray[np.int64]
    t_end: NDArray[np.int64]
    t_from: NDArray[np.int64]
    t_to: NDArray[np.int64]
    command: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Flows:
    """One row an arrow between two slices: from a command to its effect, or to the command its reply led to.

    ``at_end`` tells whether it leaves the ``source`` at its end or at its start; it enters the ``target`` at its
    start. Source and target are rows of ``Slices``.
    """

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    at_end: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Timeline:
    """Hold what a viewer shows of ``window``; ``title`` names the trace."""

    title: str
    window: Window
    tracks: tuple[Track, ...]
    names: tuple[str, ...]
    slices: Slices
    counters: tuple[Counter, ...]
    flows: Flows


class _Strip(NamedTuple):
    """Hold the slices of one agent or resource before they have lanes."""

    group: Group
    name: str
    label: NDArray[np.int64]
    t_start: NDArray[np.int64]
    t_end: NDArray[np.int64]
    command: NDArray[np.int64]


def timeline(trace: Trace, from_s: float | None = None, to_s: float | None = None) -> Timeline:
    """Return the timeline of ``trace`` between two instants in s (None: its beginning, its end).

    Raises ``ConfigError`` when the window is empty or inverted, or holds more slices than a viewer can show,
    and ``TraceError`` when the trace holds no commands or their times contradict each other.
    """
    if trace.detail == "summary":
        raise TraceError(
            f"{trace.path}: a trace of detail 'summary' holds nothing to show on a timeline; record with "
            "trace.detail = 'commands' or 'full'"
        )
    check_times(trace)
    binding = binding_causes(trace.commands, trace.joins)
    window = fit_window(trace, from_s, to_s)
    rows = np.flatnonzero(window.shows(trace.commands.t_issued, trace.commands.t_done))
    spans = spans_of(trace, rows)
    t_first = _first_starts(spans, len(binding))
    spans = spans_at(spans, np.flatnonzero(window.shows(spans.t_start, spans.t_end)))
    check_slices(trace, window, np.concatenate((trace.commands.t_issued[rows], spans.t_start)))
    names = _Names(trace)
    strips = [*_agents(trace, rows), *_resources(trace, spans, names)]
    tracks, slices = _laid_out(strips, window)
    flows = _flows(tracks, slices, t_first, binding)
    return Timeline(trace.path.name, window, tracks, names.texts, slices, counters(trace, window), flows)


class _Names:
    """The texts that slices carry: the kinds of commands, then the activities."""

    def __init__(self, trace: Trace) -> None:
        self.kinds = trace.labels("commands.kind")
        self.activities = trace.labels("spans.activity")
        self.texts = (*self.kinds, *self.activities)


def _agents(trace: Trace, rows: NDArray[np.int64]) -> list[_Strip]:
    strips = []
    commands = commands_at(trace.commands, rows)
    for number, agent in enumerate(trace.labels("commands.agent")):
        mine = np.flatnonzero(commands.agent == number)
        if len(mine):
            label = commands.kind[mine].astype(np.int64)
            strips.append(
                _Strip("agents", agent, label, commands.t_issued[mine], commands.t_done[mine], rows[mine])
            )
    return strips


def _resources(trace: Trace, spans: Spans, names: _Names) -> list[_Strip]:
    strips = []
    for number, resource in enumerate(trace.labels("spans.resource")):
        mine = spans_at(spans, np.flatnonzero(spans.resource == number))
        if len(mine.command):
            label = mine.activity.astype(np.int64) + len(names.kinds)
            strips.append(_Strip("resources", resource, label, mine.t_start, mine.t_end, mine.command))
    return strips


def colour_lanes(t_start: NDArray[np.int64], t_end: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the lane of each interval, so that within a lane none overlap; lanes are as few as there can be.

    The intervals (ps) come sorted by start and then by end. One that begins when another ends does not overlap
    it; an empty one overlaps those that it lies inside of. Of the free lanes the lowest is taken.
    """
    lanes = np.zeros(len(t_start), dtype=np.int64)
    if np.all(t_start[1:] >= np.maximum.accumulate(t_end)[:-1]):
        return lanes
    free: list[int] = []
    busy: list[tuple[int, int]] = []  # end, lane
    for row, (start, end) in enumerate(zip(t_start.tolist(), t_end.tolist(), strict=True)):
        while busy and busy[0][0] <= start:
            heappush(free, heappop(busy)[1])
        lane = heappop(free) if free else len(busy)
        lanes[row] = lane
        heappush(busy, (end, lane))
    return lanes


def _laid_out(strips: Sequence[_Strip], window: Window) -> tuple[tuple[Track, ...], Slices]:
    tracks: list[Track] = []
    parts = [[np.empty(0, dtype=np.int64)] * 7]
    for strip in strips:
        order = np.lexsort((strip.t_end, strip.t_start))
        lane = colour_lanes(strip.t_start[order], strip.t_end[order])
        by_lane = np.argsort(lane, kind="stable")
        order, lane = order[by_lane], lane[by_lane]
        label, t_from, t_to, command = (column[order] for column in strip[2:])
        cut = (t_from.clip(window.from_ps, window.to_ps), t_to.clip(window.from_ps, window.to_ps))
        parts.append([lane + len(tracks), label, *cut, t_from, t_to, command])
        tracks += [Track(strip.group, strip.name, number) for number in range(int(lane[-1]) + 1)]
    return tuple(tracks), Slices(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _first_starts(spans: Spans, commands: int) -> NDArray[np.int64]:
    """Return when the first of each command's ``spans`` starts; -1 where there is none."""
    t_first = np.full(commands, -1, dtype=np.int64)
    t_first[spans.command[::-1]] = spans.t_start[::-1]  # sorted by start: the first is written last
    return t_first


def _flows(
    tracks: Sequence[Track],
    slices: Slices,
    t_first: NDArray[np.int64],
    binding: NDArray[np.int64],
) -> Flows:
    of_agent = np.array([track.group == "agents" for track in tracks], dtype=np.bool_)[slices.track]
    own = np.full(len(binding), -1, dtype=np.int64)
    own[slices.command[of_agent]] = np.flatnonzero(of_agent)
    first = np.flatnonzero(~of_agent & (slices.t_from == t_first[slices.command]))[::-1]
    effect = np.full(len(binding), -1, dtype=np.int64)
    effect[slices.command[first]] = first
    served = np.flatnonzero((own >= 0) & (effect >= 0))
    caused = np.flatnonzero((own >= 0) & (binding >= 0))
    caused = caused[own[binding[caused]] >= 0]
    return Flows(
        np.concatenate((own[served], own[binding[caused]])),
        np.concatenate((effect[served], own[caused])),
        np.repeat([False, True], (len(served), len(caused))),
    )
