"""An instrument that nobody knew before: one kind in the registry, and the whole house serves it."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from emulator.bench import Bench
from emulator.bench_config import BudgetConfig
from emulator.clock import PacedClock
from emulator.commands import Compute, Controller, Disturb, Join, Start
from emulator.config.models import StrictModel
from emulator.errors import CommandError
from emulator.instruments.host.config import HostConfig
from emulator.instruments.host.host import thought
from emulator.instruments.instrument import (
    Change,
    InstrumentKind,
    Outcome,
    Service,
    Setting,
    Stand,
    State,
)
from emulator.instruments.registry import INSTRUMENTS, placed
from emulator.instruments.wire import Given, Taken, Verb, Words
from emulator.plan import Plan, Step
from emulator.trace.open import open_trace
from emulator.trace.writing.header import Header
from emulator.trace.writing.recorder import Recorder
from tests.wire_lab import Talk, small_service

# ------------------------------------------------------------- all that a new instrument is: one file


class ScaleConfig(StrictModel):
    """Describe a scale."""

    weighing_ps: int = 2_000_000
    idle_w: float = 1.0
    motor_w: float = 3.0


class Weigh(NamedTuple):
    """Ask the scale to weigh ``pieces`` at once."""

    pieces: int


class Weight(NamedTuple):
    """Tell what they weigh."""

    grams: float


def scale_plan(config: ScaleConfig, host: HostConfig, kind: str, work: Mapping[str, int]) -> Plan:
    ps = config.weighing_ps * work["pieces"]
    return Plan(
        (Step("scale", "weighing", ps, "scale.motor", config.motor_w), *thought(host)), tuple(work.items())
    )


def scale_idle_w(stand: Stand) -> Mapping[str, float]:
    return {"scale.motor": stand.config.idle_w}


class Scale:
    """Weigh, one command at a time."""

    pipelined = False

    def __init__(self, config: ScaleConfig, setting: Setting) -> None:
        self.queries = 0
        self._config = config
        self._host = setting.host
        self._offset = 0.0
        self._services: dict[int, Service] = {}
        for component, watts in scale_idle_w(Stand(config)).items():
            setting.meter.component(component, watts)

    @classmethod
    def build(cls, stand: Stand, setting: Setting) -> "Scale":
        return cls(stand.config, setting)

    def begin(self, command: Weigh) -> Service:
        if command.pieces < 1:
            raise CommandError(f"Weigh: {command.pieces} pieces; allowed: 1 or more")
        known = self._services.get(command.pieces)
        if known is None:
            plan = scale_plan(self._config, self._host, "weigh", {"pieces": command.pieces})
            known = self._services[command.pieces] = Service.of(plan)
        return known

    def run(self, command: Weigh, service: Service, start_ps: int) -> Outcome:
        self.queries += 1
        grams = 10.0 * command.pieces + self._offset
        return Weight(grams), command.pieces, 0.0, grams, None

    def opening_states(self) -> Sequence[State]:
        return (("empty", np.zeros(1), "g"),)

    def closing_states(self) -> Sequence[State]:
        return ()

    def disturb(self, name: str, index: int, value: float) -> Change:
        if name != "offset":
            raise CommandError(f"Disturb: the scale has no hidden state {name!r}")
        return partial(self._shift, value)

    def _shift(self, value: float, now_ps: int) -> None:
        self._offset = value


WORDS = Words(
    root="SCALe",
    verbs=(
        Verb(
            "WEIGh",
            Weigh,
            "Weighs pieces.",
            (Taken("pieces", "whole", "pieces at once"),),
            (Given("GRAMs", "number", "what they weigh, in grams", attrgetter("grams")),),
            lambda scale, said, notes: Weigh(said["pieces"]),  # type: ignore[arg-type,return-value]
        ),
    ),
)

KIND = InstrumentKind(
    name="scale",
    config=ScaleConfig,
    commands={Weigh: "weigh"},
    plan=scale_plan,
    idle_w=scale_idle_w,
    build=Scale.build,
    counts={"weigh": ""},
    disturbs={"offset": "grams that it shows too many"},
    words=WORDS,
)

# ------------------------------------------------------------------------------------ and one line


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the scale before all others, as a line of the registry would."""
    known: Any = INSTRUMENTS
    others = list(known.items())
    known.clear()
    known["scale"] = KIND
    known.update(others)
    yield
    del known["scale"]


HOST = HostConfig(overhead_s=1e-6, idle_power_w=40.0, active_power_w=100.0, launch_s=0.0, flops_per_s=1e12)


def weighing(replies: list[Any]) -> Controller:
    ticket = yield Start(Compute(5_000_000, 0, "prepare"))
    reply = yield Weigh(2)  # type: ignore[misc]  # no command of the vocabulary
    replies.append(reply)
    yield Join(ticket)
    yield Disturb("scale.offset", 0.5)
    try:
        yield Weigh(0)  # type: ignore[misc]
    except CommandError as error:
        replies.append(str(error))
    reply = yield Weigh(3)  # type: ignore[misc]
    replies.append(reply)


def bench(**more: Any) -> Bench:
    return Bench({"scale": Stand(ScaleConfig()), "host": Stand(HOST)}, 0, **more)


def test_it_serves_its_command_beside_the_host_and_its_trace_tells_all(tmp_path: Path) -> None:
    replies: list[Any] = []
    path = tmp_path / "run.h5"
    header = Header("", 0, "0" * 32, (), "2026-01-01T00:00:00+00:00")
    result = bench().run({"main": weighing(replies)}, recorder=Recorder.create(path, header))
    assert replies == [Weight(20.0), "Weigh: 0 pieces; allowed: 1 or more", Weight(30.5)]
    assert (result.status, result.queries) == ("complete", 2)
    with open_trace(path) as trace:
        rows = trace.commands
        instruments = np.array(trace.labels("commands.instrument"))[rows.instrument]
        kinds = np.array(trace.labels("commands.kind"))[rows.kind]
        # the weighing and the computation begin together and end, with the thought, together
        assert sorted(zip(instruments.tolist(), kinds.tolist(), strict=True)) == [
            ("host", "compute"),
            ("scale", "disturb.offset"),
            ("scale", "weigh"),
            ("scale", "weigh"),
        ]
        assert rows.t_done.tolist() == [5_000_000, 5_000_000, 5_000_000, 12_000_000]
        assert rows.result[kinds == "weigh"].tolist() == [20.0, 30.5]
        spans = trace.all_spans()
        named = [
            (trace.labels("spans.resource")[resource], trace.labels("spans.activity")[activity], start, end)
            for resource, activity, start, end in zip(
                spans.resource.tolist(), spans.activity.tolist(), spans.t_start.tolist(), spans.t_end.tolist(),
                strict=True,
            )
        ]  # fmt: skip
        assert sorted(named) == [
            ("host", "prepare", 0, 5_000_000),
            ("host", "think", 4_000_000, 5_000_000),
            ("host", "think", 11_000_000, 12_000_000),
            ("scale", "weighing", 0, 4_000_000),
            ("scale", "weighing", 5_000_000, 11_000_000),
        ]
        energies = {"scale.motor": (12 + 3 * 10) * 1e-6, "host": (40 * 12 + 60 * 7) * 1e-6}
        assert trace.totals()["energy_j"] == pytest.approx(energies, rel=1e-12)
        drawn = dict.fromkeys(energies, 0.0)
        power = trace.power
        ends = trace.elapsed_ps
        for component, name in enumerate(trace.labels("power.component")):
            own = power.component == component
            t, watts = power.t[own], power.watts[own]
            drawn[name] = float((watts * np.diff(t, append=ends)).sum()) / 1e12
        assert drawn == pytest.approx(energies, rel=1e-12)
        assert trace.queries == 2
        assert trace.state("empty").tolist() == [0.0]


def test_budgets_and_refusals_know_it() -> None:
    result = bench(budget=BudgetConfig(queries=1)).run({"main": weighing([])})
    assert (result.status, result.queries) == ("budget", 1)

    def wrong() -> Controller:
        yield Disturb("scale.offst", 1.0)

    with pytest.raises(CommandError, match=r"did you mean 'scale\.offset'\?; allowed: scale\.offset"):
        bench().run({"main": wrong()})


def test_it_is_served_on_a_wire_by_its_words() -> None:
    paced = Bench({"scale": Stand(ScaleConfig()), "host": Stand(HOST)}, 0, clock=PacedClock())
    talk = Talk(small_service(bench=paced))
    assert talk.ask("scal:weig? 2;:SCALE:WEIGH:GRAMS?;:SYST:TIME?") == "20.0;20.0;5e-06"
    assert talk.refusal("SCAL:WEIG? 0") == -222
    talk.tell("SCAL:WEIG:STAR 3;:HOST:COMP 5000000,0")
    assert talk.ask("*OPC?;:SCAL:WEIG:FETC?") == "1;30.0"


def test_the_host_alone_cannot_be_placed_by_a_study() -> None:
    assert set(placed()) == set(INSTRUMENTS) - {"host"}
