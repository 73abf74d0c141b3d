"""Tests of the choice of learning rates: equal tries, chosen by what is held out, trained with other seeds."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from experiments.output.tables import to_markdown
from experiments.paper import findings
from experiments.paper.findings import publish_findings
from experiments.paper.light_in_the_loop import rates
from experiments.paper.light_in_the_loop.rates import (
    METHODS,
    Setting,
    chosen_of,
    run_rates,
    tables_of,
    training_jobs,
    tries_of,
)
from experiments.paper.light_in_the_loop.training_outcome import TrainingOutcome
from experiments.sweep.points import Job
from tests.experiments.light_traces import light_study, record_light

TASKS = (("fashion60k", "Fashion-MNIST"), ("mnist", "MNIST"))
NARROW = Setting(1e-3, 0.1)
WIDE = Setting(1e-3, 0.2)


def outcome(final: float, held_out: float = 0.5, seed: int = 10) -> TrainingOutcome:
    """Return a made-up run of two epochs."""
    return TrainingOutcome(
        seed=seed, status="complete", created="2026-01-01T00:00:00+00:00", study=light_study(),
        accuracy=np.array([0.1, 0.5, final]), t_s=np.array([0.0, 2.0, 4.0]), selected=final,
        alignment=np.full((2, 2), 0.5), vectors=0, box_j=0.0, host_j=80.0, frames=0, test_samples=10_000,
        held_out=held_out,
    )  # fmt: skip


def test_every_method_has_as_many_tries_on_one_seed_of_which_more_is_held_out(tmp_path: Path) -> None:
    jobs = tries_of(TASKS, 10, tmp_path)
    assert {len(method.tries) for method in METHODS} == {6}
    assert len({job.trace for job in jobs}) == len(jobs) == len(TASKS) * len(METHODS) * 6
    assert {(job.study.seed, job.study.task.validation_fraction) for job in jobs} == {(100, 0.25)}
    epochs = {job.study.task.name: job.study.controller.epochs for job in jobs}
    assert epochs == {"fashion60k": 1, "mnist": 5}


def test_the_setting_that_is_most_accurate_on_what_is_held_out_is_chosen_whatever_the_test_says() -> None:
    ternary = METHODS[2]
    tried = {
        ternary.point("mnist", NARROW, 1).name: [outcome(final=0.99, held_out=0.8)],
        ternary.point("mnist", WIDE, 1).name: [outcome(final=0.70, held_out=0.9)],
    }
    assert chosen_of(TASKS, tried) == {("mnist", "tdfa"): WIDE}


def test_the_papers_setting_is_trained_once_where_it_is_chosen_and_last_where_it_is_not(
    tmp_path: Path,
) -> None:
    chosen = {("mnist", "dfa"): Setting(1e-3), ("mnist", "optical"): WIDE}
    jobs = training_jobs(TASKS, chosen, 10, 2, tmp_path)
    assert [(job.point.name, job.study.seed) for job in jobs] == [
        ("mnist-dfa-0.001", 10), ("mnist-optical-0.001-0.2", 10), ("mnist-dfa-0.001", 11),
        ("mnist-optical-0.001-0.2", 11), ("mnist-optical-0.01-0.1", 10), ("mnist-optical-0.01-0.1", 11),
    ]  # fmt: skip
    assert {job.study.controller.epochs for job in jobs} == {10}
    assert {job.study.task.validation_fraction for job in jobs} == {0.1}


def test_gaps_are_taken_seed_by_seed_and_judged_on_the_whole_of_fashion_alone() -> None:
    _, exact, ternary, light = METHODS
    chosen = {(task, method.name): method.paper for task, _ in TASKS for method in METHODS}
    trained = {
        method.point(task, method.paper, 1).name: [outcome(base - lost), outcome(base + 0.02 - lost, seed=11)]
        for task, base in (("fashion60k", 0.87), ("mnist", 0.95))
        for method, lost in ((exact, 0.0), (ternary, 0.004), (light, 0.012))
    }
    fashion, mnist, *_ = map(to_markdown, tables_of(TASKS, {}, chosen, trained, 10))
    assert "ternary error is 0.40 ± 0.00 [0.40, 0.40] points below exact DFA" in fashion
    assert "at most 0.5: met" in fashion
    assert "at most 1.0: MISSED" in fashion
    assert "asked for" not in mnist
    assert "asked for" not in to_markdown(tables_of(TASKS, {}, chosen, trained, 5)[0])


def test_tries_come_first_and_what_they_choose_is_trained_and_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run_here(jobs: tuple[Job, ...], at_once: int, say: object) -> tuple[()]:
        del at_once, say
        for job in jobs:
            feedback = job.study.controller.feedback
            made = tmp_path / f"{feedback}.h5"
            if not made.exists():
                record_light(
                    made, f"controller.feedback={feedback}", "controller.epochs=1", "trace.detail=summary"
                )
            shutil.copy(made, job.trace)
        return ()

    monkeypatch.setattr(findings, "run_jobs", run_here)
    monkeypatch.setattr(rates, "light_tasks", lambda: (("mnist", "MNIST"), ("fashion60k", "Fashion-MNIST")))
    publish_findings("light_rates", run_rates(tmp_path, seeds=1, epochs=1, jobs=1))
    said = capsys.readouterr().out
    assert "### Fashion-MNIST, 4,000 images: 784-1024-1024-10" in said
    assert "| optical DFA | paper's | 0.0100 | 0.1 | 1 |" in said
    assert "What was tried on MNIST" in said
    assert "tries: 48 runs" in said
    assert (tmp_path / "light_rates" / "light_rates.png").is_file()
