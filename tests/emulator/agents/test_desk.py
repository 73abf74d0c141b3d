"""The bench's desk: no loop of an agent goes on for ever, waits end with the budget, what is spent can be asked."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.bench import Bench
from emulator.bench_config import BudgetConfig
from emulator.clock import VirtualClock
from emulator.commands import (
    Controller,
    Forward,
    Join,
    Keep,
    Log,
    Project,
    Settle,
    Spending,
    Spent,
    Start,
    Wait,
)
from emulator.errors import CommandError
from emulator.instruments.instrument import Stand
from emulator.trace.open import open_trace
from emulator.trace.writing.header import Header
from emulator.trace.writing.recorder import Recorder
from tests.bench_lab import BATCH, DONE, HASTY_HOST, SmallLab, queries, rows_of
from tests.builders import ideal_chip
from tests.opu_lab import DESIGN, random_vectors, small_opu

HEADER = Header("", 0, "", (), "")


def for_ever(*commands: Any) -> Callable[[], Controller]:
    def agent() -> Controller:
        while True:
            for command in commands:  # a tuple takes no replies, so there is no `yield from`
                _ = yield command

    return agent


def stubborn() -> Controller:
    while True:
        try:
            yield "nonsense"  # type: ignore[misc]
        except CommandError:
            continue


def starter() -> Controller:
    while True:
        yield Join((yield Start(Settle(0))))


LOOPS: dict[str, Callable[[], Controller]] = {
    "wait": for_ever(Wait(0)),
    "log": for_ever(Log("a", 1.0)),
    "keep": for_ever(Keep("a", BATCH.labels)),
    "settle": for_ever(Settle(0)),
    "spending": for_ever(Spending()),
    "mixed": for_ever(Log("a", 1.0), Wait(0), Settle(0)),
    "refused": stubborn,
    "started": starter,
}


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("is_main", [True, False])
def test_a_loop_in_which_no_time_passes_is_ended_with_a_reason(
    lab: SmallLab, tmp_path: Path, loop: str, is_main: bool
) -> None:
    budget = BudgetConfig(time_s=1.0, queries=10, commands_at_once=60)
    agents = {"a": LOOPS[loop]()} if is_main else {"a": queries(100), "b": LOOPS[loop]()}
    out = tmp_path / "run.h5"
    result = lab.unattended(budget=budget).run(agents, recorder=Recorder.create(out, HEADER))
    assert result.status == "budget"
    assert result.reason.startswith("budget.commands_at_once: 60 commands in a row at ")
    with open_trace(out) as trace:
        assert (trace.status, trace.reason) == ("budget", result.reason)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_budget_of_commands_ends_any_loop(lab: SmallLab, loop: str) -> None:
    result = lab.run(LOOPS[loop], budget=BudgetConfig(commands=23)).result
    assert (result.status, result.reason) == ("budget", "budget.commands: 23 of 23 commands spent")


def test_there_is_a_limit_where_none_was_given(lab: SmallLab) -> None:
    result = lab.run(LOOPS["log"]).result
    assert result.reason == "budget.commands_at_once: 100000 commands in a row at 0 s, and no time passes"


@given(st.lists(st.sampled_from([0, 0, 0, 1, 7]), max_size=30), st.integers(1, 6))
@settings(max_examples=30, deadline=None)
def test_commands_at_once_are_counted_anew_when_time_passes(delays: list[int], most: int) -> None:
    def agent() -> Controller:
        for ps in delays:
            yield Settle(ps)

    at_once, stopped = 0, False
    for ps in delays:
        stopped = stopped or at_once >= most
        at_once = at_once + 1 if not ps else 0 if not stopped else at_once
    stopped = stopped or at_once >= most
    lab = SmallLab(ideal_chip(), HASTY_HOST)
    result = lab.run(agent, budget=BudgetConfig(commands_at_once=most)).result
    assert (result.status == "budget") == stopped


def waiting(step_ps: int) -> Callable[[], Controller]:
    def agent() -> Controller:
        for number in range(1, 200):
            yield Wait(number * step_ps)

    return agent


@pytest.mark.parametrize("time_s", [1.0, 0.3, 1e-12, 0.1 + 0.2])
def test_a_budget_of_time_cuts_a_wait_at_its_very_picosecond(lab: SmallLab, time_s: float) -> None:
    outing = lab.run(waiting(10 * 10**12), budget=BudgetConfig(time_s=time_s))
    assert outing.result.status == "budget"
    assert outing.result.reason.startswith("budget.time_s:")
    now = outing.bench.now_ps
    assert now - 1 < time_s * 1e12 <= now


def test_a_budget_of_energy_cuts_a_wait_at_the_instant_at_which_it_is_spent(lab: SmallLab) -> None:
    idle_w = lab.run(waiting(1)).bench.meter.power_w()
    outing = lab.run(waiting(10 * 10**12), budget=BudgetConfig(energy_j=100.0))
    assert outing.result.reason.startswith("budget.energy_j:")
    assert outing.result.energy_j == pytest.approx(100.0, rel=1e-11)
    assert outing.result.elapsed_s == pytest.approx(100.0 / idle_w, rel=1e-9)


def test_whoever_waits_goes_on_when_another_agent_spends_the_budget(lab: SmallLab) -> None:
    def sleeper() -> Controller:
        yield Wait(10**18)

    outing = lab.run(sleeper, lambda: queries(100), budget=BudgetConfig(queries=3))
    assert outing.result.reason.startswith("budget.queries: 3 of 3")
    assert outing.bench.now_ps == rows_of(outing)[-1][DONE]


def test_the_peak_is_looked_at_when_a_pipeline_begins_to_draw_while_its_agent_waits() -> None:
    """The unit's box draws 30 W, and the host 60 W more while it grabs frames, long before the wait is over."""

    def sleeper() -> Controller:
        yield Start(Project(random_vectors(3)))
        yield Wait(10**18)

    config = small_opu()
    host = Stand(HASTY_HOST.model_copy(update={"frame_power_w": 60.0, "bytes_per_s": 1e3}))
    bench = Bench(
        {"opu": Stand(config, DESIGN), "host": host}, 0, BudgetConfig(peak_power_w=config.power_w + 1.0)
    )
    result = bench.run({"a": sleeper()})
    assert result.reason.startswith("budget.peak_power_w:")
    assert result.elapsed_s < 1.0


def test_a_wait_until_which_nothing_is_due_needs_no_event(
    lab: SmallLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_event(*_: object) -> None:
        raise AssertionError("an event for a lone agent")

    monkeypatch.setattr(VirtualClock, "timeout", no_event)
    assert lab.run(waiting(7)).bench.now_ps == 199 * 7


@given(st.lists(st.integers(0, 3_000_000), max_size=20), st.integers(1, 2_000_000))
@settings(deadline=None)
def test_waits_without_events_end_in_the_order_of_those_with_them(waits_ps: list[int], step_ps: int) -> None:
    def sleeper(name: str, instants: Sequence[int]) -> Controller:
        for until_ps in instants:
            yield Wait(until_ps)
            heard.append((name, until_ps, (yield Spending())))

    def run() -> list[tuple[str, int, Spent]]:
        heard.clear()
        even = [number * step_ps for number in range(20)]
        lab = SmallLab(ideal_chip(), HASTY_HOST)
        lab.run(lambda: queries(5), lambda: sleeper("odd", waits_ps), lambda: sleeper("even", even))
        return list(heard)

    heard: list[tuple[str, int, Spent]] = []
    found = run()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(VirtualClock, "skip", lambda self, delay_ps: -1)
        assert run() == found


@pytest.mark.parametrize("until_ps", [2**63, 10**30])
def test_a_wait_beyond_the_range_of_time_is_refused_to_its_agent(lab: SmallLab, until_ps: int) -> None:
    def hopeful() -> Controller:
        with pytest.raises(CommandError, match="106 days"):
            yield Wait(until_ps)

    assert lab.run(hopeful).result.status == "complete"


def test_an_agent_can_ask_what_is_spent_and_what_is_left(lab: SmallLab) -> None:
    told: list[Spent] = []

    def curious() -> Controller:
        told.append((yield Spending()))
        yield Forward(BATCH)
        told.append((yield Spending()))
        yield Settle(10**12)
        told.append((yield Spending()))

    budget = BudgetConfig(
        time_s=0.5, queries=9, commands=40, energy_j=100.0, peak_power_w=200.0, components=("chip",)
    )
    outing = lab.run(curious, budget=budget)
    assert outing.result.status == "budget"
    assert len(told) == 2
    first, then = told
    chip_w = sum(watts for name, watts in outing.result.energy_by_component_j.items() if name != "host")
    assert (first.time_ps, first.queries, first.commands, first.energy_j) == (0, 0, 1, 0.0)
    assert (first.time_left_ps, first.queries_left, first.commands_left) == (5 * 10**11, 9, 39)
    assert first.energy_left_j == 100.0
    assert first.power_left_w == pytest.approx(200.0 - first.power_w)
    assert chip_w / outing.result.elapsed_s == pytest.approx(first.power_w, rel=1e-6)
    assert (then.queries, then.queries_left, then.commands_left) == (1, 8, 37)
    assert then.time_left_ps == 5 * 10**11 - then.time_ps
    assert then.energy_left_j == pytest.approx(100.0 - then.energy_j, abs=1e-12)
    assert outing.rows.commands[0][DONE] <= then.time_ps


def test_where_there_is_no_budget_none_is_left(lab: SmallLab) -> None:
    def curious() -> Controller:
        spent = yield Spending()
        assert isinstance(spent, Spent)
        assert spent[5:] == (None,) * 5

    assert lab.run(curious).result.status == "complete"
