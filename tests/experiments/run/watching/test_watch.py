"""The watch of a run: when it looks, and that validation alone chooses what is selected."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.bench import Bench
from emulator.commands import Command, Controller, Log, SetPhases, Settle
from emulator.errors import CommandError
from experiments.run.prepare import prepare
from experiments.run.run import program_of, watch_of
from experiments.run.study import study_from_text
from experiments.run.watching.watch import Scores, Watch, looked_at
from experiments.tasks.judges import ACCURACY

NO_BENCH: Any = None


class Scripted:
    """A subject whose scores are written down; it counts what it was asked to keep."""

    def __init__(self, scores: Sequence[Scores]) -> None:
        self.coming = list(scores)
        self.kept: list[int] = []
        self.looks = 0

    def scores(self, bench: Bench) -> Scores:
        self.looks += 1
        return self.coming.pop(0)

    def keep(self, bench: Bench) -> None:
        self.kept.append(self.looks)

    def further(self, bench: Bench) -> Mapping[str, float]:
        return {"energy_j": 5.0}

    def facts(self, bench: Bench) -> str:
        return "warm"


# ------------------------------------------------------------------------------- what it selects


def test_the_metrics_have_the_names_of_the_tasks_metric() -> None:
    watch = Watch(Scripted([Scores(0.7, 0.25, 0.5)]), ACCURACY, "testing", 1)
    assert watch.observe(NO_BENCH) == {
        "test_accuracy": 0.5,
        "selected_test_accuracy": 0.5,
        "val_accuracy": 0.25,
        "val_loss": 0.7,
        "energy_j": 5.0,
    }


@given(st.lists(st.tuples(*[st.floats(0, 10)] * 3), min_size=1, max_size=20))
def test_the_state_of_least_validation_loss_is_kept_and_its_test_metric_selected(
    rows: list[tuple[float, float, float]],
) -> None:
    scores = [Scores(*row) for row in rows]
    subject = Scripted(scores)
    watch = Watch(subject, ACCURACY, "testing", 1)
    for number in range(1, len(scores) + 1):
        found = watch.observe(NO_BENCH)
        best = min(range(number), key=lambda look: scores[look].val_loss)  # the first of equal ones
        assert found["selected_test_accuracy"] == scores[best].test
        assert subject.kept[-1] == best + 1


def test_a_loss_that_is_no_number_is_never_the_best() -> None:
    subject = Scripted([Scores(2.0, 0.5, 0.5), Scores(math.nan, 0.9, 0.9), Scores(1.0, 0.4, 0.4)])
    watch = Watch(subject, ACCURACY, "testing", 1)
    selected = [watch.observe(NO_BENCH)["selected_test_accuracy"] for _ in range(3)]
    assert selected == [0.5, 0.5, 0.4]
    assert subject.kept == [1, 3]


def test_facts_begin_when_something_has_been_measured() -> None:
    watch = Watch(Scripted([Scores(0.7, 0.25, 0.5)]), ACCURACY, "testing", 1)
    assert watch.facts(NO_BENCH) == "warm"
    watch.observe(NO_BENCH)
    assert watch.facts(NO_BENCH) == "test 50.0 % | warm"


# ------------------------------------------------------------------------------- when it looks


@pytest.mark.parametrize(
    ("text", "every"),
    [
        ("[controller]\nqueries = 10_000", 50),
        ("[controller]\nqueries = 7", 1),
        ("[evaluation]\nevery_queries = 3", 3),
    ],
)
@pytest.mark.usefixtures("in_room")
def test_a_run_is_looked_at_two_hundred_times_unless_told_otherwise(text: str, every: int) -> None:
    study = study_from_text(f'task.name = "vowel"\n{text}')
    prepared = prepare(study)
    assert watch_of(study, prepared, program_of(study, prepared)).every_queries == every


def talk(commands: Sequence[Command]) -> Controller:
    yield from commands


def test_a_marked_run_is_looked_at_before_it_begins_and_after_every_mark() -> None:
    said: list[object] = []
    commands = [Settle(), Log("epoch", 1), Log("train_loss", 0.5), Log("epoch", 2)]
    said.extend(looked_at(talk(commands), "epoch", lambda: said.append("look")))
    assert said == ["look", commands[0], commands[1], "look", commands[2], commands[3], "look"]


def test_replies_and_refusals_reach_the_controller_that_is_looked_at() -> None:
    heard: list[object] = []

    def controller() -> Controller:
        heard.append((yield Settle()))
        try:
            yield SetPhases([0], [math.nan])
        except CommandError as error:
            heard.append(str(error))
        heard.append((yield Log("epoch", 1)))

    looked = looked_at(controller(), "epoch", lambda: heard.append("look"))
    next(looked)
    looked.send("settled")  # type: ignore[arg-type]
    looked.throw(CommandError("not finite"))
    with pytest.raises(StopIteration):
        looked.send(None)
    assert heard == ["look", "settled", "not finite", "look", None]


def test_a_controller_that_is_looked_at_is_closed_with_it() -> None:
    ended: list[str] = []

    def controller() -> Controller:
        try:
            yield Settle()
        finally:
            ended.append("closed")

    looked = looked_at(controller(), "epoch", lambda: None)
    next(looked)
    looked.close()
    assert ended == ["closed"]
