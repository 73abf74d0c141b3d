"""Accuracy on validation and test data, beside the run and steering nothing; validation chooses the best state.

What is measured differs, a chip as it is or a network in memory; when it is looked at, what is chosen and how it is
named in the trace is the same for all.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from emulator.bench import Bench
from emulator.commands import Command, Controller, Log
from emulator.errors import CommandError
from experiments.run.watching.unseen import UnseenChip
from experiments.tasks.judges import Metric
from experiments.tasks.task import Task

__all__ = ["Scores", "Subject", "Watch", "looked_at", "overheard", "samples_of"]


class Scores(NamedTuple):
    """Hold what was measured at one instant."""

    val_loss: float
    val: float
    test: float


class Subject(Protocol):
    """What learns: it can be measured at any instant, which takes no emulated time."""

    def scores(self, bench: Bench) -> Scores:
        """Measure validation loss, and the metric on validation and test data."""

    def keep(self, bench: Bench) -> None:
        """Keep the state of this instant in the trace: it is the best so far."""

    def further(self, bench: Bench) -> Mapping[str, float]:
        """Return what else is worth recording at this instant."""

    def facts(self, bench: Bench) -> str:
        """Return in a few words what else there is to see, or nothing."""


class Watch:
    """Measure ``subject`` every ``every_queries`` queries, as an observer, or whenever ``observe`` is called.

    ``selected_test_<metric>`` is the test metric of the state with the lowest validation loss so far.
    """

    def __init__(self, subject: Subject, metric: Metric, verb: str, every_queries: int) -> None:
        self.verb = verb
        self.every_queries = every_queries
        self.test = math.nan
        self._subject = subject
        self._metric = metric
        self._best_loss = math.inf
        self._selected = math.nan

    def observe(self, bench: Bench) -> Mapping[str, float]:
        """Return metrics and validation loss of this instant."""
        found = self._subject.scores(bench)
        self.test = found.test
        if found.val_loss < self._best_loss:
            self._best_loss, self._selected = found.val_loss, found.test
            self._subject.keep(bench)
        name = self._metric.name
        return {
            f"test_{name}": found.test,
            f"selected_test_{name}": self._selected,
            f"val_{name}": found.val,
            "val_loss": found.val_loss,
            **self._subject.further(bench),
        }

    def facts(self, bench: Bench) -> str:
        """Return in a few words what the run is at."""
        return " | ".join(each for each in (self.judged, self._subject.facts(bench)) if each)

    @property
    def sees(self) -> bool:
        """Return whether there is anything to measure."""
        return not isinstance(self._subject, UnseenChip)

    @property
    def judged(self) -> str:
        """Return the last test metric in a few characters; nothing before the first."""
        return "" if math.isnan(self.test) else f"test {self._metric.text(self.test)}"


def samples_of(task: Task) -> Mapping[str, float]:
    """Return how many samples of ``task`` the metrics are measured on, by the names in a trace."""
    return {"test_samples": float(len(task.x_test)), "val_samples": float(len(task.x_val))}


def looked_at(controller: Controller, mark: str, look: Callable[[], None]) -> Controller:
    """Pass on what is said, and ``look`` before the first command and after each Log of ``mark``."""

    def hear(command: Command, reply: object) -> None:
        del reply
        if type(command) is Log and command.name == mark:
            look()

    look()
    yield from overheard(controller, hear)


def overheard(controller: Controller, hear: Callable[[Command, Any], None]) -> Controller:
    """Pass on what is said, and ``hear`` each command with the reply that came; refusals reach the controller."""
    advance: Callable[[Any], Command] = controller.send
    message: Any = None
    try:
        while True:
            try:
                command = advance(message)
            except StopIteration:
                return
            advance = controller.send
            try:
                message = yield command
            except CommandError as error:  # the controller gets it where it yielded the command
                advance, message = controller.throw, error
                continue
            hear(command, message)
    finally:
        controller.close()
