"""What the tests of sweeps share: an executor that does everything at once, and a study that takes a moment."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

SHORT = (
    "controller.queries=40", "evaluation.every_queries=20", "chip.preset=paper", "task.seed=0",
)  # fmt: skip
"""Settings that make the shipped vowel recovery short; one network for all seeds."""


class Here(Executor):
    """Carry out what is submitted in this thread, and count it; ``before`` may spoil one."""

    def __init__(self, before: Callable[[int], None] = lambda number: None) -> None:
        self.submitted = 0
        self._before = before

    def submit(self, function: Callable[..., Any], /, *words: Any, **named: Any) -> "Future[Any]":
        self.submitted += 1
        future: Future[Any] = Future()
        try:
            self._before(self.submitted)
            future.set_result(function(*words, **named))
        except Exception as error:  # noqa: BLE001  (as an executor does)
            future.set_exception(error)
        return future
