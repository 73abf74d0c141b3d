"""Counters are step functions: what they say in a window, from its first instant on."""

from emulator.trace.timeline.tracks import Timeline, timeline
from tests.trace_builders import two_agents

PS = 1e-12


def counted(found: Timeline) -> dict[str, list[tuple[int, float]]]:
    return {one.title: list(zip(one.t.tolist(), one.value.tolist(), strict=True)) for one in found.counters}


def test_counters_hold_power_queues_phases_and_accuracies() -> None:
    assert counted(timeline(two_agents())) == {
        "power (W)": [(0, 3.5), (8, 2.75), (20, 3.75)],
        "power heaters (W)": [(0, 1.5), (8, 0.75)],
        "power host (W)": [(0, 2.0), (20, 3.0)],
        "queue chip": [(0, 0.0), (4, 1.0), (10, 0.0), (13, 1.0), (16, 0.0)],
        "queue opu": [(0, 0.0)],
        "test_accuracy": [(0, 0.5), (26, 0.75)],
        "phase sum (rad)": [(5, 7.0)],
    }


def test_a_window_begins_with_the_values_that_counters_have_there() -> None:
    assert counted(timeline(two_agents(), 6 * PS, 12 * PS)) == {
        "power (W)": [(6, 3.5), (8, 2.75)],
        "power heaters (W)": [(6, 1.5), (8, 0.75)],
        "power host (W)": [(6, 2.0)],
        "queue chip": [(6, 1.0), (10, 0.0)],
        "queue opu": [(6, 0.0)],
        "test_accuracy": [(6, 0.5)],
        "phase sum (rad)": [(6, 7.0)],
    }


def test_a_counter_that_begins_after_the_window_is_left_out() -> None:
    assert "phase sum (rad)" not in counted(timeline(two_agents(), 0.0, 4 * PS))
