"""A bench that is served: clients come and go, several at once, and what they did is an ordinary trace."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from emulator.bench import Bench
from emulator.bench_config import BudgetConfig
from emulator.commands import Controller, Disturb, Forward, Probe, SetPhases, Wait
from emulator.errors import ConfigError
from emulator.remote.server.limits import Limits
from emulator.remote.server.pacing import Asap, RealTime, Stepped
from emulator.remote.server.service import Service
from emulator.trace.open import open_trace
from emulator.trace.writing.header import Header
from emulator.trace.writing.recorder import Recorder
from tests.builders import NotingRecorder, random_batch
from tests.wire_lab import IDENTITY, Talk, small_bench, small_lab, small_service

HEADER = Header("", 0, "0" * 32, (), "2026-01-01T00:00:00+00:00")
BATCH = random_batch(2, 6)
INPUTS = f"CHIP:INP {','.join(map(repr, BATCH.inputs.ravel().tolist()))}"


def test_what_clients_ask_for_gives_the_replies_and_the_rows_of_a_controller() -> None:
    replies = []

    def controller() -> Controller:
        yield SetPhases([4], [0.75])
        replies.append((yield Forward(BATCH)))
        replies.append((yield Probe([0, 8], [1.0, 2.0], BATCH)))

    here, there = NotingRecorder(), NotingRecorder()
    Bench(small_lab(), 0).run({"client.0": controller()}, recorder=here)
    service = small_service(recorder=there)
    talk = Talk(service)
    talk.tell(f"{INPUTS};:CHIP:PHAS (@3),0.75")
    assert talk.numbers("CHIP:READ?") == replies[0].outputs.ravel().tolist()
    assert talk.numbers("CHIP:PROB? (@1,5),1,2") == replies[1].outputs.ravel().tolist()
    result = service.close("")
    assert there.commands == here.commands
    assert there.watts == here.watts
    assert (result.status, result.queries) == ("complete", 2)


def test_the_trace_is_whole_and_names_every_client(tmp_path: Path) -> None:
    path = tmp_path / "served.h5"
    service = small_service(recorder=Recorder.create(path, HEADER))
    first, second = Talk(service), Talk(service)
    for talk in (first, second, first):
        talk.tell(f"{INPUTS};:CHIP:READ?")
    service.farewell(first.client)
    Talk(service).tell(f"{INPUTS};:CHIP:READ?")
    service.close("told to")
    with open_trace(path) as trace:
        agents = [trace.labels("commands.agent")[agent] for agent in trace.commands.agent.tolist()]
        assert agents == ["client.0", "client.1", "client.0", "client.0"]
        assert (trace.status, trace.reason, trace.queries) == ("complete", "told to", 4)
        assert (np.diff(trace.commands.t_done) > 0).all()
    assert service.served == 3


def test_only_so_many_clients_come_in() -> None:
    service = small_service(limits=Limits(clients=2))
    first, _ = Talk(service), Talk(service)
    assert service.welcome(lambda _: None, lambda: None) is None
    service.farewell(first.client)
    assert Talk(service).client.name == "client.0"


def test_a_client_that_leaves_while_it_waits_leaves_when_its_command_is_done() -> None:
    service = small_service(Stepped())
    talk = Talk(service)
    talk.tell("CHIP:SETT 1e-3;:CHIP:PHAS (@1),1")
    service.farewell(talk.client)
    assert Talk(service).client.name == "client.1"
    other = Talk(service)
    assert service.stepped(other.client, b"SYST:TIME:STEP 1")
    service.pump()
    assert Talk(service).client.name == "client.0"
    assert other.numbers("CHIP:PHAS? (@1)") == [pytest.approx(1.0, abs=0.02)]


def test_other_agents_live_in_the_same_time_and_do_not_make_it_pass() -> None:
    def world() -> Controller:
        for beat in range(1, 10**9):
            yield Wait(beat * 10**9)
            yield Disturb("chip.dead", float(beat % 2), 0)

    rows = NotingRecorder()
    service = Service(small_bench(), IDENTITY, Asap(), Limits())
    service.open(rows, {"world": world()})
    talk = Talk(service)
    assert talk.ask("SYST:TIME?") == "0.0"
    talk.tell("CHIP:SETT 2.5e-3")
    assert talk.ask("SYST:TIME?") == "0.0025"
    assert len(rows.commands) == 3


def test_a_wait_without_end_lets_others_have_their_turn() -> None:
    def world() -> Controller:
        for beat in range(1, 10**9):
            yield Wait(beat * 1000)

    service = Service(small_bench(), IDENTITY, Asap(), Limits(events_at_once=100))
    service.open(None, {"world": world()})
    talk = Talk(service)
    service.deliver(talk.client, b"CHIP:SETT 1")
    assert service.pump() == 0.0
    assert not talk.client.inbox.listening


def test_a_spent_budget_ends_the_run_and_says_so() -> None:
    service = small_service(bench=small_bench(budget=BudgetConfig(queries=2)))
    talk = Talk(service)
    talk.tell(f"{INPUTS};:CHIP:READ?;READ?;READ?")
    assert service.over is not None
    assert service.over[0] == "budget"
    assert service.welcome(lambda _: None, lambda: None) is None
    result = service.close("told to")
    assert (result.status, result.queries) == ("budget", 2)


def test_what_an_agent_of_the_world_raises_ends_the_run_as_it_was_raised(tmp_path: Path) -> None:
    def world() -> Controller:
        yield Wait(10**9)
        raise KeyError("the world")

    path = tmp_path / "served.h5"
    service = Service(small_bench(), IDENTITY, Asap(), Limits())
    service.open(Recorder.create(path, HEADER), {"world": world()})
    Talk(service).tell("CHIP:SETT 1")
    with pytest.raises(KeyError, match="the world"):
        service.close("")
    with open_trace(path) as trace:
        assert trace.status == "failed"


def test_time_passes_by_steps_alone_where_it_is_stepped() -> None:
    service = small_service(Stepped())
    talk = Talk(service)

    def step(duration: str) -> None:
        assert service.stepped(talk.client, f"syst:time:step {duration}".encode())
        service.pump()

    talk.tell("CHIP:SETT? 2e-3")
    assert talk.answers == []
    step("1e-3")
    assert (talk.answers, service.now_ps) == ([], 10**9)
    step("1.5e-3")
    assert (talk.answers.pop(), service.now_ps) == (b"0.002\n", 2_500_000_000)
    assert talk.ask("SYST:PACE?;TIME?") == "stepped;0.0025"
    assert not service.stepped(talk.client, b"SYST:TIME:STEP 1;*IDN?")
    service.stepped(talk.client, b"SYST:TIME:STEP 1e300")
    assert talk.ask("SYST:ERR?").startswith("-222")


def test_a_step_is_refused_where_time_is_not_stepped() -> None:
    assert Talk(small_service()).refusal("SYST:TIME:STEP 1") == -221


@pytest.fixture
def wall() -> Callable[[float], float]:
    """Return a wall clock that stands still; it is moved on by what it is called with."""
    now = [100.0]

    def read(move_s: float = 0.0) -> float:
        now[0] += move_s
        return now[0]

    return read


def test_in_real_time_a_reply_comes_when_the_wall_clock_says_so(wall: Callable[..., float]) -> None:
    service = small_service(RealTime(2.0, wall_s=wall))
    talk = Talk(service)
    wall(1.0)
    service.deliver(talk.client, b"CHIP:SETT? 0.25")
    assert service.pump() == pytest.approx(0.5)
    assert service.now_ps == 5 * 10**11
    wall(0.4)
    assert service.pump() == pytest.approx(0.1)
    assert talk.answers == []
    wall(0.1)
    service.pump()
    assert talk.answers == [b"0.25\n"]
    assert service.overruns == 0


def test_every_instant_that_comes_late_is_counted_and_told_in_the_trace(wall: Callable[..., float]) -> None:
    rows = NotingRecorder()
    pace = RealTime(1.0, wall_s=wall)
    said: list[str] = []
    service = Service(small_bench(), IDENTITY, pace, Limits(), lambda: said.append("once"))
    service.open(rows)
    talk = Talk(service)
    stalls = 37
    for number in range(100):
        service.deliver(talk.client, b"CHIP:SETT? 0.01")
        service.pump()
        wall(0.01 + (0.005 if number < stalls else 0.001))
        service.pump()
    assert len(talk.answers) == 100
    assert talk.ask("SYST:PACE:OVER?") == str(stalls)
    assert said == ["once"]
    service.close("")
    told = {name: value for name, *_, value in rows.metrics}
    assert told["overruns"] == stalls
    assert told["deadline_late_p99_s"] == pytest.approx(0.005, abs=2e-5)
    assert told["deadlines"] >= 100
    assert [value for name, *_, value in rows.metrics if name == "overruns"] == [1, 10, stalls]


def test_a_bench_of_another_clock_cannot_be_served() -> None:
    with pytest.raises(ConfigError, match="PacedClock"):
        Service(Bench(small_lab(), 0), IDENTITY, Asap(), Limits())
