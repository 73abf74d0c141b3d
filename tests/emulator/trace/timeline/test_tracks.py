"""A timeline shows every slice of its window once, in as few lanes as can be, with its counters and arrows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import TraceError
from emulator.trace import Recorder
from emulator.trace.open import open_trace
from emulator.trace.timeline.tracks import Timeline, colour_lanes, timeline
from tests.trace_builders import small_trace, two_agents

PS = 1e-12


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 8)), max_size=14))
def test_lanes_are_disjoint_and_as_few_as_the_greatest_overlap(rows: list[tuple[int, int]]) -> None:
    listed = sorted((start, start + lasting) for start, lasting in rows)
    start, end = (
        np.array(column, np.int64) for column in (zip(*listed, strict=True) if listed else ((), ()))
    )
    lanes = colour_lanes(start, end).tolist()
    for one in range(len(listed)):
        for other in range(one + 1, len(listed)):
            apart = end[one] <= start[other] or end[other] <= start[one]
            assert apart or lanes[one] != lanes[other]
    # Between two ticks all that run overlap; an empty interval overlaps those that it lies inside of.
    halves = [tick / 2 for tick in range(80)]
    crowds = [sum(a < t < b for a, b in listed) + any(a == b == t for a, b in listed) for t in halves]
    assert len(set(lanes)) == max(crowds)
    assert set(lanes) == set(range(len(set(lanes))))


def shown(found: Timeline) -> list[tuple[str, str, int, int, int]]:
    """Return (track, name, start, end, command) of every slice."""
    s = found.slices
    columns = (s.track, s.name, s.t_start, s.t_end, s.command)
    return [
        (found.tracks[track].title, found.names[name], start, end, command)
        for track, name, start, end, command in zip(*(column.tolist() for column in columns), strict=True)
    ]


def test_every_command_and_span_is_a_slice() -> None:
    assert shown(timeline(two_agents())) == [
        ("main", "forward", 0, 13, 0),
        ("main", "forward", 13, 30, 2),
        ("other", "set_phases", 4, 16, 1),
        ("link", "first", 0, 6, 0),
        ("link", "first", 10, 16, 1),
        ("link", "first", 16, 22, 2),
        ("link (2)", "rest", 3, 12, 0),
        ("laser", "rest", 6, 10, 0),
        ("laser", "rest", 22, 26, 2),
        ("host", "think", 10, 13, 0),
        ("host", "think", 26, 30, 2),
    ]


def test_a_window_cuts_slices_and_keeps_their_true_times() -> None:
    found = timeline(two_agents(), 5 * PS, 11 * PS)
    assert shown(found) == [
        ("main", "forward", 5, 11, 0),
        ("other", "set_phases", 5, 11, 1),
        ("link", "first", 5, 6, 0),
        ("link", "first", 10, 11, 1),
        ("link (2)", "rest", 5, 11, 0),
        ("laser", "rest", 6, 10, 0),
        ("host", "think", 10, 11, 0),
    ]
    assert found.slices.t_from.tolist() == [0, 4, 0, 10, 3, 6, 10]
    assert found.slices.t_to.tolist() == [13, 16, 6, 16, 12, 10, 13]


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (
            (None, None),
            [
                (("main", 0), ("link", 0), False),
                (("other", 4), ("link", 10), False),
                (("main", 13), ("link", 16), False),
                (("main", 0), ("main", 13), True),
            ],
        ),
        ((7, 14), [(("other", 7), ("link (2)", 10), False), (("main", 7), ("main", 13), True)]),
        ((13, 30), [(("other", 13), ("link", 13), False), (("main", 13), ("link", 16), False)]),
    ],
)
def test_arrows_lead_from_commands_to_effects_and_from_replies_to_commands(
    window: tuple[float | None, float | None], expected: list[tuple[Any, Any, bool]]
) -> None:
    from_ps, to_ps = window
    found = timeline(
        two_agents(), None if from_ps is None else from_ps * PS, None if to_ps is None else to_ps * PS
    )
    slices = shown(found)

    def at(row: int) -> tuple[str, int]:
        return slices[row][0], slices[row][2]

    flows = zip(
        found.flows.source.tolist(), found.flows.target.tolist(), found.flows.at_end.tolist(), strict=True
    )
    assert [(at(source), at(target), at_end) for source, target, at_end in flows] == expected


def test_a_trace_without_commands_has_no_timeline() -> None:
    trace = two_agents()
    trace.detail = "summary"
    with pytest.raises(TraceError, match="nothing to show on a timeline"):
        timeline(trace)


def test_a_run_without_commands_shows_its_counters() -> None:
    found = timeline(small_trace(elapsed_ps=9, power=[(0, 0, 1.0)], power_component=("host",)))
    assert (found.tracks, len(found.slices.track), found.counters[0].title) == ((), 0, "power (W)")


@pytest.mark.parametrize("window", [(None, None), (300 * PS, 1000 * PS)])
def test_details_show_the_same(
    tmp_path: Path, record: Callable[..., Recorder], window: tuple[float | None, float | None]
) -> None:
    found = []
    for detail in ("full", "commands"):
        record(tmp_path / f"{detail}.h5", detail).close("complete", "", 2600, 50)
        with open_trace(tmp_path / f"{detail}.h5") as trace:
            found.append(timeline(trace, *window))
    assert shown(found[0]) == shown(found[1])
    for one, other in zip(found[0].counters, found[1].counters, strict=True):
        assert (one.title, one.t.tolist(), one.value.tolist()) == (
            other.title,
            other.t.tolist(),
            other.value.tolist(),
        )
    assert len(found[0].flows.source) == len(found[1].flows.source)
