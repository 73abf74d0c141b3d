"""The sequencer on the bench: it decides as a host would, bit for bit, and its rows take their plans' time."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count, pairwise
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from controllers.losses import cross_entropy
from controllers.zeroth_order.szo_scd import SzoScdConfig, szo_scd
from emulator.bench_config import BudgetConfig
from emulator.commands import (
    Batch,
    Compute,
    Controller,
    Descent,
    Forward,
    Probe,
    Reading,
    Readings,
    Sequence,
    SetPhases,
    Settle,
    Wait,
)
from emulator.errors import CommandError
from emulator.instruments.chip.chip import HEATERS, Chip
from emulator.instruments.chip.config import (
    ChipConfig,
    HeaterConfig,
    InputConfig,
    LinkConfig,
    ReceiverConfig,
    SequencerConfig,
)
from emulator.instruments.chip.timing import SEQUENCER
from emulator.streams import stream
from tests.bench_lab import (
    CAUSE,
    DONE,
    HASTY_HOST,
    ISSUED,
    KIND,
    PLAN,
    SIZES,
    STARTED,
    Outing,
    SmallLab,
    elapsed_ps,
    exact_run_energy_j,
    rows_of,
)
from tests.builders import random_batch

TARGET, VALUE = 8, 9
Rule = Literal["step_back", "three_point"]

AT_HAND = LinkConfig(latency_s=0.0).model_copy(update={"rate_bit_per_s": 1e30})
"""A link without delay: whoever decides is as near as the sequencer."""

BESIDE = ChipConfig(
    heaters=HeaterConfig(omega=0.02, settle_s=2e-6),
    link=AT_HAND,
    sequencer=SequencerConfig(decision_s=0.0, power_w=0.0),
    receiver=ReceiverConfig(averages=4),
)
NEAR = SmallLab(BESIDE, HASTY_HOST, active=0.6)
"""A noisy chip with heaters that take their time, read and decided upon in no time."""


def labelled(key: int, samples: int = 12) -> Batch:
    rng = stream(key, "tests/sequencer")
    return Batch(key, rng.random((samples, SIZES[0])), rng.integers(SIZES[-1], size=samples))


def batches() -> Iterator[Batch]:
    return (labelled(number % 3) for number in count())


def told(outing: Outing) -> list[tuple[Any, ...]]:
    """Return of every row what does not depend on who decides: kind, times, target, value, result."""
    names = outing.rows.names["commands.kind"]
    return [(names[row[KIND]], *row[STARTED:]) for row in rows_of(outing)]


def metrics(outing: Outing) -> list[tuple[str, int, int, float]]:
    return outing.rows.metrics


# --------------------------------------------------------------------------------- host and sequencer


@pytest.mark.parametrize("p", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("step_rad", "limit"), [(0.02, 83), (3.0, 84), (0.3, 120)])
def test_a_descent_by_the_sequencer_is_the_descent_by_the_host_bit_for_bit(
    p: float, step_rad: float, limit: int
) -> None:
    def descent(loop: Literal["host", "sequencer"]) -> Controller:
        config = SzoScdConfig(
            sparsity=0.4, step_rad=step_rad, power_awareness=p, queries=limit, order="shuffled", loop=loop
        )
        core = NEAR.bench().instrument(Chip).core
        heaters = np.flatnonzero(core.design.active)
        phases = core.design.phases()[heaters]
        yield from szo_scd(config, heaters, phases, batches(), 3, stream(0, "tests/choices"))

    host, sequencer = (NEAR.run(lambda loop=loop: descent(loop)) for loop in ("host", "sequencer"))  # type: ignore[misc]
    assert host.result.queries == limit
    assert told(host) == told(sequencer)
    assert metrics(host) == metrics(sequencer)
    assert {name for name, *_ in metrics(host)} >= {"train_loss", "steps_accepted", "steps_pruned"}
    assert host.rows.watts == sequencer.rows.watts
    assert host.rows.batches == sequencer.rows.batches
    np.testing.assert_array_equal(host.rows.states["final_phases"], sequencer.rows.states["final_phases"])
    assert host.result.elapsed_s == sequencer.result.elapsed_s
    assert host.result.energy_by_component_j == pytest.approx(
        sequencer.result.energy_by_component_j, rel=1e-12
    )


def by_host(command: Sequence, found: list[Readings]) -> Controller:
    """Do what ``command`` asks of the sequencer, one command after the other, and note what was found."""
    decide, batch = command.decide, command.batch
    assert decide is not None
    reading: Reading = yield Forward(batch)
    reference, readings, ends = cross_entropy(reading.outputs, batch.labels), 1, []
    accepted = tied = pruned = 0
    for visit, heater in enumerate(command.heaters[:, 0].tolist()):
        if readings >= decide.queries:
            break
        reading = yield Probe([heater], [float(command.radians[visit, 0])], batch)
        readings += 1
        loss = cross_entropy(reading.outputs, batch.labels)
        ends.append(command.radians[visit, 0])
        if loss < reference:
            accepted, reference = accepted + 1, loss
            continue
        tied += loss == reference
        pruned += bool(decide.keep_home[visit])
        goes_home = bool(decide.keep_home[visit]) or readings >= decide.queries
        if not goes_home:
            reading = yield Probe([heater], [float(decide.back[visit])], batch)
            readings += 1
            ends[-1] = decide.back[visit]
            loss = cross_entropy(reading.outputs, batch.labels)
            if decide.rule == "step_back" or loss < reference:
                accepted += decide.rule == "three_point"
                reference = loss
            else:
                tied += loss == reference
                goes_home = True
        if goes_home:
            ends[-1] = decide.home[visit]
            yield SetPhases([heater], [float(decide.home[visit])])
            yield Settle()
    power_w = reading.power_w
    found.append(
        Readings(np.empty((0, 0, 0)), np.array(ends), reference, readings, accepted, tied, pruned, power_w)
    )


def visits(
    rule: Rule,
    number: int = 8,
    queries: int = 1000,
    seed: int = 0,
    step_rad: float = 0.4,
    lab: SmallLab = NEAR,
) -> Sequence:
    """Return a Sequence that visits ``number`` active heaters, some of which may not step back."""
    core = lab.bench().instrument(Chip).core
    rng = stream(seed, "tests/sequences")
    heaters = rng.choice(np.flatnonzero(core.design.active), number, replace=False)
    home = core.driven_phases()[heaters]
    decide = Descent(rule, home - step_rad, home, rng.random(number) < 0.3, queries)
    return Sequence(heaters[:, np.newaxis], (home + step_rad)[:, np.newaxis], labelled(1), decide)


def asking(found: list[Any], *commands: Any) -> Controller:
    for command in commands:
        reply = yield command
        found.append(reply)


@pytest.mark.parametrize("rule", ["step_back", "three_point"])
@pytest.mark.parametrize(("queries", "seed"), [(1000, 0), (1000, 1), (1, 2), (2, 3), (5, 4), (10, 5)])
def test_every_rule_decides_as_a_host_would(rule: Rule, queries: int, seed: int) -> None:
    command = visits(rule, queries=queries, seed=seed)
    near: list[Readings] = []
    far: list[Readings] = []
    sequencer = NEAR.run(lambda: asking(near, command))
    host = NEAR.run(lambda: by_host(command, far))
    assert told(sequencer) == told(host)
    np.testing.assert_array_equal(near[0].radians, far[0].radians)
    assert near[0][2:7] == far[0][2:7]
    assert near[0].power_w == sequencer.bench.instrument(Chip).core.heater_power_w
    assert sequencer.rows.watts == host.rows.watts
    assert sequencer.result.queries == near[0].readings


def test_three_points_return_to_the_middle_one_where_it_is_the_best() -> None:
    """Steps of 0 never improve a loss that has no noise."""
    quiet = replace(
        NEAR,
        chip=BESIDE.model_copy(
            update={
                "heaters": HeaterConfig(dynamics="instant", settle_s=2e-6),
                "receiver": ReceiverConfig(shot_noise=False, thermal_noise_a_per_sqrt_hz=0.0),
            }
        ),
    )
    command = visits("three_point", step_rad=0.0, lab=quiet)
    decide = command.decide
    assert decide is not None
    found: list[Readings] = []
    outing = quiet.run(lambda: asking(found, command))
    before, after = (outing.rows.states[name] for name in ("initial_phases", "final_phases"))
    np.testing.assert_array_equal(before, after)
    np.testing.assert_array_equal(found[0].radians, decide.home)
    pruned = int(decide.keep_home.sum())
    assert (found[0].accepted, found[0].pruned, found[0].tied) == (0, pruned, 16 - pruned)


@pytest.mark.parametrize("width", [1, 3])
def test_a_blind_sequence_is_its_probes_one_by_one(width: int) -> None:
    rng = stream(width, "tests/blind")
    active = np.flatnonzero(NEAR.bench().instrument(Chip).core.design.active)
    heaters = np.array([rng.choice(active, width, replace=False) for _ in range(6)])
    radians, batch = rng.uniform(0, 6, heaters.shape), labelled(2)
    near: list[Readings] = []
    far: list[Reading] = []
    sequencer = NEAR.run(lambda: asking(near, Sequence(heaters, radians, batch)))
    host = NEAR.run(
        lambda: asking(
            far, *(Probe(h.tolist(), r.tolist(), batch) for h, r in zip(heaters, radians, strict=True))
        )
    )
    assert told(sequencer) == told(host)
    np.testing.assert_array_equal(near[0].outputs, np.stack([reading.outputs for reading in far]))
    assert near[0].power_w == far[-1].power_w
    assert sequencer.rows.watts == host.rows.watts
    assert sequencer.rows.settings == host.rows.settings
    assert len(host.rows.settings) == (6 if width > 1 else 0)
    if width > 1:
        assert host.rows.settings == [(h.tolist(), r.tolist()) for h, r in zip(heaters, radians, strict=True)]


# ---------------------------------------------------------------------------------------------- time


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


def blind(number: int, key: int = 1) -> Sequence:
    heaters = np.arange(number)[:, np.newaxis]
    return Sequence(heaters, np.linspace(1.0, 2.0, number)[:, np.newaxis], labelled(key))


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
        level for level in whole.rows.watts if level[0] == heaters and level[1] <= 100_000_000
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


# ------------------------------------------------------------------------------- refused and diverged


def changed(command: Sequence, **changes: Any) -> Sequence:
    decide = command.decide
    assert decide is not None
    return Sequence(command.heaters, command.radians, command.batch, decide._replace(**changes))


GOOD = visits("step_back", 3)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (
            Sequence(np.zeros((0, 1), dtype=np.int64), np.zeros((0, 1)), labelled(1)),
            r"heaters have shape \(0, 1\)",
        ),
        (Sequence(np.array([1, 2]), np.array([1.0, 2.0]), labelled(1)), r"both are \(n, k\)"),
        (Sequence(np.array([[1, 2]]), np.array([[1.0]]), labelled(1)), r"phases \(1, 1\)"),
        (Sequence(np.array([[-1]]), np.array([[1.0]]), labelled(1)), "device -1 is not an active heater"),
        (Sequence(np.array([[99]]), np.array([[1.0]]), labelled(1)), "device 99 is not an active heater"),
        (Sequence(np.array([[1]]), np.array([[np.nan]]), labelled(1)), "a phase is not finite"),
        (Sequence(np.array([[1]]), np.array([[1.0]]), random_batch(3, 7)), r"takes \(samples >= 1, 6\)"),
        (changed(GOOD, rule="step_bck"), r"'step_bck' is no rule of a Descent; did you mean 'step_back'\?"),
        (changed(GOOD, queries=0), r"reads at least once \(0 given\)"),
        (changed(GOOD, back=np.zeros(2)), r"back has shape \(2,\); allowed: \(3,\), one a visit"),
        (changed(GOOD, home=np.full(3, np.inf)), "a phase is not finite"),
        (changed(GOOD, keep_home=np.zeros((3, 1), dtype=np.bool_)), "keep_home has shape"),
    ],
)
def test_a_sequence_that_does_not_fit_is_refused_and_nothing_happens(
    lab: SmallLab, command: Sequence, words: str
) -> None:
    refused = []

    def agent() -> Controller:
        try:
            yield command
        except CommandError as error:
            refused.append(str(error))
        yield Forward(labelled(1))

    outing = lab.run(agent)
    assert len(refused) == 1
    with pytest.raises(CommandError, match=words):
        raise CommandError(refused[0])
    assert rows_of(outing) == rows_of(lab.run(lambda: asking([], Forward(labelled(1)))))


@pytest.mark.parametrize("labels", [np.zeros(11, dtype=np.int64), np.full(12, 3), np.full(12, -1)])
def test_labels_that_do_not_fit_are_refused_where_losses_decide(
    lab: SmallLab, labels: NDArray[np.int64]
) -> None:
    batch = replace(labelled(1), labels=labels)
    with pytest.raises(CommandError, match="label"):
        lab.run(lambda: asking([], Sequence(GOOD.heaters, GOOD.radians, batch, GOOD.decide)))
    assert (
        lab.run(lambda: asking([], Sequence(GOOD.heaters, GOOD.radians, batch))).result.status == "complete"
    )


@pytest.mark.parametrize("command", [GOOD, Sequence(GOOD.heaters, GOOD.radians, labelled(1))])
def test_a_reading_that_is_not_finite_ends_the_run_as_diverged(command: Sequence) -> None:
    bench = NEAR.bench()
    heater = int(GOOD.heaters[0, 0])
    bench.instrument(Chip).core.drive(np.array([heater]), np.array([np.nan]), 0)
    other = changed(GOOD) if command.decide else command
    result = bench.run({"a": asking([], Sequence(other.heaters[1:], other.radians[1:], labelled(1)))})
    assert result.status == "diverged"
    assert "not finite" in result.reason
