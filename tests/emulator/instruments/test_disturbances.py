"""When a disturbance takes effect: at once, or when what is under way is over."""

from typing import Any

import numpy as np
import pytest

from emulator.commands import Controller, Disturb, Forward, Probe, Sequence, Settle, Spending, Wait
from emulator.errors import CommandError
from emulator.instruments.chip.chip import HEATERS, Chip
from emulator.instruments.chip.config import ChipConfig, HeaterConfig
from emulator.instruments.host.config import HostConfig
from tests.bench_lab import (
    CAUSE,
    DONE,
    ISSUED,
    KIND,
    STARTED,
    Outing,
    SmallLab,
    exact_run_energy_j,
    looks,
    rows_of,
)
from tests.builders import random_batch

LAB = SmallLab(ChipConfig(heaters=HeaterConfig(omega=0.02)), HostConfig())
BATCH = random_batch(5, 6)
HEATER = 7


def disturbing(at_ps: int, *more: Any) -> Controller:
    yield Wait(at_ps)
    yield Disturb("chip.dead", 1.0, HEATER)
    yield from asking([], *more)


def asking(replies: list[Any], *commands: Any) -> Controller:
    for command in commands:
        reply = yield command
        replies.append(reply)


def heater_levels(outing: Outing) -> list[tuple[int, float]]:
    handle = outing.rows.names["power.component"].index(HEATERS)
    return [(t_ps, watts) for component, t_ps, watts in outing.rows.watts if component == handle]


def kind_of(outing: Outing, row: tuple[Any, ...]) -> str:
    return str(outing.rows.names["commands.kind"][row[KIND]])


def test_on_an_idle_chip_it_takes_effect_at_once_and_the_meter_sees_it() -> None:
    def main() -> Controller:
        yield Wait(10**9)

    outing = LAB.run(main, lambda: disturbing(400_000_000))
    before = LAB.bench().instrument(Chip).core
    alive_w, driven_rad = before.heater_power_w, before.driven_phases()[HEATER]
    dead_w = alive_w - driven_rad * LAB.chip.heaters.p_pi_w / np.pi
    assert heater_levels(outing) == [(0, alive_w), (400_000_000, pytest.approx(dead_w))]
    assert outing.result.energy_by_component_j[HEATERS] == pytest.approx(alive_w * 4e-4 + dead_w * 6e-4)
    assert outing.result.energy_j == pytest.approx(float(exact_run_energy_j(outing)), rel=1e-14)
    assert outing.rows.states["final_phases"][HEATER] == 0.0


SEQUENCE = Sequence(np.arange(8, 14)[:, np.newaxis], np.full((6, 1), 2.0), BATCH)


@pytest.mark.parametrize("first", [Forward(BATCH), Probe([3], [1.0], BATCH), Settle(20_000_000), SEQUENCE])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_what_is_under_way_is_finished_as_if_nothing_had_happened(first: Any, share: float) -> None:
    """What comes next sees a heater that died when the command was over."""
    undisturbed: list[Any] = []
    replies: list[Any] = []
    alone = LAB.run(lambda: asking(undisturbed, first, Forward(BATCH)))
    own = rows_of(alone)[:-1]
    free_ps = rows_of(alone)[-1][STARTED]
    if not isinstance(first, Settle):
        free_ps -= 5_000_000  # the host's thought does not hold the chip
    at_ps = round(share * free_ps)
    outing = LAB.run(lambda: asking(replies, first, Forward(BATCH)), lambda: disturbing(at_ps))
    rows = [row for row in rows_of(outing) if row[0] == 0]
    assert [row[STARTED:] for row in rows[:-1]] == [row[STARTED:] for row in own]
    assert (replies[1].outputs != undisturbed[1].outputs).any()
    [row] = [row for row in rows_of(outing) if row[0] == 1]
    assert kind_of(outing, row) == "disturb.dead"
    assert row[ISSUED] == row[STARTED] == row[DONE] == at_ps
    done = [row[DONE] for row in rows_of(outing)]
    assert done == sorted(done)
    assert (free_ps, outing.bench.instrument(Chip).core.heater_power_w) in heater_levels(outing)
    assert outing.result.energy_j == pytest.approx(float(exact_run_energy_j(outing)), rel=1e-14)

    later: list[Any] = []
    LAB.run(lambda: asking(later, first, Forward(BATCH)), lambda: disturbing(free_ps))
    np.testing.assert_array_equal(later[1].outputs, replies[1].outputs)


def test_it_comes_between_two_commands_that_follow_each_other_without_a_pause() -> None:
    replies: list[Any] = []
    chips: list[Any] = []

    def main() -> Controller:
        yield Wait(10**8)

    first, second = Probe([3], [1.0], BATCH), Probe([4], [1.0], BATCH)
    LAB.run(
        main,
        lambda: asking(replies, first),
        lambda: asking(chips, second),
        lambda: disturbing(3_000_000),
    )
    quiet: list[Any] = []
    LAB.run(main, lambda: asking([], first), lambda: asking(quiet, second))
    single: list[Any] = []
    LAB.run(lambda: asking(single, first))
    np.testing.assert_array_equal(single[0].outputs, replies[0].outputs)
    assert (quiet[0].outputs != chips[0].outputs).any()


def test_who_disturbs_goes_on_at_once_and_its_row_is_the_cause_of_what_it_asks_next() -> None:
    outing = LAB.run(lambda: looks(20), lambda: disturbing(1_000, Settle(5)))
    own = [(number, row) for number, row in enumerate(rows_of(outing)) if row[0] == 1]
    (place, row), (_, after) = own
    assert (row[CAUSE], after[CAUSE]) == (-1, place)
    assert after[ISSUED] == row[DONE] == 1_000


def test_a_disturbance_after_the_end_of_the_run_is_none() -> None:
    outing = LAB.run(lambda: looks(2), lambda: disturbing(10**12))
    assert {kind_of(outing, row) for row in rows_of(outing)} == {"forward"}


@pytest.mark.parametrize("first", [Forward(BATCH), SEQUENCE])
def test_a_refusal_comes_at_once_even_if_a_command_is_under_way(first: Any) -> None:
    refused: list[str] = []

    def wrong() -> Controller:
        yield Wait(1_000)
        try:
            yield Disturb("chip.dead", 1.0, 99)
        except CommandError as error:
            refused.append(str(error))

    outing = LAB.run(lambda: asking([], first), wrong)
    assert len(refused) == 1
    assert rows_of(outing) == rows_of(LAB.run(lambda: asking([], first)))


@pytest.mark.parametrize("at_ps", [1_000_000, 3_000_000])
def test_a_sequence_that_has_to_wait_does_not_put_off_what_changes_before_it(at_ps: int) -> None:
    """Asked for before the change or after it, it sees a heater that died while another command was under way."""
    replies: list[Any] = []

    def later() -> Controller:
        yield Wait(2_000_000)
        yield from asking(replies, SEQUENCE)

    outing = LAB.run(lambda: asking([], Settle(20_000_000), Wait(10**9)), later, lambda: disturbing(at_ps))
    alone: list[Any] = []
    died = Disturb("chip.dead", 1.0, HEATER)
    other = LAB.run(lambda: asking(alone, Settle(20_000_000), died, SEQUENCE, Wait(10**9)))
    np.testing.assert_array_equal(replies[0].outputs, alone[2].outputs)
    assert heater_levels(outing) == heater_levels(other)
    assert outing.result.energy_j == pytest.approx(float(exact_run_energy_j(outing)), rel=1e-14)


def test_what_comes_at_the_instant_of_a_sequences_start_comes_before_it() -> None:
    asked: list[Any] = []
    changed: list[Any] = []
    LAB.run(lambda: asking(asked, SEQUENCE), lambda: asking([], Disturb("chip.dead", 1.0, HEATER)))
    LAB.run(lambda: asking(changed, Disturb("chip.dead", 1.0, HEATER), SEQUENCE))
    np.testing.assert_array_equal(asked[0].outputs, changed[1].outputs)


def test_a_sequence_does_not_start_while_the_link_is_held_from_that_instant_on() -> None:
    def later() -> Controller:
        yield Wait(2_000_000)
        yield SEQUENCE

    def world() -> Controller:
        yield Wait(3_000_000)  # so that it is the last to wait for that instant
        yield Wait(20_000_000)
        yield Disturb("chip.link", 1e-3)

    outing = LAB.run(lambda: asking([], Settle(20_000_000), Wait(10**10)), later, world)
    started = [row[STARTED] for row in rows_of(outing) if row[0] == 1]
    assert min(started) == 20_000_000 + 10**9


@pytest.mark.parametrize(
    "wrong", [Probe([99], [1.0], BATCH), Sequence(np.array([[99]]), np.ones((1, 1)), BATCH)]
)
def test_who_stands_behind_a_sequence_is_refused_at_once(wrong: Any) -> None:
    refused: list[int] = []

    def third() -> Controller:
        yield Wait(2_000)
        try:
            yield wrong
        except CommandError:
            refused.append((yield Spending()).time_ps)

    def second() -> Controller:
        yield Wait(1_000)
        yield SEQUENCE

    LAB.run(lambda: asking([], Settle(20_000_000), Wait(10**9)), second, third)
    assert refused == [2_000]
