"""The tasks by name; adding one is one file and one line here."""

from emulator.errors import TaskError, nearest
from experiments.tasks import images, vowel
from experiments.tasks.brought import matrix, own
from experiments.tasks.climate import bench, north_america
from experiments.tasks.diffusion import pictures
from experiments.tasks.task import Task, TaskKind, TaskOptions
from experiments.tasks.text import dialogue

__all__ = ["TASKS", "build_task", "task_names"]

TASKS: dict[str, TaskKind] = {
    kind.name: kind
    for kind in (
        vowel.KIND,
        *images.KINDS,
        own.KIND,
        matrix.KIND,
        north_america.KIND,
        bench.KIND,
        *pictures.KINDS,
        dialogue.KIND,
    )
}


def task_names() -> tuple[str, ...]:
    """Return the names that ``build_task`` knows."""
    return tuple(TASKS)


def build_task(options: TaskOptions) -> Task:
    """Build the task ``options.name``; the same options always give the same arrays.

    Raises ``TaskError`` when the name is unknown or the options do not fit the task.
    """
    kind = TASKS.get(options.name)
    if kind is None:
        hint = nearest(options.name, TASKS)
        raise TaskError(f"task: '{options.name}' is unknown; known: {', '.join(TASKS)}. {hint}".strip())
    task = kind.build(options)
    if not options.constant_input:
        return task
    if task.tiles is not None:
        raise TaskError(
            f"task.constant_input is refused with the task '{task.name}', whose inputs are maps or pictures"
        )
    return task.with_constant_input()
