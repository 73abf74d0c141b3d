"""Canned replies for an agent of feedback alignment, and ways to look at what it asked; no test and no bench.

The light is a matrix: a projection is there at once, without noise, and may lack vectors.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator.commands import (
    Command,
    Compute,
    Computed,
    Controller,
    FrameCounts,
    Join,
    Log,
    Project,
    Projection,
    Start,
    Ticket,
)

__all__ = ["Projector", "light", "logged", "moves", "no_light", "play", "projected"]

Singles = NDArray[np.float32]
Projector = Callable[[Singles], Projection]


def light(matrix: Singles, lost: Sequence[int] = ()) -> Projector:
    """Return what projects onto ``matrix`` (classes, width); of every batch it loses the rows ``lost``."""

    def project(vectors: Singles) -> Projection:
        outputs, valid = vectors @ matrix, np.ones(len(vectors), dtype=np.bool_)
        valid[list(lost)] = False
        outputs[~valid] = 0.0
        outputs.setflags(write=False)
        frames, used = 2 * len(vectors), 2 * int(valid.sum())
        return Projection(outputs, valid, FrameCounts(len(vectors), 0, frames, used, frames - used, 0, 0), 0)

    return project


def no_light(vectors: Singles) -> Projection:
    """Refuse: for agents that must not ask for any."""
    raise AssertionError(f"{len(vectors)} vectors were sent to a unit that is not there")


def play(controller: Controller, project: Projector = no_light) -> list[Command]:
    """Serve ``controller`` until it ends; return what it asked."""
    asked: list[Command] = []
    tickets: list[Projection] = []
    reply: Any = None
    while True:
        try:
            command = controller.send(reply)
        except StopIteration:
            return asked
        asked.append(command)
        if isinstance(command, Start) and isinstance(command.command, Project):
            reply = Ticket(len(tickets))
            tickets.append(project(command.command.vectors))
        elif isinstance(command, Join):
            reply = tickets[command.ticket.number]
        else:
            reply = Computed(1000) if isinstance(command, Compute) else None


def moves(asked: Sequence[Command]) -> list[str]:
    """Return the activity of every Compute, "project" and "join <ticket>", and "= name" of every log."""
    told = []
    for command in asked:
        if isinstance(command, Compute):
            told.append(command.activity)
        elif isinstance(command, Join):
            told.append(f"join {command.ticket.number}")
        elif isinstance(command, Log):
            told.append(f"= {command.name}")
        else:
            assert isinstance(command, Start)
            told.append("project")
    return told


def projected(asked: Sequence[Command]) -> list[Singles]:
    """Return the vectors of every projection."""
    started = [command.command for command in asked if isinstance(command, Start)]
    return [command.vectors for command in started if isinstance(command, Project)]


def logged(asked: Sequence[Command], name: str) -> list[float]:
    return [command.value for command in asked if isinstance(command, Log) and command.name == name]
