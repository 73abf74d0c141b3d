"""The rows of a Sequence take their plans' time, and are told when it has come."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from emulator.bench_config import BudgetConfig
from emulator.commands import (
    Compute,
    Controller,
    Descent,
    Forward,
    Probe,
    Sequence,
    SetPhases,
    Settle,
    Wait,
)
from emulator.instruments.chip.chip import HEATERS
from emulator.instruments.chip.config import (
    ChipConfig,
    HeaterConfig,
    InputConfig,
    LinkConfig,
    ReceiverConfig,
    SequencerConfig,
)
from emulator.instruments.chip.timing import SEQUENCER
from tests.bench_lab import (
    CAUSE,
    DONE,
    HASTY_HOST,
    ISSUED,
    KIND,
    PLAN,
    SIZES,
    STARTED,
    SmallLab,
    elapsed_ps,
    exact_run_energy_j,
    rows_of,
)
from tests.builders import random_batch
from tests.emulator.instruments.chip.sequencer_lab import asking, blind, labelled


def test_a_sequence_takes_its_steps_one_after_the_other_as_reckoned_by_hand() -> None:
    """9 samples at 8 wavelengths, 2 averages and 2 layers are 8 symbols of 1 ns; a bit takes a 16th of a ns."""
    config = ChipConfig(
        heaters=HeaterConfig(settle_s=6e-6),
        link=LinkConfig(latency_s=1e-6, rate_bit_per_s=16e9, bits_per_sample=16, bits_per_setpoint=32),
        inputs=InputConfig(wavelengths=8, symbol_rate_hz=1e9),
        receiver=ReceiverConfig(averages=2, detection_s=10e-9, adc_s=100e-9),
        sequencer=SequencerConfig(decision_s=1.5e-6, power_w=5.0),
    )
    lab = SmallLab(config, HASTY_HOST.model_copy(update={"overhead_s": 5e-6}))
    decide = Descent("step_back", np.zeros(2), np.ones(2), np.array([True, True]), 100)
    batch = random_batch(9, SIZES[0])
    outing = lab.run(
        lambda: asking([], Sequence(np.array([[0], [1]]), np.full((2, 1), 2.0), batch, decide)),
    )
    light = [("optics", "symbols", 8_000), ("receiver", "detection", 20_000), ("receiver", "adc", 200_000)]
    decision, update = ("sequencer", "decision", 1_500_000), ("dac", "update", 1_000_000)
    settling = ("heaters", "settling", 6_000_000)
    upload = ("link", "upload", 1_000_000 + 1000 * (9 * 6 + 2 * 2 * 2 + 9))
    readout, thought = ("link", "readout", 1_000_000 + 1000 * 2 * 2), ("host", "think", 5_000_000)
    by_kind = {
        "forward": [*light, decision],
        "probe": [update, settling, *light, decision],
        "set_phases": [update],
        "settle": [settling],
    }
    rows, names = rows_of(outing), outing.rows.names["commands.kind"]
    now = 0
    for number, row in enumerate(rows):
        steps = outing.rows.plans[row[PLAN]]
        expected = by_kind[names[row[KIND]]]
        if number == 0:
            expected = [upload, *expected]
        if number == len(rows) - 1:
            expected = [*expected, readout, thought]
        assert [step[:3] for step in steps] == expected
        assert {(step.component, step.watts) for step in steps if step.held} == {(SEQUENCER, 5.0)}
        assert row[ISSUED] == 0
        assert row[STARTED] == now
        now = row[DONE]
        assert now - row[STARTED] == sum(ps for *_, ps in expected)
        assert row[CAUSE] == -1
    assert elapsed_ps(outing.result) == now
    drawn_j = outing.result.energy_by_component_j[SEQUENCER]
    assert drawn_j == pytest.approx(5.0 * (outing.result.elapsed_s - 5e-6), rel=1e-12)


def test_a_sequence_that_decides_nothing_brings_every_phase_and_takes_every_output_back() -> None:
    """5 probes of 3 heaters and 9 samples of 6 values in; 9 samples of 4 outputs a probe out; 16 bits a ns."""
    link = LinkConfig(latency_s=1e-6, rate_bit_per_s=16e9, bits_per_sample=16, bits_per_setpoint=32)
    lab = SmallLab(ChipConfig(link=link), HASTY_HOST)
    batch = random_batch(9, SIZES[0])
    heaters = np.tile([0, 1, 2], (5, 1))
    outing = lab.run(lambda: asking([], Sequence(heaters, np.full((5, 3), 2.0), batch)))
    steps = [
        step[:3] for row in rows_of(outing) for step in outing.rows.plans[row[PLAN]] if step[0] == "link"
    ]
    assert steps == [
        ("link", "upload", 1_000_000 + 1000 * (9 * SIZES[0] + 2 * 5 * 3)),
        ("link", "readout", 1_000_000 + 1000 * 5 * 9 * SIZES[-1]),
    ]


def test_rows_of_a_sequence_stand_among_those_of_others_in_the_order_of_replies(lab: SmallLab) -> None:
    def computing() -> Controller:
        for _ in range(60):
            yield Compute(200_000, 0)

    outing = lab.run(lambda: asking([], blind(20), blind(5, 2)), computing)
    rows = rows_of(outing)
    done = [row[DONE] for row in rows]
    assert done == sorted(done)
    agents = [row[0] for row in rows]
    assert sum(left != right for left, right in pairwise(agents)) > 30
    own = [number for number, row in enumerate(rows) if row[0] == 0]
    assert [rows[number][CAUSE] for number in own] == [-1] * 20 + [own[19]] * 5
    alone = lab.run(lambda: asking([], blind(20), blind(5, 2)))
    assert [row[STARTED:] for row in rows if row[0] == 0] == [row[STARTED:] for row in rows_of(alone)]
    power = [level for level in outing.rows.watts if level[0] == alone.rows.watts[0][0]]
    assert power == [level for level in alone.rows.watts if level[0] == alone.rows.watts[0][0]]


def test_what_lies_beyond_the_end_of_the_run_is_not_told(lab: SmallLab) -> None:
    def main() -> Controller:
        yield Wait(100_000_000)

    whole, cut = lab.run(lambda: asking([], blind(40))), lab.run(main, lambda: asking([], blind(40)))
    rows = rows_of(cut)
    assert elapsed_ps(cut.result) == 100_000_000 < elapsed_ps(whole.result)
    assert [row[STARTED:] for row in rows] == [
        row[STARTED:] for row in rows_of(whole) if row[DONE] <= 100_000_000
    ]
    assert 0 < len(rows) == cut.result.queries < 40
    assert all(t_ps <= 100_000_000 for _, t_ps, _ in cut.rows.watts)
    assert cut.result.energy_j == pytest.approx(float(exact_run_energy_j(cut)), rel=1e-14)
    heaters = cut.rows.names["power.component"].index(HEATERS)
    assert [level for level in cut.rows.watts if level[0] == heaters] == [
        level for level in whole.rows.watts if level[0] == heaters and level[1] <= rows[-1][DONE]
    ]


@pytest.mark.parametrize("end_ps", [1_000_000, 9_000_000, 40_000_000, 90_000_000, 10**9])
def test_what_is_carried_out_ahead_of_its_time_is_not_told_before(lab: SmallLab, end_ps: int) -> None:
    """A Sequence is carried out when it is asked for, and with it all that wait before it."""

    def main() -> Controller:
        yield Wait(end_ps)

    def others() -> list[Any]:
        probes = [Probe([3 + number], [2.0], labelled(0)) for number in range(2)]
        return [lambda probe=probe: asking([], probe) for probe in probes]

    def afterwards() -> Controller:
        yield Wait(1)
        yield from asking([], blind(3), SetPhases([9], [0.5]))

    def behind() -> Controller:
        yield Wait(2)
        yield from asking([], SetPhases([8], [3.0]), Probe([9], [3.0], labelled(2)))

    cut = lab.run(main, *others(), afterwards, behind)
    rows = rows_of(cut)
    read = [cut.rows.names["commands.kind"][row[KIND]] == "probe" for row in rows]
    assert cut.result.queries == sum(read)
    assert all(row[DONE] <= end_ps for row in rows)
    assert all(t_ps <= end_ps for _, t_ps, _ in cut.rows.watts)
    assert cut.result.energy_j == pytest.approx(float(exact_run_energy_j(cut)), rel=1e-14)


@pytest.mark.parametrize(
    "budget", [BudgetConfig(queries=10), BudgetConfig(time_s=1e-5), BudgetConfig(energy_j=1e-6)]
)
def test_a_budget_that_a_sequence_spends_ends_the_run_with_it(lab: SmallLab, budget: BudgetConfig) -> None:
    outing = lab.run(lambda: asking([], *[blind(20)] * 5), budget=budget)
    assert outing.result.status == "budget"
    assert (outing.result.queries, len(rows_of(outing))) == (20, 20)


def test_a_query_after_a_sequence_waits_for_its_end_and_sees_what_it_left(lab: SmallLab) -> None:
    near: list[Any] = []
    alone: list[Any] = []

    def late() -> Controller:
        yield Wait(1)
        near.append((yield Forward(labelled(1))))

    outing = lab.run(lambda: asking([], blind(20), Settle(10**9)), late)
    row = next(row for row in rows_of(outing) if row[0] == 1)
    last = [row for row in rows_of(outing) if row[0] == 0][19]
    free_ps = last[STARTED] + sum(step.ps for step in outing.rows.plans[last[PLAN]] if step.held)
    assert row[STARTED] == free_ps == last[DONE] - 5_000_000
    lab.run(lambda: asking(alone, blind(20), Forward(labelled(1))))
    assert np.abs(alone[1].outputs - near[0].outputs).max() < 0.1  # another time, hence another heat
    assert near[0].power_w == alone[1].power_w
