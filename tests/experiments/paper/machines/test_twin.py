"""The experiment beyond the paper: held-out seeds, dead heaters that are active ones, ratios seed by seed."""

from pathlib import Path

import numpy as np

from experiments.paper.experiment import Results
from experiments.paper.machines.twin import TWIN, dead_heaters, end_of
from experiments.run.prepare import prepare
from experiments.sweep.points import jobs_of
from experiments.tasks.pretraining import Pretrained, PretrainOptions
from experiments.tasks.task import Task
from tests.experiments.paper.outcomes import of_curve


def untrained(task: Task, options: PretrainOptions, seed: int) -> Pretrained:
    del seed
    weights = tuple(np.eye(*shape) for shape in task.weight_shapes)
    return Pretrained.of(weights, task, options.activation_clip)


def test_its_seeds_are_those_that_nobody_chose_by(tmp_path: Path) -> None:
    jobs = jobs_of("twin", TWIN.points(300)[:1], 2, tmp_path, TWIN.first_seed, TWIN.further)
    assert [job.study.seed for job in jobs] == [10, 11]


def test_dead_heaters_are_five_percent_of_the_active_ones_of_that_seed(tmp_path: Path) -> None:
    points = [point for point in TWIN.points(300) if point.name == "online-dead"]
    jobs = jobs_of("twin", points, 2, tmp_path, TWIN.first_seed, TWIN.further)
    for job in jobs:
        setting = prepare(job.study, untrained).setting
        dead = dead_heaters(job.study.seed)
        assert set(dead) <= set(setting.heaters.tolist())
        assert len(dead) == round(0.05 * setting.heaters.size) == 18
        assert list(job.study.chip.heaters.dead) == dead  # type: ignore[attr-defined]
    assert dead_heaters(10) != dead_heaters(11)


def test_only_a_chip_with_dead_heaters_depends_on_the_seed() -> None:
    assert all(
        bool(TWIN.further(point.name, 10)) == point.name.endswith("-dead") for point in TWIN.points(300)
    )


def test_every_controller_has_its_own_queries() -> None:
    said = {point.name: point.overrides for point in TWIN.points(300)}
    assert "controller.queries=60000" in said["szo"]
    assert "controller.queries=300" in said["online"]
    assert "controller.queries=25" in said["fit"]
    assert "controller.queries=600" in said["online-dead"]


def test_it_tells_by_how_many_times_less_the_twins_spend_seed_by_seed() -> None:
    rising = np.linspace(0.6, 0.95, 36)
    slow, fast = (tuple(of_curve(rising, every, seed) for seed in (10, 11)) for every in (2500, 10))
    table = TWIN.tables(Results({"szo": slow, "online": fast}, 300))[0]
    assert any(
        "twin_online to 88% against szo_scd" in note and "250 times fewer queries" in note
        for note in table.notes
    )


def test_the_end_is_the_last_accuracy() -> None:
    assert end_of(of_curve(np.array([0.5, 0.9, 0.8]))) == 0.8
