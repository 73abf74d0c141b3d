"""What a task shows of a network whose training has ended, put into the trace; it takes no emulated time."""

from emulator.bench import Bench
from emulator.commands import Controller
from experiments.models.model import Model
from experiments.tasks.task import Task

__all__ = ["exhibited"]


def exhibited(controller: Controller, task: Task, model: Model, bench: Bench) -> Controller:
    """Pass on what is said, and log the exhibit of ``task`` behind the last command.

    A controller that is stopped, by a budget say, has not ended: nothing is shown of what it trained.
    """
    yield from controller
    if task.exhibit is None:
        return
    found = task.exhibit(task, model)
    for name, value in found.metrics.items():
        bench.log(name, value)
    for name, (array, unit) in found.states.items():
        bench.recorder.state(name, array, unit)
