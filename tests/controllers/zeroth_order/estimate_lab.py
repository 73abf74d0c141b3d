"""A bench of a smooth loss for searches that read many settings at once; no test and no chip lives here.

A reading is of one sample whose loss is log(1 + exp(score)), with a score that the test gives as a function of all
phases. Probes and Sequences are served alike.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from controllers.kind import Setting
from emulator.commands import Command, Controller, Incumbent, Probe, Reading, Readings, Sequence, SetPhases

__all__ = ["Conversation", "loss_of_score", "talk"]

Floats = NDArray[np.float64]
Scorer = Callable[[Floats], float]


def loss_of_score(score: float) -> float:
    """Return the loss of a reading with this score."""
    return float(np.logaddexp(0.0, score))


@dataclass
class Conversation:
    """Hold what was asked, all phases at every reading (n, heaters), and the incumbents (m, heaters)."""

    asked: list[Command] = field(default_factory=list)
    read: list[Floats] = field(default_factory=list)
    incumbents: list[Floats] = field(default_factory=list)
    driven: Floats = field(default_factory=lambda: np.empty(0))


def talk(controller: Controller, setting: Setting, score: Scorer, most: int = 100_000) -> Conversation:
    """Serve ``controller`` until it ends, with at most ``most`` commands."""
    told = Conversation(driven=setting.phases.copy())
    places = {heater: place for place, heater in enumerate(setting.heaters.tolist())}

    def drive(heaters: Any, radians: Any) -> None:
        told.driven[[places[int(heater)] for heater in heaters]] = radians

    def read() -> Floats:
        told.read.append(told.driven.copy())
        return np.array([[0.0, score(told.driven)]])

    reply: Any = None
    for _ in range(most):
        try:
            command = controller.send(reply)
        except StopIteration:
            return told
        told.asked.append(command)
        reply = None
        if isinstance(command, SetPhases | Probe):
            drive(command.heaters, command.radians)
        if isinstance(command, Probe):
            reply = Reading(read(), 0)
        elif isinstance(command, Sequence):
            outputs = []
            for heaters, radians in zip(command.heaters, command.radians, strict=True):
                drive(heaters, radians)
                outputs.append(read())
            reply = Readings(np.array(outputs), command.radians[:, -1], 0.0, len(outputs), 0, 0, 0, 0.0)
        elif isinstance(command, Incumbent):
            told.incumbents.append(np.array(command.radians))
    raise AssertionError("the controller does not end")
