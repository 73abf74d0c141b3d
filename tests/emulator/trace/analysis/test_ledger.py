"""Energies and latencies equal a count over every tick."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.plan import Step
from emulator.trace import NO_COMMAND, REMAINDER, Header, Recorder
from emulator.trace.analysis.ledger import (
    energy_by_component,
    integral_by_component,
    latency_by_span,
    plan_shares_ps,
    span_shares_ps,
)
from emulator.trace.open import open_trace
from emulator.trace.plans import expand_plans
from emulator.trace.schema import Commands, Plans, Power, Spans
from tests.trace_builders import small_trace


def power(rows: list[tuple[int, int, float]]) -> Power:
    component, t, watts = zip(*rows, strict=True) if rows else ((), (), ())
    return Power(np.array(component, np.uint8), np.array(t, np.int64), np.array(watts, np.float64))


def spans(rows: list[tuple[int, int, int]]) -> Spans:
    key, start, end = zip(*rows, strict=True) if rows else ((), (), ())
    zero = np.zeros(len(rows), np.uint8)
    return Spans(
        zero,
        np.array(key, np.uint8),
        np.array(start, np.int64),
        np.array(end, np.int64),
        zero.astype(np.int64),
    )


def test_energy_is_the_integral_of_the_steps() -> None:
    rows = power([(0, 0, 2.0), (1, 5 * 10**11, 1.0), (0, 10**12, 0.5)])
    assert integral_by_component(rows, ("laser", "heaters", "dac"), 3 * 10**12) == {
        "laser": 3.0,
        "heaters": 2.5,
        "dac": 0.0,
    }


def test_of_several_powers_at_one_instant_the_last_counts() -> None:
    rows = power([(0, 0, 9.0), (0, 0, 1.0)])
    assert integral_by_component(rows, ("laser",), 10**12) == {"laser": 1.0}


def test_power_after_the_end_costs_nothing() -> None:
    rows = power([(0, 0, 1.0), (0, 2 * 10**12, 5.0)])
    assert integral_by_component(rows, ("laser",), 10**12) == {"laser": 1.0}


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 100), st.floats(0, 10, allow_subnormal=False))),
    st.integers(0, 120),
)
def test_energy_equals_a_sum_over_every_tick(rows: list[tuple[int, int, float]], elapsed_ps: int) -> None:
    found = integral_by_component(power(rows), ("a", "b", "c"), elapsed_ps)
    for component, name in enumerate("abc"):
        drawn = []
        for tick in range(elapsed_ps):
            before = [
                (t, row, watts) for row, (who, t, watts) in enumerate(rows) if who == component and t <= tick
            ]
            drawn.append(max(before)[2] if before else 0.0)
        assert math.isclose(found[name], math.fsum(drawn) / 1e12, rel_tol=1e-12)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 60), st.integers(0, 30)), max_size=14),
    st.integers(0, 80),
)
def test_every_instant_goes_to_the_span_that_started_last(
    rows: list[tuple[int, int, int]], elapsed_ps: int
) -> None:
    listed = [(key, start, start + lasting) for key, start, lasting in rows]
    expected = np.zeros(65536, np.int64)
    for tick in range(elapsed_ps):
        covering = [(start, -end, row) for row, (_, start, end) in enumerate(listed) if start <= tick < end]
        if covering:
            expected[listed[max(covering)[2]][0]] += 1
    np.testing.assert_array_equal(span_shares_ps(spans(listed), elapsed_ps), expected)


step = st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 9))


@given(
    st.lists(st.tuples(st.lists(step, max_size=4), st.integers(-1, 3)), min_size=1, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 9)), max_size=20),
)
def test_counting_plans_equals_sweeping_their_spans(
    templates: list[tuple[list[tuple[int, int, int]], int]], runs: list[tuple[int, int, int]]
) -> None:
    rows, fixed, flexible = [], [0], [False]
    for number, (steps, remainder) in enumerate(templates, start=1):
        durations = [REMAINDER if at == remainder else ps for at, (_, _, ps) in enumerate(steps)]
        rows += [(number, who, what, ps) for (who, what, _), ps in zip(steps, durations, strict=True)]
        fixed.append(sum(ps for ps in durations if ps != REMAINDER))
        flexible.append(REMAINDER in durations)
    columns = np.array(rows, np.int64).reshape(-1, 4).T
    plans = Plans(
        columns[0].astype(np.uint16), columns[1].astype(np.uint8), columns[2].astype(np.uint8), columns[3],
        np.ones(len(rows), np.uint8),
    )  # fmt: skip
    started, done, chosen, now = [], [], [], 0
    for choice, gap, spare in runs:
        plan = choice % len(fixed)
        started.append(now + gap)
        now += gap + fixed[plan] + (spare if flexible[plan] else 0)
        done.append(now)
        chosen.append(plan)
    commands = commands_of(chosen, started, done)
    expanded = expand_plans(commands, plans)
    np.testing.assert_array_equal(plan_shares_ps(commands, plans), span_shares_ps(expanded, now))
    for row in range(len(runs)):
        mine = expanded.command == row
        if mine.any():
            assert expanded.t_start[mine][0] == started[row]
            np.testing.assert_array_equal(expanded.t_start[mine][1:], expanded.t_end[mine][:-1])
            assert expanded.t_end[mine][-1] == done[row]


def commands_of(plan: list[int], started: list[int], done: list[int]) -> Commands:
    byte, long, real = np.zeros(len(plan), np.uint8), np.zeros(len(plan), np.int64), np.zeros(len(plan))
    times = np.array(started, np.int64), np.array(done, np.int64)
    return Commands(
        byte, byte, byte, np.array(plan, np.uint16), long, times[0], *times, byte.astype(np.int32), real, real
    )


@pytest.mark.parametrize("detail", ["full", "commands", "summary"])
def test_the_latency_of_a_trace_adds_up_to_its_elapsed_time(
    tmp_path: Path, record: Callable[..., Recorder], detail: str
) -> None:
    out = tmp_path / "run.h5"
    record(out, detail).close("complete", "", 2600, 50)
    with open_trace(out) as trace:
        latency = latency_by_span(trace)
        assert round(sum(latency.values()) * 1e12) == 2600
        in_ps = {name: round(seconds * 1e12) for name, seconds in latency.items()}
        if detail == "summary":
            assert in_ps == {"idle": 2600}
        else:
            # Four explicit spans of 1 ps lie inside two transfers and two bursts of symbols.
            assert in_ps == {
                "link.transfer": 50 * 3 + 50 * 2 - 2,
                "heaters.settle": 50 * 15,
                "laser.symbols": 50 * 4 - 2,
                "adc.convert": 50 * 12,
                "link.settle": 4,
                # Commands that wait although the instrument is free; an agent that waits, also at the end.
                "idle": 100 * 2 + 99 * 5 + 105,
            }


def test_details_agree_on_overlapping_commands(tmp_path: Path) -> None:
    latencies = []
    for detail in ("full", "commands"):
        recorder = Recorder.create(tmp_path / f"{detail}.h5", Header("", 0, "", (), ""), detail)  # type: ignore[arg-type]
        ids = [recorder.label(f"commands.{column}", "x") for column in ("agent", "instrument", "kind")]
        slow, fast = (
            recorder.plan([Step("host", "compute", REMAINDER)]),
            recorder.plan([Step("chip", "settle", 5)]),
        )
        recorder.command(*ids, fast, NO_COMMAND, 10, 10, 15, 0, 0.0, 0.0)
        recorder.command(*ids, slow, NO_COMMAND, 0, 2, 30, 0, 0.0, 0.0)
        recorder.close("complete", "", 40, 0)
        with open_trace(recorder.path) as trace:
            latencies.append(latency_by_span(trace))
    assert latencies[0] == latencies[1] == {"host.compute": 23e-12, "chip.settle": 5e-12, "idle": 12e-12}


steps = st.lists(st.tuples(st.integers(0, 9), st.sampled_from([0.0, 1.5, 40.0])), min_size=1, max_size=4)


@given(
    st.lists(steps, min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 12), st.integers(0, 5)), max_size=12),
)
def test_what_plans_draw_is_power_above_the_level_and_costs_no_expansion(
    templates: list[list[tuple[int, float]]], runs: list[tuple[int, int, int]]
) -> None:
    plans, draws, commands = [], [], []
    for number, template in enumerate(templates, start=1):
        for place, (ps, watts) in enumerate(template):
            plans.append((number, 0, 0, REMAINDER if place == 1 else ps))
            draws.append((number, place, place % 2, watts))
    for choice, start, spare in runs:
        template = templates[choice % len(templates)]
        lasting = sum(ps for place, (ps, _) in enumerate(template) if place != 1)
        done = start + lasting + (spare if len(template) > 1 else 0)
        commands.append((0, 0, 0, 1 + choice % len(templates), -1, start, start, done))
    commands.sort(key=lambda row: row[-1])
    end = max((row[-1] for row in commands), default=0) + 2
    levels = [(0, 0, 2.0), (1, 0, 7.0), (0, 9, 3.0)]
    trace = small_trace(commands, plans, end, power=levels, draws=draws, power_component=("one", "two"))
    drawn = {(number, place): (component, watts) for number, place, component, watts in draws}
    spans, placed = expand_plans(trace.commands, trace.plans), []
    for command in range(len(commands)):
        mine = np.flatnonzero(spans.command == command)
        for place, row in enumerate(mine.tolist()):
            placed.append((*drawn[commands[command][3], place], spans.t_start[row], spans.t_end[row]))
    for component, level in ((0, [2.0] * 9 + [3.0] * end), (1, [7.0] * (end + 9))):
        for tick in range(end):
            above = sum(
                watts for who, watts, start, stop in placed if who == component and start <= tick < stop
            )
            known = np.flatnonzero((trace.power.component == component) & (trace.power.t <= tick))
            assert trace.power.watts[known[-1]] == level[tick] + above
    assert np.all(np.diff(trace.power.t) >= 0)
    expected = integral_by_component(trace.power, ("one", "two"), end)
    for one in (trace, trace.at_full_detail()):
        assert energy_by_component(one) == pytest.approx(expected, rel=1e-12)
