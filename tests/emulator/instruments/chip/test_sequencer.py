"""The sequencer decides as a host would, bit for bit."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Literal

import numpy as np
import pytest

from controllers.kind import Setting
from controllers.losses import cross_entropy
from controllers.zeroth_order.szo_scd import SzoScdConfig, szo_scd
from emulator.commands import (
    Batch,
    Controller,
    Forward,
    Probe,
    Reading,
    Readings,
    Sequence,
    SetPhases,
    Settle,
)
from emulator.instruments.chip.chip import Chip
from emulator.instruments.chip.config import (
    HeaterConfig,
    ReceiverConfig,
)
from emulator.streams import stream
from tests.bench_lab import (
    Outing,
)
from tests.emulator.instruments.chip.sequencer_lab import (
    BESIDE,
    NEAR,
    Rule,
    asking,
    labelled,
    told,
    visits,
)


def batches() -> Iterator[Batch]:
    return (labelled(number % 3) for number in count())


def metrics(outing: Outing) -> list[tuple[str, int, int, float]]:
    return outing.rows.metrics


@pytest.mark.parametrize("verify", ["none", "restore", "best_of_both"])
@pytest.mark.parametrize("p", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("step_rad", "limit"), [(0.02, 83), (3.0, 84), (0.3, 120)])
def test_a_descent_by_the_sequencer_is_the_descent_by_the_host_bit_for_bit(
    verify: Literal["none", "restore", "best_of_both"], p: float, step_rad: float, limit: int
) -> None:
    def descent(loop: Literal["host", "sequencer"]) -> Controller:
        config = SzoScdConfig(
            sparsity=0.4, step_rad=step_rad, power_awareness=p, queries=limit, order="shuffled", loop=loop,
            verify=verify, epoch_iterations=3,
        )  # fmt: skip
        core = NEAR.bench().instrument(Chip).core
        heaters = np.flatnonzero(core.design.active)
        phases = core.design.phases()[heaters]
        none = np.empty((0, 2)), np.empty(0, dtype=np.int64)
        setting = Setting(*none, partial(stream, 0), heaters, phases)
        yield from szo_scd(config, setting, batches(), stream(0, "tests/choices"))

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
        goes_home = bool(decide.keep_home[visit]) or readings >= decide.queries
        before, middle = reference, decide.home[visit]
        if decide.rule == "best_of_both" and not goes_home:
            reference, middle = loss, command.radians[visit, 0]
        elif loss < reference:
            accepted, reference = accepted + 1, loss
            continue
        else:
            tied += loss == reference
            pruned += bool(decide.keep_home[visit])
        if not goes_home:
            reading = yield Probe([heater], [float(decide.back[visit])], batch)
            readings += 1
            ends[-1] = decide.back[visit]
            loss = cross_entropy(reading.outputs, batch.labels)
            if decide.rule == "step_back" or loss < reference:
                reference = loss
            else:
                tied += loss == reference
                goes_home = True
            accepted += decide.rule != "step_back" and reference < before
        if goes_home:
            ends[-1] = middle
            yield SetPhases([heater], [float(middle)])
            yield Settle()
    power_w = reading.power_w
    found.append(
        Readings(np.empty((0, 0, 0)), np.array(ends), reference, readings, accepted, tied, pruned, power_w)
    )


@pytest.mark.parametrize("rule", ["step_back", "three_point", "best_of_both"])
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


@pytest.mark.parametrize("rule", ["step_back", "three_point", "best_of_both"])
@pytest.mark.parametrize("seed", range(4))
def test_a_heater_that_is_visited_twice_in_a_row_is_told_of_twice(rule: Rule, seed: int) -> None:
    """Seed 9 of ``lightloop check --seeds``: the two visits were told as one."""
    command = visits(rule, queries=1000, seed=seed)
    command.heaters[1::2] = command.heaters[::2][: len(command.heaters[1::2])]
    near: list[Readings] = []
    far: list[Readings] = []
    NEAR.run(lambda: asking(near, command))
    NEAR.run(lambda: by_host(command, far))
    assert len(near[0].radians) == len(command.heaters)
    np.testing.assert_array_equal(near[0].radians, far[0].radians)


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
