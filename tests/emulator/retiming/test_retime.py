"""A re-timed run is what a real run under the same parameters is: to the picosecond, and in energy."""

from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from emulator.commands import (
    Command,
    Compute,
    Controller,
    Descent,
    Forward,
    Join,
    Probe,
    Project,
    Sequence,
    SetPhases,
    Settle,
    Start,
)  # fmt: skip
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.opu.config import OpuConfig
from emulator.retiming.lab import Laboratory
from emulator.retiming.retime import Retimed
from emulator.streams import stream
from emulator.trace import Detail
from emulator.trace.plans import freed_ps
from tests.builders import random_batch
from tests.emulator.retiming.retiming_lab import (
    OPU_DESIGN,
    SIZES,
    Agents,
    Outing,
    assert_equals_a_real_run,
    chip_lab,
    chip_of,
    configured,
    opu_lab,
    recording_of,
    retimed,
    run,
    with_configs,
    without,
)

BATCHES = (random_batch(12, SIZES[0], key=0), random_batch(7, SIZES[0], key=1))
DEVICES = 39


@pytest.fixture
def paths(tmp_path: Path) -> Iterator[Path]:
    numbers = count()
    return (tmp_path / f"{number}.h5" for number in numbers)


def tuner(iterations: int = 12, agent: int = 0) -> Controller:
    """Tune as SZO-SCD does: a phase, its settling, a query; now and then a new batch and several phases."""
    rng = stream(agent, "tests/tuner")
    for number in range(iterations):
        heaters = rng.choice(DEVICES, size=1 + 2 * (number % 4 == 0), replace=False).tolist()
        yield SetPhases(heaters, rng.uniform(0, 6, len(heaters)).tolist())
        yield Settle(None if number % 3 else 777_000)
        yield Forward(BATCHES[number // 5 % 2])


def prober(iterations: int = 12, agent: int = 0) -> Controller:
    """Probe as SZO-SCD does: a reading, then probes of a phase; now and then one goes home without a reading."""
    rng = stream(agent, "tests/prober")
    for number in range(iterations):
        batch = BATCHES[number // 5 % 2]
        yield Forward(batch)
        for heater in rng.choice(DEVICES, size=3, replace=False).tolist():
            yield Probe([heater], [float(rng.uniform(0, 6))], batch)
        yield Probe([0, 1], rng.uniform(0, 6, 2).tolist(), batch)
        yield SetPhases([2], [0.3])
        yield Settle()


def sequencer(iterations: int = 8, agent: int = 0) -> Controller:
    """Let the chip's sequencer probe, with decisions and without, and the host compute something in between."""
    rng = stream(agent, "tests/sequencer")
    for number in range(iterations):
        batch = BATCHES[number // 5 % 2]
        heaters = rng.choice(DEVICES, size=(6, 1), replace=False)
        home = rng.uniform(0, 6, 6)
        decide = Descent("step_back", home - 0.1, home, rng.random(6) < 0.4, 9) if number % 3 else None
        yield Sequence(heaters, home[:, np.newaxis] + 0.1, batch, decide)
        yield Compute(1_000_000, 10_000, "loss")


def overlapping(iterations: int = 6) -> Controller:
    """Start a query, set phases while it is under way, and join both."""
    for number in range(iterations):
        query = yield Start(Forward(BATCHES[number % 2]))
        setting = yield Start(SetPhases([number], [0.1 * number]))
        yield Compute(1_000_000 * number, 10_000, "loss")
        yield Join(setting)
        yield Join(query)


def vectors(rng: np.random.Generator, most: int = 30) -> np.ndarray[Any, np.dtype[np.float32]]:
    return rng.integers(-1, 2, (int(rng.integers(1, most)), OPU_DESIGN.features)).astype(np.float32)


def trainer(batches: int = 6) -> Controller:
    """Train a batch late, as optical feedback alignment does: frames fly while the host computes."""
    rng, before = stream(1, "tests/trainer"), None
    for number in range(batches):
        yield Compute(3_000_000, 400_000, "forward")
        ticket = yield Start(Project(vectors(rng)))
        yield Compute(2_000_000 * (number + 1), 100_000, "local_gradient")
        if before is not None:
            yield Join(before)
        yield Compute(1_000_000, 2_000_000, "update")
        before = ticket
    yield Join(before)


def chip_parameters(draw: np.random.Generator, lab: Laboratory) -> Laboratory:
    """Return ``lab`` with other times and powers; nothing that decides what is read."""
    chip = chip_of(lab).model_dump(exclude={"preset"})
    chip["link"].update(latency_s=draw.uniform(0, 5e-6), rate_bit_per_s=draw.uniform(1e9, 1e11))
    chip["dac"].update(
        update_s=draw.uniform(0, 3e-6),
        shared_power_w=draw.uniform(0, 3),
        power_w_per_channel=draw.uniform(0, 0.1),
    )
    chip["heaters"].update(settle_s=draw.uniform(0, 1e-5), p_pi_w=draw.uniform(1e-3, 0.1))
    chip["inputs"].update(symbol_rate_hz=draw.uniform(1e8, 1e10), power_w_per_channel=draw.uniform(0, 0.5))
    chip["receiver"].update(
        detection_s=draw.uniform(0, 1e-7),
        adc_s=draw.uniform(0, 1e-6),
        energy_j_per_symbol=draw.uniform(0, 1e-11),
    )
    chip["laser"].update(wall_plug_efficiency=draw.uniform(0.05, 1))
    chip["sequencer"].update(decision_s=draw.uniform(0, 3e-6), power_w=draw.uniform(0, 9))
    return with_configs(host_parameters(draw, lab), chip=ChipConfig.model_validate(chip))


def host_parameters(draw: np.random.Generator, lab: Laboratory) -> Laboratory:
    return configured(
        lab,
        "host",
        overhead_s=float(draw.uniform(0, 2e-5)),
        idle_power_w=float(draw.uniform(0, 50)),
        active_power_w=float(draw.uniform(50, 150)),
        frame_power_w=float(draw.uniform(0, 90)),
        flops_per_s=float(draw.uniform(1e9, 1e12)),
        bytes_per_s=float(draw.uniform(1e9, 1e11)),
        launch_s=float(draw.uniform(0, 1e-4)),
    )


def opu_parameters(draw: np.random.Generator, lab: Laboratory) -> Laboratory:
    """Return ``lab`` with another pipeline; small buffers and torn frames included."""
    opu = lab.lab["opu"].config.model_dump(exclude={"preset"})
    opu["camera"].update(exposure_s=draw.uniform(5e-5, 1e-3), buffer_frames=int(draw.integers(1, 20)))
    opu["camera"].update(missed_probability=float(draw.choice([0.0, 0.03])))
    if draw.random() < 0.5:
        opu["camera"].update(frame_rate_hz=draw.uniform(200, 900))
    opu["dmd"].update(
        torn_probability=float(draw.choice([0.0, 0.1])), memory_patterns=int(draw.integers(1, 40))
    )
    opu["pcie"].update(rate_bit_per_s=draw.uniform(5e8, 5e10), buffer_frames=int(draw.integers(1, 40)))
    opu.update(
        retries=int(draw.integers(0, 4)),
        acquisition=str(draw.choice(["batch", "online"])),
        acquisition_s=float(draw.choice([0.0, 1e-4])),
        online_s=float(draw.choice([0.0, 1e-4])),
        format_s_per_byte=float(draw.choice([0.0, 1e-6])),
        count=int(draw.integers(1, 4)),
        split=str(draw.choice(["patterns", "outputs"])),
        power_w=draw.uniform(1, 40),
    )
    return with_configs(host_parameters(draw, lab), opu=OpuConfig.model_validate(opu))


def check_all(
    paths: Iterator[Path], lab: Laboratory, agents: Agents, others: Iterator[Laboratory]
) -> list[tuple[str, ...]]:
    """Record once, and compare every re-timing with a real run; return the warnings."""
    recorded = run(lab, agents, next(paths))
    warnings = []
    for other in others:
        found = retimed(recorded, lab, other)
        assert_equals_a_real_run(found, run(other, agents, next(paths)))
        warnings.append(found.warnings)
    return warnings


def test_a_recording_retimed_with_its_own_parameters_is_itself(paths: Iterator[Path]) -> None:
    runs: tuple[tuple[Laboratory, Agents, Detail], ...] = (
        (chip_lab(), lambda: {"tuner": tuner()}, "commands"),
        (chip_lab(), lambda: {"tuner": tuner(20), "other": overlapping(3)}, "commands"),
        (chip_lab(), lambda: {"prober": prober(), "other": sequencer(3)}, "commands"),
        (chip_lab(), lambda: {"sequencer": sequencer()}, "full"),
        (chip_lab(), lambda: {"tuner": tuner()}, "full"),
        (opu_lab(), lambda: {"trainer": trainer()}, "commands"),
        (opu_lab(), lambda: {"trainer": trainer()}, "full"),
    )
    for lab, agents, detail in runs:
        outing = run(lab, agents, next(paths), detail)
        found = retimed(outing, lab, lab)
        assert_equals_a_real_run(found, outing)
        with outing.open() as trace:
            for name in ("t_issued", "t_started", "t_done"):
                np.testing.assert_array_equal(getattr(found.times, name), getattr(trace.commands, name))


few_or_many = pytest.mark.parametrize("count", [5, pytest.param(20, marks=pytest.mark.slow)])
"""How many random sets of parameters there are."""


@few_or_many
def test_a_retimed_chip_is_a_real_one_for_random_sets_of_parameters(
    paths: Iterator[Path], count: int
) -> None:
    rng, lab = stream(5, "tests/chip"), chip_lab()
    others = (chip_parameters(rng, lab) for _ in range(count))
    assert check_all(paths, lab, lambda: {"tuner": tuner()}, others) == [()] * count


@few_or_many
@pytest.mark.parametrize("agent", [prober, sequencer])
def test_retimed_probes_are_real_ones(
    paths: Iterator[Path], count: int, agent: Callable[[], Controller]
) -> None:
    rng, lab = stream(5, "tests/probes"), chip_lab()
    others = (chip_parameters(rng, lab) for _ in range(count))
    assert check_all(paths, lab, lambda: {"agent": agent()}, others) == [()] * count


@few_or_many
def test_a_retimed_overlap_is_a_real_one(paths: Iterator[Path], count: int) -> None:
    rng, lab = stream(6, "tests/overlap"), chip_lab()
    others = (chip_parameters(rng, lab) for _ in range(count))
    assert check_all(paths, lab, lambda: {"overlapping": overlapping()}, others) == [()] * count


@few_or_many
def test_a_retimed_optical_processing_unit_is_a_real_one(paths: Iterator[Path], count: int) -> None:
    rng, lab = stream(7, "tests/opu"), without(opu_lab(), "chip")
    others = (opu_parameters(rng, lab) for _ in range(count))
    check_all(paths, lab, lambda: {"trainer": trainer()}, others)


@pytest.mark.parametrize("agent", [tuner, prober])
def test_two_agents_that_share_a_chip_are_retimed_while_they_come_in_the_same_order(
    paths: Iterator[Path], agent: Callable[..., Controller]
) -> None:
    """The second agent works through its list while the first still tunes, so that nothing is cut off."""
    rng, lab = stream(8, "tests/two"), chip_lab()

    def agents() -> Mapping[str, Controller]:
        return {"tuner": agent(20), "other": agent(4, agent=1)}

    recorded, same = run(lab, agents, next(paths)), 0
    for _ in range(20):
        other = chip_parameters(rng, lab)
        found = retimed(recorded, lab, other)
        if all("is not known" in warning for warning in found.warnings):
            same += 1
            assert_equals_a_real_run(found, run(other, agents, next(paths)))
    assert same > 0


def is_uncertain(found: Retimed) -> bool:
    return any(
        hint in warning for warning in found.warnings for hint in ("recorded order", "no record", "end after")
    )


commands = st.one_of(
    st.builds(Settle, st.one_of(st.none(), st.integers(0, 10**7))),
    st.builds(
        lambda heater, phase: SetPhases([heater], [phase]), st.integers(0, DEVICES - 1), st.floats(0, 6)
    ),
    st.sampled_from([Forward(batch) for batch in BATCHES]),
    st.builds(
        lambda heater, phase, batch: Probe([heater], [phase], batch),
        st.integers(0, DEVICES - 1),
        st.floats(0, 6),
        st.sampled_from(BATCHES),
    ),
    st.builds(Compute, st.integers(0, 10**8), st.integers(0, 10**7)),
    st.builds(lambda seed: Project(vectors(stream(seed, "tests/vectors"))), st.integers(0, 100)),
)
steps = st.tuples(commands, st.sampled_from(["ask", "ask", "start", "join"]))


def agent_of(program: list[tuple[Command, str]], ended: list[bool]) -> Controller:
    """Ask, start, or join the oldest ticket; at the end join all, and say so in ``ended``."""
    tickets = []
    for command, how in program:
        if how == "start":
            tickets.append((yield Start(command)))  # type: ignore[arg-type]
        elif how == "join" and tickets:
            yield Join(tickets.pop(0))
        else:
            yield command
    for ticket in tickets:
        yield Join(ticket)
    ended.append(True)


def some_examples(count: int) -> settings:
    return settings(
        max_examples=count,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


some_programs = st.lists(st.lists(steps, max_size=12), min_size=1, max_size=2)


@some_examples(8)
@given(some_programs, st.integers(0, 1000))
def test_a_retimed_program_without_warnings_is_a_real_one(
    tmp_path_factory: pytest.TempPathFactory, programs: list[list[tuple[Command, str]]], seed: int
) -> None:
    check_program(tmp_path_factory.mktemp("program"), programs, seed)


@pytest.mark.slow
@some_examples(100)
@given(some_programs, st.integers(0, 1000))
def test_many_retimed_programs_without_warnings_are_real_ones(
    tmp_path_factory: pytest.TempPathFactory, programs: list[list[tuple[Command, str]]], seed: int
) -> None:
    check_program(tmp_path_factory.mktemp("program"), programs, seed)


def check_program(folder: Path, programs: list[list[tuple[Command, str]]], seed: int) -> None:
    """Record ``programs``, re-time them onto their own laboratory and onto another, and compare with real runs."""
    rng, lab = stream(seed, "tests/program"), opu_lab(seed)

    def played(in_lab: Laboratory, out: Path) -> tuple[Outing, bool]:
        ended: list[bool] = []
        agents = {f"agent{number}": agent_of(program, ended) for number, program in enumerate(programs)}
        return run(in_lab, lambda: agents, out), len(ended) == len(programs)

    recorded, whole = played(lab, folder / "recorded.h5")
    itself = retimed(recorded, lab, lab)
    if whole:
        assert not is_uncertain(itself)
        assert_equals_a_real_run(itself, recorded)
    other = chip_parameters(rng, opu_parameters(rng, lab))
    found = retimed(recorded, lab, other)
    real, whole_again = played(other, folder / "real.h5")
    if whole and whole_again and not is_uncertain(found):
        assert_equals_a_real_run(found, real)


def test_totals_of_each_instrument_are_sums_over_its_commands(paths: Iterator[Path]) -> None:
    lab = chip_lab()
    outing = run(lab, lambda: {"a": tuner(20), "b": overlapping(3)}, next(paths))
    found = retimed(outing, lab, lab).by_instrument
    with outing.open() as trace:
        c, names = trace.commands, trace.labels("commands.instrument")
        for name, totals in found.items():
            mine = c.instrument == names.index(name)
            assert totals.commands == mine.sum()
            served_s = (freed_ps(c, trace.plans) - c.t_started)[mine].sum() / 1e12
            assert totals.served_s == pytest.approx(served_s)
            assert totals.waited_s == pytest.approx((c.t_started - c.t_issued)[mine].sum() / 1e12)


def test_what_binds_is_the_largest_share(paths: Iterator[Path]) -> None:
    lab = chip_lab()
    outing = run(lab, lambda: {"tuner": tuner()}, next(paths))
    recording = recording_of(outing, lab)
    assert recording.sequential
    quick = configured(lab, "host", overhead_s=1e-9)
    assert retimed(outing, lab, quick).binds == "heaters.settling"
    slow = configured(lab, "host", overhead_s=1.0)
    assert retimed(outing, lab, slow).binds == "host.think"


def test_an_empty_run_is_retimed_to_an_empty_run(paths: Iterator[Path]) -> None:
    def idle() -> Controller:
        return
        yield

    outing: Outing = run(chip_lab(), lambda: {"idle": idle()}, next(paths))
    found = retimed(outing, chip_lab(), chip_lab())
    assert (found.elapsed_ps, found.energy_j, found.binds) == (0, 0.0, "idle")
