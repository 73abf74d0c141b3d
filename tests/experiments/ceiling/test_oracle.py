"""The oracle's gradient is that of the chip's own readings, and its way leads down."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.chip.state import ChipCore
from emulator.streams import stream
from experiments.ceiling.oracle import Oracle
from experiments.run.bench import design_of
from experiments.run.launch import open_study
from experiments.run.prepare import Prepared, prepare

SILENT = (
    "chip.receiver.shot_noise=false",
    "chip.receiver.thermal_noise_a_per_sqrt_hz=0.0",
    "chip.receiver.adc_bits=0",
    "chip.inputs.bits=0",
    "chip.dac.bits=0",
)
IMPERFECT = (
    "chip.heaters.omega=0.01",
    "chip.heaters.substrate_coupling=1e-4",
    "chip.mesh.insertion_loss_db=0.1",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with samples and weights of two tasks, so that nothing has to be trained."""
    path = tmp_path_factory.mktemp("brought")
    rng = stream(0, "tests/brought")
    x = rng.random((120, 5))
    np.savez(path / "kinds.npz", x=x, y=(x[:, 0] + x[:, 1] > 1).astype(int) + (x[:, 2] > 0.6))
    np.savez(path / "values.npz", x=x, y=np.stack([x @ rng.normal(size=5), x[:, 0] * x[:, 1]], axis=1))
    np.savez(path / "three.npz", W1=rng.normal(size=(6, 5)) / 2, W2=rng.normal(size=(3, 6)) / 2)
    np.savez(path / "two.npz", W1=rng.normal(size=(6, 5)) / 2, W2=rng.normal(size=(2, 6)) / 2)
    return path


@cache
def prepared(folder: Path, values: bool, changes: tuple[str, ...]) -> tuple[Prepared, Any]:
    files = ("values", "two") if values else ("kinds", "three")
    task = (f"task.file={folder / files[0]}.npz", f"task.weights={folder / files[1]}.npz")
    study = open_study("vowel_recovery", ("task.classes=[0, 1]", *task)[1:] + changes, 0)
    return prepare(study), study


def oracle_of(folder: Path, values: bool, changes: tuple[str, ...] = ()) -> Oracle:
    ready, study = prepared(folder, values, changes)
    return Oracle(ChipCore(study.section(ChipConfig), design_of(ready), 0), ready.task)


@pytest.mark.parametrize("values", [False, True], ids=["classes", "values"])
@pytest.mark.parametrize("dynamics", ["instant", "dynamic"])
def test_the_gradient_is_the_derivative_of_what_the_chip_itself_gives(
    folder: Path, values: bool, dynamics: str
) -> None:
    changes = (*SILENT, *IMPERFECT, f"chip.heaters.dynamics={dynamics}")
    oracle = oracle_of(folder, values, changes)
    task = prepared(folder, values, changes)[0].task
    core, radians = oracle.core, oracle.settled.radians
    found = oracle.gradient(radians, task.x_train, task.y_train)
    for place, heater in enumerate(oracle.settled.heaters.tolist()):
        losses = []
        for step in (-1e-5, 1e-5):
            there = np.array([radians[place] + step])
            outputs = core.observe_settled(task.x_train, 0, np.array([heater]), there)
            losses.append(task.loss.of_arrays(outputs, task.y_train))
        assert found[place] == pytest.approx((losses[1] - losses[0]) / 2e-5, abs=1e-7)


def test_scores_are_what_the_chip_observes_where_it_stands(folder: Path) -> None:
    oracle = oracle_of(folder, False)
    task = prepared(folder, False, ())[0].task
    outputs = oracle.core.observe(np.concatenate([task.x_val, task.x_test]), 0, 0)
    test = outputs[len(task.x_val) :]
    assert oracle.scores(oracle.settled.radians).test == task.metric.of_arrays(test, task.y_test)


@pytest.mark.parametrize("values", [False, True], ids=["classes", "values"])
def test_the_way_leads_to_a_lower_validation_loss_and_the_chip_stays_as_it_is(
    folder: Path, values: bool
) -> None:
    oracle, said = oracle_of(folder, values), list[int]()
    start, driven = oracle.settled.radians.copy(), oracle.core.driven_phases()
    best = oracle.climb(stream(0, "tests/climb"), 200, said.append)
    assert said == [50, 100, 150, 200]
    assert oracle.scores(best).val_loss < oracle.scores(start).val_loss - 0.02
    np.testing.assert_array_equal(oracle.core.driven_phases(), driven)
    assert best.min() >= 0.0
    assert best.max() < 2 * np.pi


def test_where_every_step_leads_up_the_first_state_is_kept(folder: Path) -> None:
    oracle = oracle_of(folder, False)
    best = oracle.climb(stream(0, "tests/climb"), 200, lambda step: None)
    there = Oracle(oracle.core, prepared(folder, False, ())[0].task)
    there.settled.radians = best
    again = there.climb(stream(1, "tests/climb"), 1, lambda step: None)
    assert there.scores(again).val_loss <= oracle.scores(best).val_loss
