"""What cannot fit in memory is refused before any work, with what would fit."""

import ast

import pytest

from emulator.errors import ConfigError
from experiments.run.launch import open_study
from experiments.run.preflight.needs import needs_of, refuse_what_cannot_fit, refuse_what_cannot_stand
from experiments.run.prepare import prepare, task_of
from experiments.run.study import Study

GB = 10**9


def total(study: Study, hidden: tuple[int, ...] | None = None, batch: int | None = None) -> int:
    return sum(needs_of(study, task_of(study), hidden, batch).values())


def refusal(study: Study, available: int) -> str:
    with pytest.raises(ConfigError) as caught:
        refuse_what_cannot_fit(study, task_of(study), available)
    return str(caught.value)


def test_a_wide_chip_is_refused_and_the_widest_that_fits_is_named() -> None:
    study = open_study("mnist_recovery", ("task.hidden=[4000, 2000]",))
    said = refusal(study, GB)
    assert "64-4000-2000-10" in said
    hidden = tuple(ast.literal_eval(said.rpartition("task.hidden = ")[2]))
    assert total(study, hidden) <= 0.95 * GB < total(study, tuple(round(1.01 * units) for units in hidden))


def test_a_large_batch_is_refused_and_the_largest_that_fits_is_named() -> None:
    study = open_study("vowel_recovery", ("task.hidden=[300]", "controller.batch_size=100"))
    room = total(study, batch=64) + 1
    said = refusal(study, round(room / 0.95))
    assert said.endswith("controller.batch_size = 64")


def test_a_network_trained_by_light_is_refused_when_its_weights_do_not_fit() -> None:
    said = refusal(open_study("mnist_light", ("task.hidden=[100000, 100000]",)), 8 * GB)
    assert "weights and their training" in said
    assert "What would fit: task.hidden = [" in said


def test_a_medium_that_does_not_fit_is_refused() -> None:
    study = open_study("mnist_light", ("opu.medium.store=dense",))
    with pytest.raises(ConfigError, match=r"the opu is refused: it needs .* medium of 10 x 100,000,000"):
        refuse_what_cannot_stand(study, {"opu": (10, 100_000_000)}, GB)
    refuse_what_cannot_stand(study, {"opu": (10, 100)}, GB)


def test_where_nothing_smaller_fits_a_smaller_task_is_advised() -> None:
    assert "a task with fewer inputs" in refusal(open_study("mnist_recovery"), 1000)


def test_what_fits_passes() -> None:
    study = open_study("mnist_recovery", ("task.name=mnist", "task.hidden=[128]"))
    refuse_what_cannot_fit(study, task_of(study), 2 * GB)


def test_more_samples_than_there_are_in_a_batch_are_refused_before_anything_is_trained() -> None:
    with pytest.raises(ConfigError, match=r"controller.batch_size = 100000 is refused; task 'vowel' has"):
        prepare(open_study("vowel_recovery", ("controller.batch_size=100000",)), train=_never)


def _never(*_: object) -> None:
    raise AssertionError("a network was trained")
