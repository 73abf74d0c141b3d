"""Rounds of probes on a bench whose outputs are linear in the phases: one of them finds the least loss there is."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from controllers.gauss_newton.rounds import SHARES
from controllers.gauss_newton.subspace_newton import KIND, SubspaceNewtonConfig
from controllers.kind import Setting
from emulator.commands import (
    Command,
    Compute,
    Incumbent,
    Log,
    Probe,
    Reading,
    Readings,
    Sequence,
    SetPhases,
    Settle,
)
from emulator.streams import stream
from tests.controllers.known_optimum import SETTING, SIZE, of_kind

Floats = NDArray[np.float64]

SAMPLES = len(SETTING.inputs)
BASE = stream(0, "tests/base").normal(size=(SAMPLES, 3))
SLOPES = stream(0, "tests/slopes").normal(size=(SAMPLES, 3, SIZE)) / np.sqrt(SIZE)


def off_design(radians: Any) -> Floats:
    return np.asarray(np.mod(np.asarray(radians) - SETTING.phases + np.pi, 2 * np.pi) - np.pi)


EXACT = replace(SETTING, dac_step_rad=0.0)


def talk(**options: Any) -> list[Command]:
    """Return what is asked of a chip that is linear in its phases, sample by sample."""
    return list(_talk(SubspaceNewtonConfig(**{"samples": SAMPLES, **options}), EXACT))


def _talk(config: SubspaceNewtonConfig, setting: Setting) -> Iterator[Command]:
    controller, reply = KIND.start(config, setting).controller, None
    while True:
        try:
            command: Any = controller.send(reply)
        except StopIteration:
            return
        yield command
        reply = None
        if isinstance(command, Sequence | Probe):
            rows = command.batch.samples
            radians = np.atleast_2d(command.radians)
            outputs = np.array([BASE[rows] + SLOPES[rows] @ off_design(each) for each in radians])
            reply = Reading(outputs[0], 0)
            if isinstance(command, Sequence):
                reply = Readings(outputs, radians[:, -1], 0.0, len(outputs), 0, 0, 0, 0.0)


def loss_at(off: Floats) -> float:
    moved = BASE + SLOPES @ off
    return float((logsumexp(moved, axis=1) - moved[np.arange(SAMPLES), SETTING.targets]).mean())


@pytest.mark.parametrize(("directions", "share"), [(1, 0.92), (3, 0.84), (8, 0.8)])
def test_rounds_with_few_directions_come_down_as_well(directions: int, share: float) -> None:
    named = [
        loss_at(off_design(each.radians))
        for each in of_kind(talk(queries=300, directions=directions), Incumbent)
    ]
    assert named[-1] < share * named[0]
    assert all(after <= before + 1e-12 for before, after in pairwise(named))


def test_probes_lie_at_one_distance_from_where_the_round_begins_along_directions_at_right_angles() -> None:
    first = of_kind(talk(queries=40, directions=5, probe_rad=0.2), Sequence)[0]
    off = off_design(first.radians)
    np.testing.assert_allclose(off[0], 0.0, atol=1e-12)
    np.testing.assert_allclose(off[1:] @ off[1:].T, 0.04 * np.eye(5), atol=1e-12)


@pytest.mark.parametrize("queries", [7, 8, 20, 63, 64])
def test_the_queries_are_spent_to_the_last_that_a_round_can_use_and_no_further(queries: int) -> None:
    made = sum(len(each.radians) for each in of_kind(talk(queries=queries, directions=4), Sequence))
    assert queries - 7 < made <= queries


def test_with_fewer_queries_than_the_smallest_round_it_stays_where_it_is() -> None:
    assert [type(each) for each in talk(queries=6)] == [Incumbent, SetPhases, Settle]


def test_shares_of_a_step_are_tried_on_a_mini_batch_of_their_own_and_none_is_one_of_them() -> None:
    commands = talk(queries=200, directions=4, samples=8)
    probes, tries = of_kind(commands, Sequence)[::2], of_kind(commands, Sequence)[1::2]
    assert all(one.batch.key != other.batch.key for one, other in zip(probes, tries, strict=True))
    for probe, trial in zip(probes, tries, strict=True):
        np.testing.assert_allclose(trial.radians[SHARES.index(0.0)], probe.radians[0], atol=1e-12)
    assert {each.value for each in of_kind(commands, Log) if each.name == "step_share"} <= set(SHARES)


def test_by_the_host_the_same_is_read_probe_by_probe_and_the_chip_ends_at_the_incumbent() -> None:
    by_chip, by_host = talk(queries=60, directions=4), talk(queries=60, directions=4, loop="host")
    rows = [row.tolist() for each in of_kind(by_chip, Sequence) for row in each.radians]
    assert [list(each.radians) for each in of_kind(by_host, Probe)] == rows
    named = of_kind(by_host, Incumbent)[-1]
    np.testing.assert_array_equal(of_kind(by_host, SetPhases)[-1].radians, named.radians)
    assert len(of_kind(by_chip, Compute)) == len(of_kind(by_chip, Incumbent)) - 1


@pytest.mark.parametrize("dac_step_rad", [0.0, 2 * np.pi / 128], ids=["fine", "coarse"])
def test_a_round_with_a_direction_a_heater_steps_towards_the_least_damped_loss(dac_step_rad: float) -> None:
    """Also where a coarse DAC bends the directions: what it made of them still spans all phases."""
    config = SubspaceNewtonConfig(samples=SAMPLES, queries=SIZE + 6, directions=SIZE, newton_steps=20)
    commands = list(_talk(config, replace(SETTING, dac_step_rad=dac_step_rad)))
    tries = of_kind(commands, Sequence)[1].radians
    wanted: Any = minimize(
        lambda off: loss_at(off) + 0.15 * off @ off, np.zeros(SIZE), options={"gtol": 1e-8}
    )
    off = off_design(tries[SHARES.index(1.0)]) - (off_design(tries[0]) if dac_step_rad else 0.0)
    np.testing.assert_allclose(off, wanted.x, atol=max(1e-4, 1.2 * dac_step_rad))
