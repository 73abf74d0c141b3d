"""An instrument's place on the bench: turns, draws that add up, and rows that name what led to them."""

from collections.abc import Generator, Sequence
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.bench import Bench
from emulator.clock import VirtualClock
from emulator.commands import Compute, Computed, Controller, Join, Start, Wait
from emulator.errors import CommandError
from emulator.instruments.host.config import HostConfig
from emulator.instruments.host.host import Host, host_plan
from emulator.instruments.instrument import (
    Admission,
    Change,
    Draw,
    InstrumentKind,
    Outcome,
    Service,
    Stand,
    State,
)
from emulator.instruments.rows import RowQueue
from emulator.instruments.station import Station
from emulator.instruments.turns import Asker, Turn
from emulator.meter import Meter
from emulator.plan import Plan
from tests.bench_lab import CAUSE, DONE, HASTY_HOST, ISSUED, STARTED, exact_energy_j
from tests.builders import NotingRecorder

COSTLY = HASTY_HOST.model_copy(update={"flops_per_s": 1e12, "launch_s": 0.0})
"""A host that takes a picosecond for an operation."""


class Scripted:
    """A pipelined instrument that takes and draws what its script says; the command's number is its flops."""

    pipelined = True
    queries = 0

    def __init__(self, script: Sequence[Admission]) -> None:
        self.script = script
        self.finished: list[int] = []

    def begin(self, command: Compute) -> Service:
        if command.flops >= len(self.script):
            raise CommandError("beyond the script")
        return Service.of(Plan(()))

    def admit(self, command: Compute, now_ps: int) -> Admission:
        return self.script[command.flops]

    def run(self, command: Compute, service: Service, start_ps: int) -> Outcome:
        self.finished.append(command.flops)
        return Computed(0), -1, 0.0, 0.0, None

    def busy_ps(self) -> dict[str, int]:
        return {}

    def opening_states(self) -> Sequence[State]:
        return ()

    def closing_states(self) -> Sequence[State]:
        return ()

    def disturb(self, name: str, index: int, value: float) -> Change:
        raise CommandError("nothing is hidden")


KIND = InstrumentKind(
    "scripted", HostConfig, {Compute: "compute"}, host_plan, lambda config: {}, Host.build, {"compute": ""}
)


def station_of(instrument: Scripted, clock: VirtualClock, meter: Meter, recorder: NotingRecorder) -> Station:
    station = Station(KIND, instrument, clock, meter)
    station.attach(recorder, RowQueue(recorder, meter))
    return station


def asking(station: Station, clock: VirtualClock, number: int) -> Generator[Any, Any, Any]:
    """Ask for one command and wait for its reply, as the bench does."""
    turn = station.ask(Compute(number, 0), Asker(0))
    assert isinstance(turn, Turn)
    yield clock.timeout(turn.done_ps - clock.now_ps)
    return station.settle(turn)


def serve_script(
    script: Sequence[Admission], components: int = 1
) -> tuple[Scripted, NotingRecorder, Meter, VirtualClock]:
    """Ask for all of ``script`` at time 0 and let the time pass."""
    clock, recorder = VirtualClock(), NotingRecorder()
    meter = Meter(recorder)
    for number in range(components):
        meter.component(f"scripted.{number}")
    instrument = Scripted(script)
    station = station_of(instrument, clock, meter, recorder)
    for number in range(len(script)):
        clock.process(asking(station, clock, number))
    clock.run()
    return instrument, recorder, meter, clock


@st.composite
def draws(draw: st.DrawFn) -> Draw:
    start_ps = draw(st.integers(0, 50))
    watts = draw(st.floats(0.0, 1e3))
    return Draw(draw(st.integers(0, 1)), start_ps, start_ps + draw(st.integers(1, 50)), watts)


@given(drawn=st.lists(st.lists(draws(), max_size=3), min_size=1, max_size=4))
def test_what_overlapping_commands_draw_adds_up(drawn: list[list[Draw]]) -> None:
    script = [Admission(0, 100 + number, tuple(each)) for number, each in enumerate(drawn)]
    _, recorder, meter, clock = serve_script(script, components=2)
    flat = [each for command in drawn for each in command]
    energy = meter.energy_j(clock.now_ps)
    for handle in (0, 1):
        own = [Fraction(d.watts) * (d.end_ps - d.start_ps) / 10**12 for d in flat if d.handle == handle]
        assert energy[f"scripted.{handle}"] == pytest.approx(float(sum(own)), rel=1e-9, abs=1e-20)
        rows = [row for row in recorder.watts if row[0] == handle]
        assert float(exact_energy_j(rows, clock.now_ps)) == pytest.approx(
            energy[f"scripted.{handle}"], rel=1e-9, abs=1e-20
        )
        assert not rows or rows[-1][2] == 0.0 or not own


def test_a_pipelined_command_starts_and_ends_when_it_was_admitted_to() -> None:
    script = [Admission(3, 40, ()), Admission(10, 40, ()), Admission(20, 55, ())]
    instrument, recorder, _, clock = serve_script(script)
    assert instrument.finished == [0, 1, 2]
    assert [row[ISSUED : DONE + 1] for row in recorder.commands] == [(0, 3, 40), (0, 10, 40), (0, 20, 55)]
    assert clock.now_ps == 55


def test_a_command_that_is_refused_is_not_admitted() -> None:
    clock, recorder = VirtualClock(), NotingRecorder()
    station = station_of(Scripted([]), clock, Meter(recorder), recorder)
    with pytest.raises(CommandError, match="beyond the script"):
        station.ask(Compute(0, 0), Asker(0))
    assert recorder.commands == []


def run(controller: Controller, *others: Controller) -> tuple[Bench, NotingRecorder]:
    recorder = NotingRecorder()
    bench = Bench({"host": Stand(COSTLY)}, 0)
    agents = {chr(ord("a") + number): each for number, each in enumerate((controller, *others))}
    bench.run(agents, recorder=recorder)
    return bench, recorder


def test_a_refusal_gives_the_turn_to_whoever_waits() -> None:
    """The second command is refused when it is asked for; the third one follows the first."""
    wrong: Any = -5
    refused = []

    def starting() -> Controller:
        yield Start(Compute(100, 0))
        bad = yield Start(Compute(wrong, 0))
        good = yield Start(Compute(30, 0))
        try:
            yield Join(bad)
        except CommandError as error:
            refused.append(str(error))
        yield Join(good)

    _, recorder = run(starting())
    assert [row[STARTED : DONE + 1] for row in recorder.commands] == [(0, 100), (100, 130)]
    assert len(refused) == 1


def test_an_agent_that_comes_while_another_waits_comes_after_it() -> None:
    def agent(at_ps: int, work: int) -> Controller:
        yield Wait(at_ps)
        yield Compute(work, 0)

    def last() -> Controller:
        yield Wait(1000)

    _, recorder = run(last(), agent(0, 100), agent(10, 10), agent(20, 10), agent(100, 10))
    assert [row[STARTED] for row in recorder.commands] == [0, 100, 110, 120]
    assert [row[ISSUED] for row in recorder.commands] == [0, 10, 20, 100]


def test_the_reply_that_came_last_is_the_cause_and_the_other_is_joined() -> None:
    """The agent waits for a started command: what it did meanwhile is the other branch of the path."""

    def later_join() -> Controller:
        ticket = yield Start(Compute(100, 0))
        yield Compute(5, 0)
        other = yield Start(Compute(50, 0))
        yield Join(ticket)
        yield Join(other)
        yield Compute(7, 0)

    _, recorder = run(later_join())
    assert [row[DONE] for row in recorder.commands] == [100, 105, 155, 162]
    assert [row[CAUSE] for row in recorder.commands] == [-1, -1, 1, 2]
    assert recorder.joins == [(3, 0)]


def test_a_started_commands_reply_stands_for_all_that_its_agent_knew_when_it_started_it() -> None:
    def in_turn() -> Controller:
        yield Compute(5, 0)
        for _ in range(40):
            yield Join((yield Start(Compute(100, 0))))

    _, recorder = run(in_turn())
    assert [row[CAUSE] for row in recorder.commands] == list(range(-1, 40))
    assert recorder.joins == []


def test_a_reply_that_was_there_already_is_joined_and_causes_nothing() -> None:
    def earlier_join() -> Controller:
        ticket = yield Start(Compute(5, 0))
        yield Compute(100, 0)
        yield Join(ticket)
        yield Compute(7, 0)
        yield Compute(8, 0)

    _, recorder = run(earlier_join())
    assert [row[DONE] for row in recorder.commands] == [5, 105, 112, 120]
    assert [row[CAUSE] for row in recorder.commands] == [-1, -1, 1, 2]
    assert recorder.joins == [(2, 0)]


def test_a_reply_that_came_while_the_agent_waited_for_a_time_is_the_cause() -> None:
    """It was there when it was joined, and yet it came after the one before."""

    def waiting() -> Controller:
        ticket = yield Start(Compute(5, 0))
        second = yield Start(Compute(25, 0))
        yield Join(ticket)
        yield Wait(50)
        yield Join(second)
        yield Compute(7, 0)

    _, recorder = run(waiting())
    assert [row[DONE] for row in recorder.commands] == [5, 30, 57]
    assert recorder.commands[2][CAUSE] == 1
    assert recorder.joins == [(2, 0)]


def test_a_ticket_that_is_joined_twice_is_one_join() -> None:
    def twice() -> Controller:
        first = yield Start(Compute(5, 0))
        second = yield Start(Compute(6, 0))
        for ticket in (second, first, first, second):
            yield Join(ticket)
        yield Compute(7, 0)

    _, recorder = run(twice())
    assert recorder.commands[2][CAUSE] == 1
    assert recorder.joins == [(2, 0)]


def test_all_branches_that_meet_in_a_command_are_named_once() -> None:
    def fan(count: int) -> Controller:
        tickets = []
        for number in range(count):
            ticket = yield Start(Compute(10 + number, 0))
            tickets.append(ticket)
        for ticket in tickets:
            yield Join(ticket)
        yield Compute(1, 0)
        yield Compute(1, 0)

    _, recorder = run(fan(4))
    assert recorder.commands[4][CAUSE] == 3
    assert sorted(recorder.joins) == [(4, 0), (4, 1), (4, 2)]
    assert recorder.commands[5][CAUSE] == 4


def test_a_command_that_is_started_knows_the_branches_too() -> None:
    def starting() -> Controller:
        first = yield Start(Compute(10, 0))
        yield Compute(20, 0)
        yield Join(first)
        second = yield Start(Compute(5, 0))
        yield Join(second)

    _, recorder = run(starting())
    assert recorder.commands[2][CAUSE] == 1
    assert recorder.joins == [(2, 0)]


@given(
    starts=st.lists(st.tuples(st.integers(1, 40), st.integers(0, 60)), min_size=1, max_size=6),
    order=st.randoms(use_true_random=False),
)
def test_no_cause_comes_after_the_command_that_it_caused(starts: list[tuple[int, int]], order: Any) -> None:
    def weaving() -> Controller:
        tickets = []
        for work, pause in starts:
            ticket = yield Start(Compute(work, 0))
            tickets.append(ticket)
            yield Wait(bench_now() + pause)
        order.shuffle(tickets)
        for ticket in tickets:
            yield Join(ticket)
            yield Compute(1, 0)

    recorder = NotingRecorder()
    bench = Bench({"host": Stand(COSTLY)}, 0)

    def bench_now() -> int:
        return bench.now_ps

    bench.run({"a": weaving()}, recorder=recorder)
    rows = recorder.commands
    assert len(rows) == 2 * len(starts)
    causes = [(row, each[CAUSE]) for row, each in enumerate(rows) if each[CAUSE] != -1] + recorder.joins
    for row, cause in causes:
        assert cause < row
        assert rows[cause][DONE] <= rows[row][ISSUED]
    for row, cause in recorder.joins:
        assert rows[cause][DONE] <= rows[rows[row][CAUSE]][DONE]
