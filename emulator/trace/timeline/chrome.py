"""A timeline as Chrome trace-event JSON, which chrome://tracing and ui.perfetto.dev open; it is written in pieces.

The format is "Trace Event Format" (Google, 2016): complete events ("X"), counters ("C"), arrows ("s", "f") and
names ("M"). Its times are us, which viewers read as doubles; they are written with three decimals, exact to the ns.
A duration is cut where ``ts + dur`` would otherwise pass, in doubles, the ``ts`` of a slice that follows at once. A
process is a group of tracks, a thread one lane.
"""

import json
import math
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TextIO

from emulator.trace.timeline.clock import arrows_ns, floor_ns
from emulator.trace.timeline.tracks import Timeline

__all__ = ["write_chrome_trace"]

_GROUPS: Final = ("agents", "resources", "counters")
_LINES: Final = 8192


def write_chrome_trace(timeline: Timeline, out: TextIO) -> None:
    """Write ``timeline`` to ``out``; raises what ``out`` raises."""
    other = json.dumps(
        {"trace": timeline.title, "from_ps": timeline.window.from_ps, "to_ps": timeline.window.to_ps}
    )
    out.write(f'{{"displayTimeUnit":"ns","otherData":{other},"traceEvents":[\n')
    lines = _events(timeline)
    out.write(next(lines))
    while piece := list(islice(lines, _LINES)):
        out.write(",\n" + ",\n".join(piece))
    out.write("\n]}\n")


def _events(timeline: Timeline) -> Iterator[str]:
    yield from _names(timeline)
    yield from _slices(timeline)
    yield from _counters(timeline)
    yield from _arrows(timeline)


def _process(group: str) -> int:
    return 1 + _GROUPS.index(group)


def _threads(timeline: Timeline) -> list[str]:
    """Return the process and thread of each track, as they stand in an event."""
    return [
        f'"pid":{_process(track.group)},"tid":{number}'
        for number, track in enumerate(timeline.tracks, start=1)
    ]


def _names(timeline: Timeline) -> Iterator[str]:
    for rank, group in enumerate(_GROUPS):
        place = f'"pid":{_process(group)},"tid":0'
        yield from _label("process", place, f"{timeline.title} {group}", rank)
    for rank, (track, place) in enumerate(zip(timeline.tracks, _threads(timeline), strict=True)):
        yield from _label("thread", place, track.title, rank)


def _label(what: str, place: str, name: str, rank: int) -> Iterable[str]:
    yield f'{{"ph":"M",{place},"name":"{what}_name","args":{{"name":{json.dumps(name)}}}}}'
    yield f'{{"ph":"M",{place},"name":"{what}_sort_index","args":{{"sort_index":{rank}}}}}'


def _us(ns: int) -> str:
    return f"{ns // 1000}.{ns % 1000:03d}"


def _lasting_us(start_ns: int, end_ns: int) -> str:
    """Return the us from ``start_ns`` to ``end_ns`` so that their sum, in doubles, is not beyond the end."""
    text = _us(end_ns - start_ns)
    start, end, lasting = float(_us(start_ns)), float(_us(end_ns)), float(text)
    if start + lasting <= end:
        return text
    lasting = min(lasting, end - start)
    while start + lasting > end:
        lasting = math.nextafter(lasting, 0.0)
    return repr(lasting)


def _slices(timeline: Timeline) -> Iterator[str]:
    slices = timeline.slices
    places = _threads(timeline)
    names = [json.dumps(name) for name in timeline.names]
    kinds = ["command" if track.group == "agents" else "span" for track in timeline.tracks]
    columns = (
        slices.track, slices.name, floor_ns(slices.t_start), floor_ns(slices.t_end), slices.t_from, slices.t_to,
        slices.command,
    )  # fmt: skip
    for track, name, start, end, from_ps, to_ps, command in zip(*(c.tolist() for c in columns), strict=True):
        yield (
            f'{{"ph":"X",{places[track]},"ts":{_us(start)},"dur":{_lasting_us(start, end)},"name":{names[name]},'
            f'"cat":"{kinds[track]}","args":{{"command":{command},"start_ps":{from_ps},"end_ps":{to_ps}}}}}'
        )


def _counters(timeline: Timeline) -> Iterator[str]:
    place = f'"pid":{_process("counters")},"tid":0'
    for counter in timeline.counters:
        name, unit = json.dumps(counter.title), json.dumps(counter.unit)
        for ns, value in zip(floor_ns(counter.t).tolist(), counter.value.tolist(), strict=True):
            yield f'{{"ph":"C",{place},"ts":{_us(ns)},"name":{name},"args":{{{unit}:{value!r}}}}}'


def _arrows(timeline: Timeline) -> Iterator[str]:
    slices, flows = timeline.slices, timeline.flows
    places = _threads(timeline)
    times = arrows_ns(slices, flows)
    columns = (slices.track[flows.source], slices.track[flows.target], *times, flows.at_end)
    for number, row in enumerate(zip(*(column.tolist() for column in columns), strict=True), start=1):
        source, target, leaves, enters, at_end = row
        same = f'"id":{number},"name":"{"reply" if at_end else "effect"}","cat":"flow"'
        yield f'{{"ph":"s",{places[source]},"ts":{_us(leaves)},{same}}}'
        yield f'{{"ph":"f","bp":"e",{places[target]},"ts":{_us(enters)},{same}}}'
