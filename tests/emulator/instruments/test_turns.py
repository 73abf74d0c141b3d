"""The bench against a laboratory of plain SimPy resources: first come, first served, to the picosecond."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.bench import Bench
from emulator.commands import (
    Batch,
    Compute,
    Computed,
    Controller,
    Forward,
    Join,
    PhasesSet,
    Probe,
    Reading,
    Readings,
    SetPhases,
    Settle,
    Settled,
    Start,
    Wait,
)
from emulator.commands import Sequence as ChipSequence
from emulator.instruments.chip.chip import Chip
from emulator.instruments.chip.config import ChipConfig, HeaterConfig
from emulator.instruments.chip.timing import chip_plan
from emulator.instruments.host.config import HostConfig
from emulator.instruments.host.host import host_plan
from emulator.instruments.instrument import Setting, Stand
from emulator.meter import Meter
from emulator.plan import Plan
from tests.bench_lab import AGENT, DONE, ISSUED, KIND, PLAN, SIZES, SmallLab
from tests.builders import NotingRecorder, random_batch, random_design

CHIP = ChipConfig(heaters=HeaterConfig(omega=0.02, settle_s=2e-6))
HOST = HostConfig(overhead_s=3e-6, launch_s=0.0, flops_per_s=1e12)
DESIGN = random_design(SIZES)
BATCHES = [random_batch(samples, SIZES[0], key) for key, samples in enumerate((4, 4, 9))]
AT_LEAST_PS = 1 << 21
TARGET = 8


class Op(NamedTuple):
    """One thing that an agent does: ask for a command and wait, start it, join the oldest ticket, or pause."""

    verb: str
    command: Any = None
    pause_ps: int = 0


def probes(count: int, phase: float, batch: Batch) -> ChipSequence:
    return ChipSequence(np.arange(count)[:, np.newaxis], np.full((count, 1), phase), batch)


def commands(number: int) -> st.SearchStrategy[Any]:
    """Return commands whose times are unlike those of any other ``number``, so that no two replies coincide."""
    own_ps = 1 << number
    times = st.integers(1, 8).map(lambda n: n * AT_LEAST_PS + own_ps)
    batches, heaters = st.sampled_from(BATCHES), st.lists(st.integers(0, 44), max_size=3, unique=True)
    return st.one_of(
        times.map(lambda ps: Compute(ps, 0)),
        times.map(Settle),
        batches.map(Forward),
        heaters.map(lambda ids: SetPhases(ids, [0.1 * number] * len(ids))),
        st.tuples(heaters, batches).map(lambda both: Probe(both[0], [0.1 * number] * len(both[0]), both[1])),
        st.tuples(st.integers(1, 4), batches).map(lambda both: probes(both[0], 0.1 * number, both[1])),
    )


@st.composite
def programs(draw: st.DrawFn) -> list[list[Op]]:
    """Draw what one to three agents do; a pause ends when nothing else does."""
    agents, number = [], 0
    for _ in range(draw(st.integers(1, 3))):
        program = []
        for verb in draw(
            st.lists(st.sampled_from(["ask", "start", "join", "pause"]), min_size=1, max_size=6)
        ):
            number += 1
            if verb == "pause":
                program.append(Op(verb, pause_ps=draw(st.integers(0, 8)) * AT_LEAST_PS + (1 << number)))
            else:
                program.append(Op(verb, draw(commands(number)) if verb != "join" else None))
        agents.append(program)
    return agents


def agent(bench: Bench, program: Sequence[Op], replies: list[Any]) -> Controller:
    tickets, begun = [], []
    for op in program:
        if op.verb == "ask":
            replies.append((op.command, (yield op.command)))
        elif op.verb == "start":
            tickets.append((yield Start(op.command)))
            begun.append(op.command)
        elif op.verb == "pause":
            yield Wait(bench.now_ps + op.pause_ps)
        elif tickets:
            replies.append((begun.pop(0), (yield Join(tickets.pop(0)))))
    for command, ticket in zip(begun, tickets, strict=True):
        replies.append((command, (yield Join(ticket))))


@dataclass
class Laboratory:
    """The oracle: a chip and a host are resources that serve one at a time, and a thought comes after a reading."""

    env: simpy.Environment = field(default_factory=simpy.Environment)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    chip_order: list[tuple[int, Any]] = field(default_factory=list)
    last_begun: int | None = None

    def __post_init__(self) -> None:
        self.chip, self.host = (simpy.Resource(self.env, capacity=1) for _ in range(2))

    def plan(self, command: Any) -> Plan:
        if isinstance(command, Compute):
            return host_plan(HOST, HOST, "compute", {"flops": command.flops, "bytes": command.bytes})
        work: dict[str, int] = {}
        if isinstance(command, SetPhases | Probe):
            work["heaters"] = len(command.heaters)
        if isinstance(command, Forward | Probe):
            batch: Batch = command.batch
            work |= {"samples": len(batch.inputs), "upload": int(batch.key != self.last_begun)}
            work |= {"modes": SIZES[0], "classes": SIZES[-1], "layers": 2}
            self.last_begun = batch.key
        kinds = {SetPhases: "set_phases", Forward: "forward", Probe: "probe"}
        return chip_plan(CHIP, HOST, kinds[type(command)], work)

    def plans(self, command: ChipSequence) -> list[Plan]:
        """Return the plan of every probe of a Sequence."""
        batch, last = command.batch, len(command.heaters) - 1
        upload, self.last_begun = int(batch.key != self.last_begun), batch.key
        work = {"sequencer": 1, "visits": last + 1, "decides": 0, "heaters": 1, "samples": len(batch.inputs)}
        work |= {"modes": SIZES[0], "classes": SIZES[-1], "layers": 2}
        places = [
            {"first": int(row == 0), "last": int(row == last), "upload": upload * (row == 0)}
            for row in range(last + 1)
        ]
        return [chip_plan(CHIP, HOST, "probe", work | place) for place in places]

    def serve_probes(self, who: int, command: ChipSequence) -> Generator[Any, Any, None]:
        issued, plans = self.env.now, self.plans(command)
        with self.chip.request() as turn:
            yield turn
            self.chip_order.append((int(self.env.now), command))
            for plan in plans:
                started = self.env.now
                yield self.env.timeout(plan.free_ps)
                self.rows.append((who, command, issued, started, started + plan.reply_ps))
        yield self.env.timeout(plans[-1].reply_ps - plans[-1].free_ps)

    def serve(self, who: int, command: Any) -> Generator[Any, Any, None]:
        if isinstance(command, ChipSequence):
            yield from self.serve_probes(who, command)
            return
        issued = self.env.now
        if isinstance(command, Settle):
            assert command.duration_ps is not None
            free_ps = reply_ps = command.duration_ps
        else:
            plan = self.plan(command)
            free_ps, reply_ps = plan.free_ps, plan.reply_ps
        resource = self.host if isinstance(command, Compute) else self.chip
        with resource.request() as turn:
            yield turn
            started = self.env.now
            if resource is self.chip:
                self.chip_order.append((int(started), command))
            yield self.env.timeout(free_ps)
        yield self.env.timeout(reply_ps - free_ps)
        self.rows.append((who, command, issued, started, self.env.now))

    def follow(self, who: int, program: Sequence[Op]) -> Generator[Any, Any, None]:
        begun: list[simpy.Process] = []
        for op in program:
            if op.verb == "ask":
                yield from self.serve(who, op.command)
            elif op.verb == "start":
                begun.append(self.env.process(self.serve(who, op.command)))
                yield self.env.timeout(0)
            elif op.verb == "pause":
                yield self.env.timeout(op.pause_ps)
            elif begun:
                yield begun.pop(0)
        yield simpy.AllOf(self.env, begun)


NAMES = {
    Compute: "compute",
    Settle: "settle",
    Forward: "forward",
    SetPhases: "set_phases",
    Probe: "probe",
    ChipSequence: "probe",
}


def as_told(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return rows in the order of their replies; what replies at one instant may come in any."""
    return sorted(rows, key=lambda row: (row[-1], *row[:-1]))


def physics(order: Sequence[tuple[int, Any]]) -> list[tuple[Any, Any]]:
    """Carry out the chip's commands one after the other on a chip of its own; return each with its reply."""
    chip = Chip(CHIP, DESIGN, Setting(3, HOST, Meter()))
    told: list[tuple[Any, Any]] = []
    for start, command in order:
        if isinstance(command, ChipSequence):
            chip.expect(command)
            told.append((command, chip.perform(command, start)[0]))
        else:
            told.append((command, chip.run(command, chip.begin(command), start)[0]))
    return told


def same(one: Any, other: Any) -> bool:
    if isinstance(one, Reading):
        return bool((one.outputs == other.outputs).all()) and one[1:] == other[1:]
    if isinstance(one, Readings):
        return bool((one.outputs == other.outputs).all()) and one.power_w == other.power_w
    return bool(one == other)


@settings(max_examples=250)
@given(programs())
def test_times_and_replies_are_those_of_a_laboratory_of_plain_resources(agents: list[list[Op]]) -> None:
    recorder, told = NotingRecorder(), [[] for _ in agents]  # type: ignore[var-annotated]
    bench = Bench({"chip": Stand(CHIP, DESIGN), "host": Stand(HOST)}, 3)

    def last_to_go() -> Controller:
        yield Wait(10**9)  # after everything else

    controllers = [agent(bench, program, told[who]) for who, program in enumerate(agents)]
    named = {f"agent.{who}": each for who, each in enumerate(controllers)}
    bench.run({"main": last_to_go(), **named}, recorder=recorder)

    oracle = Laboratory()
    for who, program in enumerate(agents):
        oracle.env.process(oracle.follow(who, program))
    oracle.env.run()

    kinds = recorder.names.get("commands.kind", [])
    found = [(row[AGENT] - 1, kinds[row[KIND]], *row[ISSUED : DONE + 1]) for row in recorder.commands]
    expected = [(row[0], NAMES[type(row[1])], *row[2:]) for row in oracle.rows]
    assert as_told(found) == as_told(expected)
    done = [row[DONE] for row in recorder.commands]
    assert done == sorted(done)

    replies = [(command, reply) for each in told for command, reply in each]
    by_command = {id(command): reply for command, reply in physics(oracle.chip_order)}
    assert len(replies) == len({id(row[1]) for row in oracle.rows})
    for command, reply in replies:
        if isinstance(command, Compute):
            assert reply == Computed(command.flops)
        else:
            assert isinstance(reply, PhasesSet | Settled | Reading | Readings)
            assert same(reply, by_command[id(command)])


def test_a_query_beside_another_agent_costs_one_event() -> None:
    lab = SmallLab(CHIP, HOST)

    def querying(count: int) -> Controller:
        for number in range(count):
            yield Probe((number % 45,), (0.5,), BATCHES[0])

    def computing() -> Controller:
        while True:
            yield Compute(10_000_000, 0)

    def events(count: int) -> tuple[int, int]:
        bench = lab.bench()
        scheduled = [0]
        schedule = bench.clock.schedule

        def counted(*given: Any, **more: Any) -> None:
            scheduled[0] += 1
            schedule(*given, **more)

        bench.clock.schedule = counted  # type: ignore[method-assign]
        bench.run({"a": querying(count), "b": computing()})
        recorder = bench.recorder
        assert isinstance(recorder, NotingRecorder)
        return scheduled[0], len(recorder.commands)

    (few, rows), (many, more_rows) = events(20), events(120)
    assert many - few <= more_rows - rows
    assert more_rows - rows > 150


def test_a_query_of_a_lone_agent_costs_no_event() -> None:
    bench = SmallLab(CHIP, HOST).bench()
    before = next(bench.clock._eid)

    def querying() -> Controller:
        for number in range(100):
            yield Probe((number % 45,), (0.5,), BATCHES[0])

    bench.run({"a": querying()})
    assert next(bench.clock._eid) - before < 10


def test_the_batch_begun_last_decides_what_is_brought_to_the_chip_and_each_row_has_its_own() -> None:
    """Two agents queue up: what one has asked for counts, though it is not there yet."""

    def asking(keys: Sequence[int]) -> Controller:
        for number, key in enumerate(keys):
            one = np.array([[10 + key]])
            wanted: list[Any] = [
                Forward,
                partial(Probe, (10 + key,), (1.0,)),
                partial(ChipSequence, one, one * 0.1),
            ]
            yield wanted[number % 3](BATCHES[key])

    outing = SmallLab(CHIP, HOST).run(
        lambda: asking([0, 0, 1, 1, 1, 0, 2]), lambda: asking([0, 1, 1, 0, 0, 2, 2, 2, 2])
    )
    rows, loaded, brought = outing.rows, -1, -1
    for row in rows.commands:
        key = row[TARGET] % 10
        if dict(rows.works[row[PLAN]])["upload"]:
            brought += 1
            assert rows.batches[brought] == key != loaded
            loaded = key
        assert loaded == key
    assert len(rows.batches) == brought + 1 < len(rows.commands) - 3
