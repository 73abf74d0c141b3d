"""The experiment on dialogues: its runs, its verdicts, what the network says, and its files."""

from pathlib import Path

import numpy as np
import pytest

from experiments.output.tables import to_markdown
from experiments.paper import findings
from experiments.paper.findings import publish_findings
from experiments.paper.odfa.dialogue import dialogue_jobs, run_dialogue, tables_of
from experiments.paper.odfa.text_outcome import TextOutcome
from experiments.run.launch import open_study
from experiments.run.run import run_study
from experiments.sweep.points import Job
from tests.dialogue_lab import write_corpus


def outcome(final: float, seed: int = 0) -> TextOutcome:
    """Return a made-up run with two looks behind the first."""
    return TextOutcome(
        seed=seed, status="complete", created="2026-01-01T00:00:00+00:00", study=open_study("dialogue_odfa"),
        bits=np.array([4.0, 3.0, final]), tokens=np.array([0.0, 1e6, 2e6]), elapsed_s=7200.0,
        alignment=np.array([0.5, 0.6]), error=0.01, box_j=2e5, host_j=1e5, said=("a\nb", "to be", "light\nis"),
    )  # fmt: skip


FOUND = {
    "bp": [outcome(2.28), outcome(2.30, 1)],
    "exact": [outcome(2.40), outcome(2.41, 1)],
    "odfa": [outcome(2.48), outcome(2.50, 1)],
    "shlw": [outcome(2.55), outcome(2.49, 1)],
}


def test_all_methods_learn_the_same_plays_on_as_many_tokens(tmp_path: Path) -> None:
    jobs = dialogue_jobs(2, 2400, tmp_path)
    assert len({job.trace for job in jobs}) == len(jobs) == 14
    assert {
        (job.study.task.seed, job.study.controller.steps, job.study.controller.report_steps)
        for job in jobs
        if job.point.name != "bp-own"
    } == {(0, 2400, 480)}
    assert {job.study.batch_size * job.study.controller.steps for job in jobs} == {16 * 2400}
    studies = {job.point.name: job.study.controller for job in jobs}
    assert (studies["odfa"].feedback, studies["shlw"].feedback) == ("optical", "shallow")
    assert (studies["odfa"].planes, studies["odfa-2"].planes, studies["odfa-2"].feedback) == (1, 2, "optical")
    assert (studies["bp-own"].feedback, studies["bp-own"].report_steps) == ("backprop", 960)
    assert studies["ternary"].learning_rate == studies["odfa"].learning_rate < studies["bp"].learning_rate


def test_verdicts_say_what_is_met_and_what_is_missed_and_nothing_of_a_part_of_a_training() -> None:
    text = "".join(map(to_markdown, tables_of(FOUND)))
    assert "<= 2.30: met" in text
    assert "<= 2.47: MISSED" in text
    assert "in every seed: MISSED" in text
    assert "| 2.290 ± 0.014 |" in text
    assert "0.50 0.60" in text
    part = "".join(map(to_markdown, tables_of(FOUND, whole=False)))
    assert "MISSED" not in part
    assert "met" not in part.split()


def test_the_order_is_met_when_it_holds_in_every_seed() -> None:
    text = "".join(map(to_markdown, tables_of({**FOUND, "shlw": [outcome(2.6), outcome(2.6, 1)]})))
    assert "in every seed: met" in text


def test_nothing_is_said_of_an_order_where_a_method_is_missing() -> None:
    text = "".join(map(to_markdown, tables_of({name: FOUND[name] for name in ("bp", "exact", "odfa")})))
    assert "in every seed" not in text


def test_the_text_is_shown_before_after_a_fifth_and_at_the_end() -> None:
    *_, said = tables_of(FOUND)
    assert [row[0] for row in said.rows] == ["0 %", "50 %", "100 %"]
    assert said.rows[-1][1] == "light / is"


def test_the_runs_are_made_once_and_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small = (
        "controller.steps=2", "controller.batch_size=4", "controller.report_steps=1", "controller.align_every=1",
        f"task.file={write_corpus(tmp_path)}", "task.hidden=[8, 8, 8]", "task.context=32", "task.vocabulary=120",
    )  # fmt: skip

    def run_here(jobs: tuple[Job, ...], at_once: int, say: object) -> tuple[()]:
        del at_once, say
        for job in jobs:
            feedback = f"controller.feedback={job.study.controller.feedback}"
            if not job.trace.exists():
                run_study(open_study("dialogue_odfa", (*small, feedback)), job.trace)
        return ()

    monkeypatch.setattr(findings, "run_jobs", run_here)
    publish_findings("odfa_dialogue", run_dialogue(tmp_path, seeds=1, steps=2, jobs=1))
    said = capsys.readouterr().out
    assert "| ODFA (light) | 0.0040 | 1 |" in said
    assert "What the network says, ODFA, seed 0" in said
    assert (tmp_path / "odfa_dialogue" / "odfa_dialogue.png").is_file()
