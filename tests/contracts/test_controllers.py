"""The contract that every controller keeps; a new one joins the list below. Replies are canned, NOT a chip's."""

import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from controllers.batches import mini_batches
from controllers.deployment import Deployment, deploy
from controllers.zeroth_order.szo_scd import SzoScdConfig, szo_scd
from docs.examples.my_controller import random_steps
from emulator.commands import (
    Command,
    Controller,
    Forward,
    Log,
    PhasesSet,
    Reading,
    SetPhases,
    Settle,
    Settled,
)
from emulator.streams import stream

ROOT = Path(__file__).resolve().parents[2]
SIZES = (6, 5, 3)
SAMPLES = 40
LOOK = 300
"""Commands after which a test has seen enough."""


@dataclass(frozen=True)
class Specimen:
    """A controller, and the chip that it tunes."""

    controller: Controller
    deployment: Deployment


def small_task(seed: int) -> tuple[Any, Any]:
    rng = stream(seed, "tests/task")
    return rng.random((SAMPLES, SIZES[0])), rng.integers(SIZES[-1], size=SAMPLES)


def small_deployment(seed: int) -> Deployment:
    """Deploy layers that only pass light on: many of their phases are 0, from where a step back wraps."""
    passing = [np.eye(outputs, inputs) for inputs, outputs in pairwise(SIZES)]
    return deploy(passing, 0.5, stream(seed, "tests/deploy"))


def szo_scd_specimen(seed: int, **options: Any) -> Specimen:
    deployment = small_deployment(seed)
    controller = szo_scd(
        SzoScdConfig(**{"sparsity": 0.4, "queries": 100, **options}),
        deployment.heaters,
        deployment.phases[deployment.active],
        mini_batches(*small_task(seed), 8, stream(seed, "tests/batches")),
        SAMPLES // 8,
        stream(seed, "tests/choices"),
        0.02,
    )
    return Specimen(controller, deployment)


def coarse_szo_scd_specimen(seed: int) -> Specimen:
    """Take steps of half a turn: phases wrap all the time."""
    return szo_scd_specimen(seed, step_rad=3.0, step_decay=1.0, phase_memory="dac", selection="bernoulli")


def pruning_szo_scd_specimen(seed: int) -> Specimen:
    """Prune often: every other step of half a turn would raise the power."""
    return szo_scd_specimen(seed, step_rad=3.0, power_awareness=1.0, order="shuffled")


def my_controller_specimen(seed: int) -> Specimen:
    deployment = small_deployment(seed)
    return Specimen(random_steps(deployment, *small_task(seed), steps=25, seed=seed), deployment)


Maker = Callable[[int], Specimen]
CONTROLLERS: list[Maker] = [
    szo_scd_specimen,
    coarse_szo_scd_specimen,
    pruning_szo_scd_specimen,
    my_controller_specimen,
]
MODULES = ["controllers.zeroth_order.szo_scd", "docs.examples.my_controller"]


every_controller = pytest.mark.parametrize(
    "make", [pytest.param(make, id=make.__name__.removesuffix("_specimen")) for make in CONTROLLERS]
)


def conversation(controller: Controller, seed: int = 0, most: int = LOOK) -> Iterator[Command]:
    """Yield what ``controller`` asks, at most ``most`` commands; answer queries with random outputs."""
    rng = stream(seed, "tests/outputs")
    reply: Any = None
    for _ in range(most):
        try:
            command = controller.send(reply)
        except StopIteration:
            return
        yield command
        if isinstance(command, Forward):
            reply = Reading(rng.standard_normal((len(command.batch.inputs), SIZES[-1])), 0)
        elif isinstance(command, SetPhases):
            reply = PhasesSet(0.01)
        else:
            reply = Settled(6_000_000) if isinstance(command, Settle) else None


def settings(controller: Controller) -> list[SetPhases]:
    return [command for command in conversation(controller) if isinstance(command, SetPhases)]


def told(command: Command) -> tuple[Any, ...]:
    """Return all that is in ``command``, to be compared."""
    if isinstance(command, Forward):
        batch = command.batch
        return ("Forward", batch.key, batch.inputs.tobytes(), batch.labels.tobytes(), batch.samples.tobytes())
    if isinstance(command, SetPhases):
        return ("SetPhases", *command.heaters, *command.radians)
    return (type(command).__name__, repr(command))


@every_controller
def test_it_asks_only_what_the_vocabulary_has(make: Maker) -> None:
    kinds = {type(command) for command in conversation(make(0).controller)}
    assert kinds <= set(get_args(Command))
    assert kinds >= {SetPhases, Settle, Forward, Log}


@every_controller
def test_it_sets_active_heaters_only_each_once_and_to_one_phase(make: Maker) -> None:
    specimen = make(0)
    active = set(specimen.deployment.heaters.tolist())
    for command in settings(specimen.controller):
        assert set(command.heaters) <= active
        assert len(set(command.heaters)) == len(command.heaters) == len(command.radians)


@every_controller
def test_heaters_and_phases_are_plain_numbers_that_are_finite(make: Maker) -> None:
    for command in settings(make(0).controller):
        assert {type(heater) for heater in command.heaters} == {int}
        assert {type(phase) for phase in command.radians} == {float}
        assert all(math.isfinite(phase) for phase in command.radians)


@every_controller
def test_phases_lie_within_one_turn(make: Maker) -> None:
    for seed in range(5):
        phases = [phase for command in settings(make(seed).controller) for phase in command.radians]
        assert min(phases) >= 0
        assert max(phases) < 2 * math.pi


@every_controller
def test_it_lets_the_chip_settle_between_a_change_and_a_query(make: Maker) -> None:
    restless = False
    for command in conversation(make(0).controller):
        if isinstance(command, SetPhases):
            restless = True
        elif isinstance(command, Settle):
            restless = False
        elif isinstance(command, Forward):
            assert not restless


@every_controller
def test_a_batch_has_a_label_for_every_input_and_its_key_means_no_other(make: Maker) -> None:
    asked = [command for command in conversation(make(0).controller) if isinstance(command, Forward)]
    known: dict[int, bytes] = {}
    for command in asked:
        batch = command.batch
        assert batch.inputs.shape == (len(batch.labels), SIZES[0])
        assert len(batch.samples) in {0, len(batch.labels)}
        assert known.setdefault(batch.key, batch.inputs.tobytes()) == batch.inputs.tobytes()
    assert len(known) > 1


@every_controller
def test_what_it_logs_is_a_finite_number_with_a_name(make: Maker) -> None:
    logs = [command for command in conversation(make(0).controller) if isinstance(command, Log)]
    assert all(log.name.isidentifier() and math.isfinite(log.value) for log in logs)
    assert "train_loss" in {log.name for log in logs}


@every_controller
def test_it_does_not_write_to_what_it_reads(make: Maker) -> None:
    controller, outputs = make(0).controller, []
    reply: Any = None
    for _ in range(LOOK // 3):
        command = controller.send(reply)
        reply = None
        if isinstance(command, Forward):
            outputs.append(np.ones((len(command.batch.inputs), SIZES[-1])))
            reply = Reading(outputs[-1], 0)
    assert outputs
    assert all((array == 1).all() for array in outputs)


@every_controller
def test_it_can_be_closed_at_any_point(make: Maker) -> None:
    for point in range(60):
        controller = make(0).controller
        for _ in zip(range(point), conversation(controller), strict=False):
            pass
        controller.close()
        with pytest.raises(StopIteration):
            next(controller)


@every_controller
def test_it_comes_to_an_end(make: Maker) -> None:
    assert sum(1 for _ in conversation(make(0).controller, most=5000)) < 5000


@every_controller
def test_a_seed_fixes_every_command_and_another_seed_gives_others(make: Maker) -> None:
    first, again, other = ([told(each) for each in conversation(make(seed).controller)] for seed in (1, 1, 2))
    assert first == again
    assert first != other


@every_controller
def test_it_listens_to_its_replies(make: Maker) -> None:
    here, there = ([told(each) for each in conversation(make(1).controller, seed)] for seed in (0, 1))
    assert here != there


@every_controller
def test_what_is_random_elsewhere_does_not_reach_it(make: Maker) -> None:
    first, other = make(1).controller, make(1).controller
    alone = [told(each) for each in conversation(first)]
    among_others = []
    for ours, _ in zip(conversation(other), conversation(make(2).controller), strict=False):
        among_others.append(told(ours))
    assert among_others == alone[: len(among_others)]


@pytest.mark.parametrize("module", MODULES)
def test_its_module_brings_no_simpy_no_h5py_and_no_instrument(module: str) -> None:
    code = f"import sys, {module}; print(*sorted(sys.modules))"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    brought = ran.stdout.split()
    forbidden = ("simpy", "h5py", "emulator.instruments", "emulator.bench", "emulator.trace", "experiments")
    assert [name for name in brought if name.startswith(forbidden)] == []
