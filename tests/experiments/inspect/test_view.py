"""An inspection on a terminal: how the run ended, ledgers that add up, and what could not be compared."""

from pathlib import Path

import pytest

from emulator.plan import REMAINDER, Step
from emulator.trace import Header, Recorder
from experiments.inspect.inspection import Inspection, inspect_trace
from experiments.inspect.view import show_inspection, show_ledgers, show_summary
from tests.experiments.terminal import WIDTHS, missing, seen

TITLE = 'title = "Ten queries of a chip"\n'


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inspection:
    """Return the inspection of ten commands of 0.1 s at 3 W, of which a budget allowed no more."""
    monkeypatch.chdir(tmp_path)  # a path is one word, and may be longer than a line
    recorder = Recorder.create(Path("run.h5"), Header.now(TITLE, 4))
    labels = [
        recorder.label(f"commands.{column}", name)
        for column, name in (("agent", "a"), ("instrument", "chip"), ("kind", "forward"))
    ]
    plan = recorder.plan([Step("link", "readout", 25 * 10**9), Step("chip", "reading", REMAINDER)])
    recorder.power(recorder.label("power.component", "chip"), 0, 3.0)
    recorder.metric("test_accuracy", 0, 0, 0.5)
    for row in range(10):
        start, end = row * 10**11, (row + 1) * 10**11
        recorder.command(*labels, plan, row - 1, start, start, end, 0, 0.0, 0.0)
    recorder.metric("test_accuracy", 10**12, 10, 0.75)
    recorder.close("budget", "budget.queries: 10 of 10 queries spent", 10**12, 10)
    return inspect_trace(Path("run.h5"))


HEAD = (
    "Ten queries of a chip budget seed 4",
    "budget.queries: 10 of 10 queries spent",
    "10 queries in 1 s of emulated time for 3 J",
)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_summary_says_how_the_run_ended_and_what_it_reached(found: Inspection, width: int) -> None:
    text = seen(lambda console: show_summary(found, console), width)
    assert missing((*HEAD, "Accuracy (%)", "before 50.0", "at the end 75.0"), text) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_ledgers_show_shares_that_add_up(found: Inspection, width: int) -> None:
    text = seen(lambda console: show_ledgers(found, console), width)
    sentences = (
        "Latency ledger",
        "chip.reading 750 ms 75.0 % 75 ms",
        "link.readout 250 ms 25.0 % 25 ms",
        "Energy ledger",
        "chip 3 J 100.0 % 3 W",
    )
    assert missing(sentences, text) == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_whole_inspection_has_every_table(found: Inspection, width: int) -> None:
    text = seen(lambda console: show_inspection(found, console), width)
    sentences = ("Budgets", "Metrics", "Provenance", "Checks", "nothing to compare")
    assert missing((*HEAD, *sentences), text) == []
    assert missing(("latency ledger - elapsed time 0 ps",), text) == [] or width < 80


def test_the_reason_of_a_failure_is_told_by_its_last_line(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "run.h5", Header.now(TITLE, 0))
    recorder.close("failed", "Traceback\n  File x\nPhysicsError: too hot [really]", 0, 0)
    found = inspect_trace(tmp_path / "run.h5")
    text = seen(lambda console: show_summary(found, console), 80)
    assert "PhysicsError: too hot [really]" in text
    assert "Traceback" not in text
