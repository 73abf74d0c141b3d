"""An incumbent is named at no cost, judged as if it were driven and settled, and a row that every replay sees."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from emulator.bench import Bench
from emulator.bench_config import BudgetConfig
from emulator.commands import Controller, Forward, Incumbent, Join, Log, Probe, SetPhases, Settle, Start
from emulator.errors import CommandError
from emulator.instruments.chip.chip import Chip
from emulator.instruments.chip.config import HeaterConfig, ReceiverConfig
from emulator.instruments.chip.state import ChipCore
from emulator.instruments.incumbents import phases_of
from emulator.instruments.instrument import Stand
from tests.bench_lab import BATCH, CAUSE, DONE, HASTY_HOST, ISSUED, PLAN, STARTED, SmallLab, rows_of
from tests.builders import QUIET, ideal_chip, random_batch, random_design
from tests.opu_lab import DESIGN, small_opu

SIZES = (6, 5, 3)
LIVELY = HeaterConfig(omega=0.02, substrate_coupling=1e-3, dead=(4,))
HEATERS = np.array([0, 4, 7, 30])
RADIANS = np.array([-1.0, 2.0, 3.0, 7.5])
LONG_PS = 10**14


# ----------------------------------------------------------------------------- physics, on a core alone


@pytest.mark.parametrize("dynamics", ["dynamic", "instant"])
@pytest.mark.parametrize("dac_bits", [0, 6])
@pytest.mark.parametrize("receiver", [QUIET, ReceiverConfig()])
def test_it_is_judged_as_if_it_were_driven_and_had_settled(
    dynamics: Any, dac_bits: int, receiver: ReceiverConfig
) -> None:
    heaters = LIVELY.model_copy(update={"dynamics": dynamics})
    config = ideal_chip(heaters, receiver=receiver, dac_bits=dac_bits)
    judged, driven = (ChipCore(config, random_design(SIZES, 1), 0) for _ in range(2))
    inputs = random_batch(20, SIZES[0]).inputs
    for core in (judged, driven):  # something else is driven, and has not settled
        core.drive(np.array([7, 9, 11]), np.array([0.5, 6.0, 1.0]), 0)
        core.disturb("gamma", 9, 1.2, 1000)
    driven.drive(HEATERS, RADIANS, 0)
    driven.drive(np.empty(0, dtype=np.int64), np.empty(0), LONG_PS)
    expected = driven.observe(inputs, 3, 0)
    np.testing.assert_allclose(
        judged.observe_settled(inputs, 3, HEATERS, RADIANS), expected, rtol=0, atol=1e-10
    )
    np.testing.assert_array_equal(judged.driven_at(HEATERS, RADIANS), driven.driven_phases())
    driven.load(inputs)
    if receiver is QUIET:
        np.testing.assert_allclose(driven.read(0, 0)[0], expected, rtol=0, atol=1e-10)


def test_judging_it_leaves_no_mark_on_the_chip() -> None:
    config = ideal_chip(LIVELY, receiver=ReceiverConfig())
    watched, alone = (ChipCore(config, random_design(SIZES, 1), 0) for _ in range(2))
    batch, held_out = random_batch(12, SIZES[0]).inputs, random_batch(9, SIZES[0], 1).inputs
    for core in (watched, alone):
        core.load(batch)
    for draw in range(10):
        for core in (watched, alone):
            core.drive(np.array([draw + 5]), np.array([0.3 * draw]), 200_000)
        watched.observe_settled(held_out, draw, HEATERS, RADIANS)
        watched.driven_at(HEATERS, RADIANS)
        np.testing.assert_array_equal(watched.read(draw, 100_000)[0], alone.read(draw, 100_000)[0])
        assert watched.heater_power_w == alone.heater_power_w
        np.testing.assert_array_equal(watched.phases(), alone.phases())


# ------------------------------------------------------------------------------------------ on a bench


class Seen:
    """An observer that keeps what the chip shows, and the phases that are judged, every query."""

    every_queries = 1

    def __init__(self) -> None:
        self.outputs: list[np.ndarray] = []
        self.judged: list[np.ndarray] = []

    def observe(self, bench: Bench) -> Mapping[str, float]:
        chip = bench.instrument(Chip)
        self.outputs.append(chip.observe(BATCH.inputs, bench.now_ps))
        self.judged.append(chip.judged())
        return {}


def searching(name: bool) -> Callable[[], Controller]:
    def agent() -> Controller:
        for step in range(5):
            yield Probe([1, 2], [0.1 * step, 1.0], BATCH)
            if name:
                yield Incumbent([0.5 + step, 2.0], [1, 2])
            yield Log("step", step)

    return agent


@pytest.fixture
def quiet_lab() -> SmallLab:
    return SmallLab(ideal_chip(HeaterConfig(omega=0.01)), HASTY_HOST)


def test_what_was_named_is_judged_and_not_what_is_driven(quiet_lab: SmallLab) -> None:
    seen = Seen()
    outing = quiet_lab.run(searching(name=True), observers=[seen])
    last = outing.bench.instrument(Chip)
    assert last.core.driven_phases()[[1, 2]].tolist() == [0.4, 1.0]
    assert seen.judged[-1][[1, 2]].tolist() == [4.5, 2.0]
    assert seen.judged[1][[1, 2]].tolist() == [0.0, 1.0], "the first probe came before any name"
    assert outing.rows.states["final_phases"][[1, 2]].tolist() == [0.4, 1.0]
    assert outing.rows.states["incumbent_phases"][[1, 2]].tolist() == [4.5, 2.0]
    fresh = quiet_lab.bench()
    fresh.ask(SetPhases([1, 2], [4.5, 2.0]))
    fresh.ask(Settle(LONG_PS))
    shown = fresh.instrument(Chip).observe(BATCH.inputs, fresh.now_ps)
    np.testing.assert_allclose(seen.outputs[-1], shown, rtol=0, atol=1e-10)


def test_of_an_agent_that_names_none_what_is_driven_is_judged(quiet_lab: SmallLab) -> None:
    seen = Seen()
    outing = quiet_lab.run(searching(name=False), observers=[seen])
    assert seen.judged[-1][[1, 2]].tolist() == [0.4, 1.0]
    assert "incumbent_phases" not in outing.rows.states


def test_naming_takes_no_time_no_energy_and_no_query_and_is_a_row_with_its_phases(
    quiet_lab: SmallLab,
) -> None:
    named, silent = (quiet_lab.run(searching(name)) for name in (True, False))
    assert (named.result.elapsed_s, named.result.queries) == (silent.result.elapsed_s, silent.result.queries)
    assert named.result.energy_j == silent.result.energy_j
    assert named.rows.watts == silent.rows.watts
    rows = [row for row in rows_of(named) if named.rows.names["commands.kind"][row[2]] == "incumbent"]
    assert len(rows) == 5
    for row in rows:
        assert row[ISSUED] == row[STARTED] == row[DONE]
        assert row[CAUSE] == rows_of(named).index(row) - 1
        assert named.rows.plans[row[PLAN]] == ()
    assert ([1, 2], [4.5, 2.0]) in named.rows.settings


def test_it_does_not_wait_for_a_command_that_is_under_way(quiet_lab: SmallLab) -> None:

    def agent() -> Controller:
        ticket = yield Start(Settle(10**9))
        yield Incumbent([1.0], [3])
        spent = yield Start(Settle(1))
        yield Join(ticket)
        yield Join(spent)

    outing = quiet_lab.run(agent)
    kinds = outing.rows.names["commands.kind"]
    (row,) = [row for row in rows_of(outing) if kinds[row[2]] == "incumbent"]
    assert (row[ISSUED], row[DONE]) == (0, 0)


def test_heaters_that_are_not_named_are_judged_as_they_are_driven(quiet_lab: SmallLab) -> None:
    def agent() -> Controller:
        yield Incumbent([1.5], [3])
        yield SetPhases([3, 5], [0.1, 2.5])
        yield Settle()

    chip = quiet_lab.run(agent).bench.instrument(Chip)
    assert chip.judged()[[3, 5]].tolist() == [1.5, 2.5]


def test_without_heaters_all_active_ones_are_meant_and_what_was_named_is_the_judge_s_own() -> None:
    lab = SmallLab(ideal_chip(), HASTY_HOST, active=0.5)
    active = lab.bench().instrument(Chip).core.design.active
    phases = np.linspace(0.0, 6.0, int(active.sum()))

    def agent() -> Controller:
        yield Incumbent(phases)
        yield Forward(BATCH)
        phases[:] = 0.0

    chip = lab.run(agent).bench.instrument(Chip)
    np.testing.assert_array_equal(chip.judged()[active], np.linspace(0.0, 6.0, int(active.sum())))


# ------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (Incumbent([1.0, 2.0], [3]), "2 phases for 1 heaters named; allowed: radians"),
        (Incumbent([1.0]), "1 phases for 45 active heaters"),
        (Incumbent([1.0], [45]), "device 45 is not an active heater of this chip"),
        (Incumbent([1.0], [-1]), "device -1 is not an active heater"),
        (Incumbent([float("nan")], [3]), "phase nan of heater 3 is not finite"),
        (Incumbent(["a"], [3]), "could not convert string to float"),  # type: ignore[list-item]
        (Incumbent([1.0], [3.5]), r"heaters \(1,\) of float64; allowed"),  # type: ignore[list-item]
        (Incumbent(1.0, 3), r"radians have shape \(\), heaters \(\)"),  # type: ignore[arg-type]
        (Incumbent([[1.0]], [[3]]), r"radians have shape \(1, 1\)"),  # type: ignore[list-item]
        (Incumbent(None, [3]), "Incumbent: "),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_what_the_chip_could_not_be_driven_to_is_refused_and_leaves_no_row(
    quiet_lab: SmallLab, command: Incumbent, words: str
) -> None:
    def agent() -> Controller:
        with pytest.raises(CommandError, match=words):
            yield command
        yield Settle()

    outing = quiet_lab.run(agent)
    assert len(rows_of(outing)) == 1
    assert "incumbent_phases" not in outing.rows.states


def test_a_bench_without_a_chip_says_that_nothing_can_be_named() -> None:
    def agent() -> Controller:
        with pytest.raises(CommandError, match=r"nothing on this bench .* on it stand: .*opu"):
            yield Incumbent([1.0], [0])

    Bench({"opu": Stand(small_opu(), DESIGN)}, 0).run({"a": agent()})


def test_a_loop_that_only_names_is_ended_by_the_budget_of_commands(quiet_lab: SmallLab) -> None:
    def agent() -> Controller:
        while True:
            yield Incumbent([1.0], [3])

    result = quiet_lab.run(agent, budget=BudgetConfig(commands=23)).result
    assert (result.status, result.reason) == ("budget", "budget.commands: 23 of 23 commands spent")


def test_phases_are_read_into_arrays_of_full_width() -> None:
    heaters, radians = phases_of(Incumbent((1, 2), np.array([3, 4], dtype=np.uint8)), np.ones(9, dtype=bool))
    assert (heaters.dtype, radians.dtype) == (np.int64, np.float64)
    assert (heaters.tolist(), radians.tolist()) == ([3, 4], [1.0, 2.0])
