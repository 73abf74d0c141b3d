"""The host: a roofline and a start-up cost; its power while it computes, thinks, or both."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.bench import Bench, RunResult
from emulator.commands import Compute, Computed, Controller, Forward, Join, Start
from emulator.errors import CommandError
from emulator.instruments.chip.chip import Chip
from emulator.instruments.host.config import HostConfig
from emulator.instruments.host.host import Host, compute_s, host_plan
from emulator.instruments.instrument import Setting, Stand
from emulator.meter import Meter
from tests.bench_lab import BATCH, DONE, KIND, PLAN, STARTED, SmallLab
from tests.builders import NotingRecorder

PS = 10**12
CONFIG = HostConfig(
    overhead_s=3e-3, flops_per_s=1e9, bytes_per_s=1e8, launch_s=1e-3, idle_power_w=40.0, active_power_w=100.0
)


def run(*controllers: Controller, config: HostConfig = CONFIG) -> tuple[RunResult, NotingRecorder]:
    recorder = NotingRecorder()
    bench = Bench({"host": Stand(config)}, 0)
    agents = {chr(ord("a") + number): each for number, each in enumerate(controllers)}
    result = bench.run(agents, recorder=recorder)
    return result, recorder


def compute(*work: tuple[int, int, str]) -> Controller:
    for flops, moved, activity in work:
        yield Compute(flops, moved, activity)


@given(
    flops=st.integers(0, 10**15),
    moved=st.integers(0, 10**15),
    peak=st.floats(1e6, 1e15),
    bandwidth=st.floats(1e6, 1e15),
)
def test_time_is_the_slower_of_arithmetic_and_traffic(
    flops: int, moved: int, peak: float, bandwidth: float
) -> None:
    """Below the ridge, flops/bytes = peak/bandwidth, memory binds; above it, arithmetic."""
    config = HostConfig(flops_per_s=peak, bytes_per_s=bandwidth)
    seconds = compute_s(config, flops, moved)
    memory_binds = flops * bandwidth < moved * peak
    assert seconds == pytest.approx(moved / bandwidth if memory_binds else flops / peak)


def test_every_piece_of_work_pays_for_its_start() -> None:
    plans = [host_plan(CONFIG, CONFIG, "compute", {"flops": n, "bytes": 0}) for n in (0, 10**6)]
    assert [plan.steps[0][:3] for plan in plans] == [
        ("host", "compute", PS // 1000),
        ("host", "compute", 2 * PS // 1000),
    ]


def test_work_takes_its_time_and_is_told() -> None:
    replies = []

    def busy() -> Controller:
        replies.append((yield Compute(10**7, 0, "forward")))
        replies.append((yield Compute(10**7, 5 * 10**6, "update")))

    result, recorder = run(busy())
    assert replies == [Computed(11 * PS // 1000), Computed(51 * PS // 1000)]
    assert result.elapsed_s == pytest.approx(0.062)
    assert result.busy_by_span_s == {"host.forward": 0.011, "host.update": 0.051}
    kinds = recorder.names["commands.kind"]
    assert [kinds[row[KIND]] for row in recorder.commands] == ["compute", "compute"]
    assert recorder.works[recorder.commands[1][PLAN]] == (("flops", 10**7), ("bytes", 5 * 10**6))
    assert recorder.plans[recorder.commands[1][PLAN]] == (
        ("host", "update", 51 * PS // 1000, "host", 60.0, True),
    )


def test_computing_draws_the_active_power_and_waiting_the_idle_one() -> None:
    result, recorder = run(compute((10**7, 0, "a"), (10**8, 0, "b")))
    assert result.energy_by_component_j == {"host": pytest.approx(100.0 * 0.112)}
    assert [watts for _, _, watts in recorder.watts] == [40.0]


def test_one_piece_of_work_at_a_time_first_come_first_served() -> None:
    result, recorder = run(compute((10**7, 0, "a")), compute((10**7, 0, "b")), compute((10**6, 0, "c")))
    assert result.elapsed_s == pytest.approx(0.011)

    def patient() -> Controller:
        first = yield Start(Compute(10**7, 0, "a"))
        second = yield Start(Compute(10**7, 0, "a"))
        yield Compute(10**7, 0, "a")
        for ticket in (first, second):
            yield Join(ticket)

    result, recorder = run(patient())
    assert [row[STARTED] for row in recorder.commands] == [0, 11 * 10**9, 22 * 10**9]
    assert result.energy_j == pytest.approx(100.0 * 0.033)


def test_thinking_and_computing_at_once_are_both_drawn_for(lab: SmallLab) -> None:
    """A query's thought of 3 ms runs beside 11 ms of work, on a core of its own."""
    recorder = NotingRecorder()
    design = lab.bench().instrument(Chip).core.design
    bench = Bench({"chip": Stand(lab.chip, design), "host": Stand(CONFIG)}, 0)

    def overlapping() -> Controller:
        ticket = yield Start(Compute(10**7, 0, "update"))
        yield Forward(BATCH)
        yield Join(ticket)
        yield Forward(BATCH)

    result = bench.run({"a": overlapping()}, recorder=recorder)
    host = recorder.names["power.component"].index("host")
    assert [row for row in recorder.watts if row[0] == host] == [(host, 0, 40.0)]
    assert result.busy_by_span_s["host.think"] == pytest.approx(2 * 3e-3)
    active_s = 11e-3 + 2 * 3e-3
    assert result.energy_by_component_j["host"] == pytest.approx(
        40.0 * result.elapsed_s + 60.0 * active_s, rel=1e-12
    )
    thought, work = recorder.commands[0], recorder.commands[1]
    assert thought[STARTED] < work[DONE]


@given(
    work=st.lists(st.tuples(st.integers(0, 10**8), st.integers(0, 10**7)), min_size=1, max_size=6),
    overlap=st.booleans(),
)
def test_energy_is_idle_time_and_active_time_at_their_powers(
    work: list[tuple[int, int]], overlap: bool
) -> None:
    def working() -> Controller:
        tickets = []
        for flops, moved in work:
            command = Compute(flops, moved)
            if overlap:
                tickets.append((yield Start(command)))
            else:
                yield command
        for ticket in tickets:
            yield Join(ticket)

    result, recorder = run(working())
    active_s = sum(1e-3 + max(flops / 1e9, moved / 1e8) for flops, moved in work)
    assert result.elapsed_s == pytest.approx(active_s, abs=1e-11)
    assert result.energy_j == pytest.approx(100.0 * active_s, rel=1e-9)
    assert sum(row[DONE] - row[STARTED] for row in recorder.commands) / PS == pytest.approx(
        active_s, abs=1e-11
    )


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (Compute(-1, 0), r"flops=-1 is not a whole number in \[0, 2\^63\)"),
        (Compute(0, 2**63), "bytes=9223372036854775808"),
        (Compute(1.0, 0), "flops=1.0"),  # type: ignore[arg-type]
        (Compute(True, 0), "flops=True"),
        (Compute(1, 0, "not a name"), "activity='not a name' is not a name such as 'forward'"),
        (Compute(1, 0, 7), "activity=7"),  # type: ignore[arg-type]
    ],
)
def test_work_that_is_none_is_refused_also_after_its_like_was_served(command: Compute, message: str) -> None:
    """1.0 and True equal 1, so a look-up of what was served before would let them pass."""
    host = Host(CONFIG, Setting(0, CONFIG, Meter()))
    host.begin(Compute(1, 0))
    with pytest.raises(CommandError, match=message):
        host.begin(command)


def test_a_free_host_takes_no_time_and_no_energy() -> None:
    result, _ = run(compute((10**6, 10**6, "a")), config=HostConfig(preset="ideal"))
    assert (result.elapsed_s, result.energy_j) == (0.0, 0.0)
