"""A timeline as a Perfetto trace (protobuf), which ui.perfetto.dev opens; it is written in pieces.

The messages are those of Perfetto's ``protos/perfetto/trace``: a ``TrackDescriptor`` for each track, below one for
its group; ``TrackEvent`` packets for the beginnings and ends of slices and for the samples of counters; arrows are
flow ids that two beginnings share. Texts are interned. Times are whole ns, exact ps go along as annotations.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError
from emulator.trace.timeline.clock import floor_ns
from emulator.trace.timeline.tracks import Timeline

__all__ = ["write_perfetto_trace"]

_GROUPS: Final = ("agents", "resources", "counters")
_SEQUENCE: Final = 1
_PACKETS: Final = 8192
_CATEGORIES: Final = ("command", "span")
_ANNOTATIONS: Final = ("command", "start_ps", "end_ps")


def write_perfetto_trace(timeline: Timeline, out: BinaryIO) -> None:
    """Write ``timeline`` to ``out``; raises what ``out`` raises, and ``ConfigError`` without the package."""
    try:
        from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as protos
    except ImportError as error:
        raise ConfigError(
            "a Perfetto trace needs the package 'perfetto', which is not installed; install it with "
            "pip install 'lightloop[timeline]', or write Chrome JSON (a path that ends in .json)"
        ) from error
    packets = _Packets(timeline, protos).all()
    while piece := list(islice(packets, _PACKETS)):
        out.write(protos.Trace(packet=piece).SerializeToString())  # messages of one type may be concatenated


class _Packets:
    """Makes the packets of one timeline."""

    def __init__(self, timeline: Timeline, protos: Any) -> None:
        self._timeline = timeline
        self._protos = protos
        self._groups = {name: 1 + number for number, name in enumerate(_GROUPS)}
        self._first_track = 1 + len(_GROUPS)
        self._first_counter = self._first_track + len(timeline.tracks)

    def all(self) -> Iterator[Any]:
        yield self._opening()
        yield from self._tracks()
        yield from self._slices()
        yield from self._samples()

    def _packet(self, **fields: Any) -> Any:
        needs = self._protos.TracePacket.SEQ_NEEDS_INCREMENTAL_STATE
        return self._protos.TracePacket(
            trusted_packet_sequence_id=_SEQUENCE, **{"sequence_flags": needs, **fields}
        )

    def _opening(self) -> Any:
        """Return the first packet, which says what the numbers of texts stand for; 0 stands for no text."""
        packet = self._packet(sequence_flags=self._protos.TracePacket.SEQ_INCREMENTAL_STATE_CLEARED)
        texts = packet.interned_data
        for field, names in (
            (texts.event_names, self._timeline.names),
            (texts.event_categories, _CATEGORIES),
            (texts.debug_annotation_names, _ANNOTATIONS),
        ):
            for iid, name in enumerate(names, start=1):
                field.add(iid=iid, name=name)
        return packet

    def _tracks(self) -> Iterator[Any]:
        protos = self._protos
        for group, uuid in self._groups.items():
            explicit = protos.TrackDescriptor.EXPLICIT
            yield self._track(uuid, f"{self._timeline.title} {group}", child_ordering=explicit)
        for rank, track in enumerate(self._timeline.tracks):
            parent = self._groups[track.group]
            yield self._track(
                self._first_track + rank, track.title, parent_uuid=parent, sibling_order_rank=rank
            )
        for rank, counter in enumerate(self._timeline.counters):
            yield self._track(
                self._first_counter + rank,
                counter.title,
                parent_uuid=self._groups["counters"],
                sibling_order_rank=rank,
                counter=protos.CounterDescriptor(unit_name=counter.unit),
            )

    def _track(self, uuid: int, name: str, **fields: Any) -> Any:
        return self._packet(track_descriptor=self._protos.TrackDescriptor(uuid=uuid, name=name, **fields))

    def _slices(self) -> Iterator[Any]:
        timeline, slices = self._timeline, self._timeline.slices
        event = self._protos.TrackEvent
        categories = [1 + (track.group == "resources") for track in timeline.tracks]
        leaving = _Grouped(timeline.flows.source, len(slices.track))
        entering = _Grouped(timeline.flows.target, len(slices.track))
        columns = (slices.track, slices.name, floor_ns(slices.t_start), floor_ns(slices.t_end))
        exact = zip(slices.command.tolist(), slices.t_from.tolist(), slices.t_to.tolist(), strict=True)
        rows = zip(*(column.tolist() for column in columns), exact, strict=True)
        for row, (track, name, start, end, values) in enumerate(rows):
            uuid = self._first_track + track
            packet = self._packet(timestamp=start)
            begin = packet.track_event
            begin.type, begin.track_uuid, begin.name_iid = event.TYPE_SLICE_BEGIN, uuid, 1 + name
            begin.category_iids.append(categories[track])
            begin.flow_ids.extend(leaving.of(row))
            begin.terminating_flow_ids.extend(entering.of(row))
            for iid, value in enumerate(values, start=1):
                begin.debug_annotations.add(name_iid=iid, int_value=value)
            yield packet
            ended = event(type=event.TYPE_SLICE_END, track_uuid=uuid)
            yield self._packet(timestamp=end, track_event=ended)

    def _samples(self) -> Iterator[Any]:
        event = self._protos.TrackEvent
        for uuid, counter in enumerate(self._timeline.counters, start=self._first_counter):
            for ns, value in zip(floor_ns(counter.t).tolist(), counter.value.tolist(), strict=True):
                sample = event(type=event.TYPE_COUNTER, track_uuid=uuid, double_counter_value=value)
                yield self._packet(timestamp=ns, track_event=sample)


class _Grouped:
    """Finds the arrows (numbered from 1) of each slice."""

    def __init__(self, slices: NDArray[np.int64], count: int) -> None:
        self._arrows = (1 + np.argsort(slices, kind="stable")).tolist()
        self._bounds = np.concatenate(([0], np.cumsum(np.bincount(slices, minlength=count)))).tolist()

    def of(self, row: int) -> list[int]:
        arrows: list[int] = self._arrows[self._bounds[row] : self._bounds[row + 1]]
        return arrows
