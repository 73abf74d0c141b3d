"""What a reader of the protobuf finds is what the timeline holds."""

import sys
from collections import defaultdict
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from emulator.errors import ConfigError
from emulator.trace.timeline.perfetto import write_perfetto_trace
from emulator.trace.timeline.tracks import Timeline, timeline
from tests.trace_builders import LONG_PROGRAMS, Ask, simulate, small_trace, trace_of

protos = pytest.importorskip("perfetto.protos.perfetto.trace.perfetto_trace_pb2")


def parsed(found: Timeline) -> list[Any]:
    out = BytesIO()
    write_perfetto_trace(found, out)
    return list(protos.Trace.FromString(out.getvalue()).packet)


class Reader:
    """Reads packets as a viewer does: descriptors, interned texts, a stack of open slices for each track."""

    def __init__(self, packets: list[Any]) -> None:
        self.tracks = {
            p.track_descriptor.uuid: p.track_descriptor for p in packets if p.HasField("track_descriptor")
        }
        texts = packets[0].interned_data
        names = {one.iid: one.name for one in texts.event_names}
        notes = {one.iid: one.name for one in texts.debug_annotation_names}
        self.slices: list[tuple[Any, ...]] = []
        self.samples: dict[str, list[tuple[int, float]]] = defaultdict(list)
        self.leaving: dict[int, int] = {}
        self.entering: dict[int, int] = {}
        open_slices: dict[int, list[int]] = defaultdict(list)
        self.stamps: dict[int, list[int]] = defaultdict(list)
        for packet in packets:
            if not packet.HasField("track_event"):
                continue
            event = packet.track_event
            uuid, row = event.track_uuid, len(self.slices)
            self.stamps[uuid].append(packet.timestamp)
            if event.type == protos.TrackEvent.TYPE_COUNTER:
                self.samples[self.tracks[uuid].name].append((packet.timestamp, event.double_counter_value))
            elif event.type == protos.TrackEvent.TYPE_SLICE_BEGIN:
                exact = {notes[note.name_iid]: note.int_value for note in event.debug_annotations}
                self.slices.append((self.tracks[uuid].name, names[event.name_iid], packet.timestamp, exact))
                open_slices[uuid].append(row)
                self.leaving.update(dict.fromkeys(event.flow_ids, row))
                self.entering.update(dict.fromkeys(event.terminating_flow_ids, row))
                assert len(open_slices[uuid]) == 1  # lanes hold no slice within another
            else:
                closed = open_slices[uuid].pop()
                self.slices[closed] = (*self.slices[closed], packet.timestamp)
        assert not any(open_slices.values())


@given(LONG_PROGRAMS)
def test_every_slice_comes_back_with_its_exact_times_and_arrows(program: list[list[Ask]]) -> None:
    served, _, end = simulate(program)
    if end == 0:
        return
    found = timeline(trace_of(served, end))
    reader = Reader(parsed(found))
    s = found.slices
    expected = [
        (
            found.tracks[track].title,
            found.names[name],
            start // 1000,
            {"command": row, "start_ps": start, "end_ps": stop},
            stop // 1000,
        )
        for track, name, start, stop, row in zip(
            *(column.tolist() for column in (s.track, s.name, s.t_start, s.t_end, s.command)), strict=True
        )
    ]
    assert reader.slices == expected
    numbers = range(1, len(found.flows.source) + 1)
    assert reader.leaving == dict(zip(numbers, found.flows.source.tolist(), strict=True))
    assert reader.entering == dict(zip(numbers, found.flows.target.tolist(), strict=True))
    assert all(stamps == sorted(stamps) for stamps in reader.stamps.values())


def example() -> Timeline:
    rows = [(0, 0, 1, 1, -1, 0, 0, 9000), (1, 0, 0, 1, -1, 100, 9000, 17_500)]
    return timeline(
        small_trace(
            rows, [(1, 0, 0, -1)], 20_000, spans=[(0, 1, 50, 8000, 0)], power=[(0, 0, 0.1), (0, 8999, 1 / 3)],
            power_component=("heaters",),
        )
    )  # fmt: skip


def test_counters_come_back_with_their_values_and_units() -> None:
    reader = Reader(parsed(example()))
    assert reader.samples == {
        "power (W)": [(0, 0.1), (8, 1 / 3)],
        "power heaters (W)": [(0, 0.1), (8, 1 / 3)],
        "queue chip": [(0, 0.0), (0, 1.0), (9, 0.0)],
        "queue opu": [(0, 0.0)],
    }
    units = {
        track.name: track.counter.unit_name for track in reader.tracks.values() if track.HasField("counter")
    }
    assert units["power (W)"] == "W"


def test_tracks_lie_below_their_groups_in_order() -> None:
    tracks = Reader(parsed(example())).tracks
    below: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for track in tracks.values():
        if track.parent_uuid:
            below[tracks[track.parent_uuid].name].append((track.sibling_order_rank, track.name))
    assert {group: [name for _, name in sorted(listed)] for group, listed in below.items()} == {
        "small.h5 agents": ["main", "other"],
        "small.h5 resources": ["link", "link (2)"],
        "small.h5 counters": ["power (W)", "power heaters (W)", "queue chip", "queue opu"],
    }


def test_texts_are_interned_before_anything_refers_to_them() -> None:
    packets = parsed(example())
    cleared = protos.TracePacket.SEQ_INCREMENTAL_STATE_CLEARED
    needed = protos.TracePacket.SEQ_NEEDS_INCREMENTAL_STATE
    assert packets[0].sequence_flags & cleared
    assert all(packet.sequence_flags == needed for packet in packets[1:])
    assert len({packet.trusted_packet_sequence_id for packet in packets}) == 1


def test_a_long_timeline_is_written_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.trace.timeline.perfetto._PACKETS", 3)
    pieces: list[bytes] = []

    class Out(BytesIO):
        def write(self, data: Any) -> int:
            pieces.append(bytes(data))
            return super().write(data)

    found = example()
    write_perfetto_trace(found, Out())
    assert len(pieces) > 5
    assert protos.Trace.FromString(b"".join(pieces)).packet[:] == parsed(found)
    assert np.all([len(piece) > 0 for piece in pieces])


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "perfetto.protos.perfetto.trace", None)
    with pytest.raises(ConfigError, match=r"pip install 'lightloop\[timeline\]'"):
        write_perfetto_trace(example(), BytesIO())
