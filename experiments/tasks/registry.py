"""The tasks by name; adding one is one builder and one line here."""

from collections.abc import Callable

from emulator.errors import TaskError, nearest
from experiments.tasks.images import (
    build_fashion,
    build_fashion4k,
    build_fashion8x8,
    build_fashion60k,
    build_mnist,
    build_mnist8x8,
)
from experiments.tasks.task import Task, TaskOptions
from experiments.tasks.vowel import build_vowel

__all__ = ["build_task", "task_names"]

_BUILDERS: dict[str, Callable[[TaskOptions], Task]] = {
    "vowel": build_vowel,
    "mnist8x8": build_mnist8x8,
    "fashion8x8": build_fashion8x8,
    "mnist": build_mnist,
    "fashion": build_fashion,
    "fashion60k": build_fashion60k,
    "fashion4k": build_fashion4k,
}


def task_names() -> tuple[str, ...]:
    """Return the names that ``build_task`` knows."""
    return tuple(_BUILDERS)


def build_task(options: TaskOptions) -> Task:
    """Build the task ``options.name``; the same options always give the same arrays.

    Raises ``TaskError`` when the name is unknown or the options do not fit the task.
    """
    builder = _BUILDERS.get(options.name)
    if builder is None:
        hint = nearest(options.name, _BUILDERS)
        raise TaskError(f"task: '{options.name}' is unknown; known: {', '.join(_BUILDERS)}. {hint}".strip())
    return builder(options)
