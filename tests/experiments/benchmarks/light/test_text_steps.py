"""What light costs a training on text: both ways take the same steps, and a ratio comes of them."""

from pathlib import Path

import pytest

from experiments.benchmarks.light.text_steps import measure_text, text_study, workloads_of
from experiments.run.prepare import prepare
from tests.dialogue_lab import write_corpus


@pytest.fixture
def changes(tmp_path: Path) -> tuple[str, ...]:
    corpus = f"task.file={write_corpus(tmp_path)}"
    return (
        corpus,
        "task.hidden=[8, 8, 8]",
        "task.context=32",
        "task.vocabulary=120",
        "controller.batch_size=4",
    )


def test_the_ratio_is_named(changes: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    found = measure_text(rounds=1, study=text_study(2, changes))
    assert found["odfa_text_over_torch"] > 0
    assert "at most 1.10" in " ".join(capsys.readouterr().out.split())


def test_each_way_says_what_a_step_costs(changes: tuple[str, ...]) -> None:
    study = text_study(2, changes)
    costs = {name: run() for name, run in workloads_of(study, prepare(study)).items()}
    assert set(costs) == {"light", "plain"}
    assert min(one.cpu_s for one in costs.values()) > 0
