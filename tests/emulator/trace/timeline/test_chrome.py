"""What a viewer reads from the JSON is what the timeline holds."""

import json
from collections import defaultdict
from io import StringIO
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.trace.timeline.chrome import write_chrome_trace
from emulator.trace.timeline.tracks import Flows, Slices, Timeline, Track, timeline
from emulator.trace.timeline.window import Window
from tests.trace_builders import LONG_PROGRAMS, Ask, simulate, small_trace, trace_of


def parsed(found: Timeline) -> dict[str, list[dict[str, Any]]]:
    """Return the events by phase."""
    out = StringIO()
    write_chrome_trace(found, out)
    by_phase: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in json.loads(out.getvalue())["traceEvents"]:
        by_phase[event["ph"]].append(event)
    return by_phase


def ns(us: float) -> int:
    return round(us * 1000)


def run_of(program: list[list[Ask]]) -> Timeline | None:
    served, _, end = simulate(program)
    return timeline(trace_of(served, end)) if end else None


def tracks_of(events: dict[str, list[dict[str, Any]]]) -> dict[tuple[int, int], str]:
    return {
        (event["pid"], event["tid"]): event["args"]["name"]
        for event in events["M"]
        if event["name"] == "thread_name"
    }


@given(LONG_PROGRAMS)
def test_every_slice_comes_back_with_its_exact_times(program: list[list[Ask]]) -> None:
    found = run_of(program)
    if found is None:
        return
    events = parsed(found)
    tracks = tracks_of(events)
    read = [
        (tracks[e["pid"], e["tid"]], e["name"], ns(e["ts"]), ns(e["dur"]), *e["args"].values())
        for e in events["X"]
    ]
    s = found.slices
    expected = [
        (
            found.tracks[track].title,
            found.names[name],
            start // 1000,
            end // 1000 - start // 1000,
            row,
            start,
            end,
        )
        for track, name, start, end, row in zip(
            *(column.tolist() for column in (s.track, s.name, s.t_start, s.t_end, s.command)), strict=True
        )
    ]
    assert read == expected


@given(LONG_PROGRAMS)
def test_slices_of_a_track_come_in_order_and_do_not_overlap(program: list[list[Ask]]) -> None:
    found = run_of(program)
    if found is None:
        return
    reached: dict[tuple[int, int], int] = defaultdict(int)
    for event in parsed(found)["X"]:
        track = event["pid"], event["tid"]
        assert ns(event["ts"]) >= reached[track]
        reached[track] = ns(event["ts"]) + ns(event["dur"])


@given(LONG_PROGRAMS)
def test_arrows_leave_and_enter_slices(program: list[list[Ask]]) -> None:
    found = run_of(program)
    if found is None:
        return
    events = parsed(found)
    slices = events["X"]
    starts, ends = ({event["id"]: event for event in events[phase]} for phase in "sf")
    assert len(starts) == len(events["s"]) == len(ends) == len(events["f"]) == len(found.flows.source)
    for number, (source, target) in enumerate(
        zip(found.flows.source, found.flows.target, strict=True), start=1
    ):
        leaves, enters = starts[number], ends[number]
        assert ns(leaves["ts"]) <= ns(enters["ts"])
        assert enters["bp"] == "e"
        for arrow, row in ((leaves, source), (enters, target)):
            one = slices[row]
            assert (arrow["pid"], arrow["tid"]) == (one["pid"], one["tid"])
            begin, lasting = ns(one["ts"]), ns(one["dur"])
            assert begin <= ns(arrow["ts"]) <= begin + max(lasting - 1, 0)


def test_counters_come_back_with_their_values_and_units() -> None:
    power = [(0, 0, 0.1), (1, 0, 2.0), (0, 8999, 1 / 3)]
    metrics = [(0, 5000, 1, 0.75)]
    trace = small_trace(
        elapsed_ps=20_000, power=power, metrics=metrics,
        power_component=("heaters", "host"), metrics_name=("val_accuracy",),
    )  # fmt: skip
    read = [(event["name"], ns(event["ts"]), event["args"]) for event in parsed(timeline(trace))["C"]]
    assert read == [
        ("power (W)", 0, {"W": 0.1 + 2.0}),
        ("power (W)", 8, {"W": 1 / 3 + 2.0}),
        ("power heaters (W)", 0, {"W": 0.1}),
        ("power heaters (W)", 8, {"W": 1 / 3}),
        ("power host (W)", 0, {"W": 2.0}),
        ("queue chip", 0, {"1": 0.0}),
        ("queue opu", 0, {"1": 0.0}),
        ("val_accuracy", 5, {"1": 0.75}),
    ]


def test_times_of_hours_stay_exact_to_the_nanosecond() -> None:
    start = 3 * 3600 * 10**12 + 123_456_789
    trace = small_trace([(0, 0, 0, 1, -1, start, start, start + 1_000)], [(1, 0, 0, -1)], start + 1_000)
    (command, _) = (event for event in parsed(timeline(trace))["X"])
    assert (ns(command["ts"]), ns(command["dur"])) == (3 * 3600 * 10**9 + 123_456, 1)


@pytest.mark.parametrize("name", ['"}]', "</script>", "µ\n\\"])
def test_hostile_names_are_only_text(name: str) -> None:
    trace = small_trace(
        [(0, 0, 0, 1, -1, 0, 0, 9)], [(1, 0, 0, -1)], 9, commands_agent=(name,), spans_activity=(name,)
    )
    events = parsed(timeline(trace))
    assert name in tracks_of(events).values()
    assert [event["name"] for event in events["X"]] == ["set_phases", name]


def test_groups_are_processes_in_order() -> None:
    events = parsed(timeline(small_trace([(0, 0, 0, 1, -1, 0, 0, 9)], [(1, 0, 0, -1)], 9)))
    names = [event["args"]["name"] for event in events["M"] if event["name"] == "process_name"]
    assert names == ["small.h5 agents", "small.h5 resources", "small.h5 counters"]
    ranks = [event["args"]["sort_index"] for event in events["M"] if event["name"] == "process_sort_index"]
    assert ranks == [0, 1, 2]


NS = st.integers(0, 9 * 10**15)
NO_FLOWS = Flows(*(np.empty(0, dtype=np.int64) for _ in range(2)), np.empty(0, dtype=np.bool_))


@given(NS, st.integers(0, 10**12))
def test_a_slice_never_reaches_in_doubles_beyond_where_the_next_one_starts(
    start_ns: int, lasting_ns: int
) -> None:
    end_ns = start_ns + lasting_ns
    slices = Slices(*(np.array([value]) for value in (0, 0, start_ns * 1000, end_ns * 1000, 0, 0, 0)))
    shown = Timeline(
        "run", Window(0, end_ns * 1000 + 1), (Track("agents", "a", 0),), ("x",), slices, (), NO_FLOWS
    )
    (event,) = parsed(shown)["X"]
    assert event["ts"] + event["dur"] <= float(f"{end_ns // 1000}.{end_ns % 1000:03d}")
    if end_ns < 10**13:  # beyond, a double of us does not hold a ns
        assert ns(event["dur"]) == lasting_ns


@given(LONG_PROGRAMS)
def test_slices_that_touch_touch_in_doubles_too(program: list[list[Ask]]) -> None:
    found = run_of(program)
    if found is None:
        return
    reached: dict[tuple[int, int], float] = defaultdict(float)
    for event in parsed(found)["X"]:
        track = event["pid"], event["tid"]
        assert event["ts"] >= reached[track]
        reached[track] = event["ts"] + event["dur"]
