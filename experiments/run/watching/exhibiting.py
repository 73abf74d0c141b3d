"""What a task shows of a network as it learns and at the end, put into the trace; it takes no emulated time."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.bench import Bench
from emulator.commands import Command, Controller, Log
from experiments.models.model import Model
from experiments.run.watching.watch import overheard
from experiments.tasks.task import Task

__all__ = ["exhibited"]


_MARK: Final = "epoch"
"""What is logged when a network has learnt a while, and is looked at."""


def exhibited(controller: Controller, task: Task, model: Model, bench: Bench) -> Controller:
    """Pass on what is said, and log the exhibit of ``task`` behind the last command.

    Glimpses, where the task gives any, are of the network before the first command and at every mark. A controller
    that is stopped, by a budget say, has not ended: nothing is shown of what it trained.
    """
    glimpses: list[NDArray[np.uint8]] = []

    def look(command: Command | None, reply: object = None) -> None:
        del reply
        if task.glimpse is not None and (command is None or (type(command) is Log and command.name == _MARK)):
            glimpses.append(task.glimpse(task, model))

    look(None)
    yield from controller if task.glimpse is None else overheard(controller, look)
    if glimpses:
        bench.recorder.state("glimpses", np.stack(glimpses))
    if task.exhibit is None:
        return
    found = task.exhibit(task, model)
    for name, value in found.metrics.items():
        bench.log(name, value)
    for name, (array, unit) in found.states.items():
        bench.recorder.state(name, array, unit)
