"""The tasks: sizes of their networks and parts, and where their data come from."""

from dataclasses import dataclass

from rich.console import Console

from emulator.errors import TaskError
from experiments.output.tables import Column, table_of
from experiments.output.terminal import show
from experiments.tasks.registry import build_task, task_names
from experiments.tasks.task import Task, TaskOptions

__all__ = ["ListedTask", "show_tasks", "the_tasks"]


@dataclass(frozen=True, slots=True)
class ListedTask:
    """One task with its defaults: layers of its network, samples of its parts, title, origin and licence of data.

    ``needs`` says what a task that cannot be had by its name alone asks for.
    """

    name: str
    title: str
    layers: tuple[int, ...]
    train: int
    validation: int
    test: int
    source: str
    needs: str = ""


def the_tasks() -> tuple[ListedTask, ...]:
    """Return every task, in the order of the registry."""
    return tuple(map(_listed, task_names()))


def _listed(name: str) -> ListedTask:
    try:
        task: Task = build_task(TaskOptions(name))
    except TaskError as error:
        return ListedTask(name, "", (), 0, 0, 0, "", str(error))
    train, held_out, test = (len(inputs) for _, inputs, _ in task.parts())
    return ListedTask(name, task.title, task.layer_sizes, train, held_out, test, task.source)


def show_tasks(found: tuple[ListedTask, ...], console: Console) -> None:
    """Print a row a task, and the origin of its data below."""
    rows = [(one.name, one.title or one.needs, "-".join(map(str, one.layers)), *_sizes(one)) for one in found]
    columns = ("task", Column("what it is", words=True), Column("network", words=False))
    counts = tuple(Column(heading, words=False) for heading in ("learnt", "held out", "tested"))
    notes = tuple(f"{one.name}: {one.source}" for one in found if one.source)
    show(table_of("", (*columns, *counts), rows, notes), console)


def _sizes(one: ListedTask) -> tuple[int | str, ...]:
    return ("", "", "") if one.needs else (one.train, one.validation, one.test)
