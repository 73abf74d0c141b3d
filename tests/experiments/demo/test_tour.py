"""Tests of the tour: it leaves traces and figures, can be taken again, and touches nobody else's files."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from emulator.trace import Header, Recorder
from emulator.trace.writing.journal import journal_path
from experiments.demo.tour import DEMO, Stop, run_demo
from experiments.figure.kinds import figure_kinds
from experiments.run.launch import shipped_studies

TOUR = (
    Stop("vowel_recovery", ("controller.queries=120",)),
    Stop("mnist_light", ("controller.epochs=1", "task.classes=[0, 1]"), ("learning", "pipeline")),
)

pytestmark = pytest.mark.usefixtures("in_room")


def test_the_tour_prints_ledgers_leaves_traces_and_figures_and_can_be_taken_again(tmp_path: Path) -> None:
    folder, paper = tmp_path / "demo", io.StringIO()
    folder.mkdir()
    (folder / "mine.txt").write_text("precious")
    for _ in range(2):
        assert run_demo(folder, Console(file=paper, width=100), quiet=True, tour=TOUR) == 0
        names = sorted(path.name for path in folder.iterdir())
        assert names == [
            "mine.txt", "mnist_light-pipeline.png", "mnist_light.h5", "mnist_light.png", "vowel_recovery.h5",
            "vowel_recovery.png",
        ]  # fmt: skip
    text = paper.getvalue()
    assert [
        word for word in ("Latency ledger", "Energy ledger", "at the end", "figure") if word not in text
    ] == []


def test_what_a_killed_demo_left_is_replaced(tmp_path: Path) -> None:
    out = tmp_path / "vowel_recovery.h5"
    recorder = Recorder.create(out, Header.now("", 0))
    recorder.commit()
    left = journal_path(out).read_bytes()
    recorder.close("complete", "", 0, 0)
    out.unlink()
    journal_path(out).write_bytes(left)
    assert run_demo(tmp_path, Console(file=io.StringIO()), quiet=True, tour=TOUR[:1]) == 0
    assert out.is_file()
    assert not journal_path(out).exists()


def test_the_tour_visits_shipped_studies() -> None:
    assert {stop.study for stop in DEMO} <= set(shipped_studies())
    assert [stop.study for stop in DEMO] == ["vowel_recovery", "mnist_recovery", "mnist_light"]
    assert {kind for stop in DEMO for kind in stop.figures} == set(figure_kinds())
