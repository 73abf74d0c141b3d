"""A bench whose optimum is known, for searches by ask and tell; no test lives here."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from controllers.phases import TWO_PI
from emulator.commands import Command, Probe, Reading, Readings, Sequence, Spending, Spent
from tests.contracts.controller_specimens import small_setting

__all__ = ["SETTING", "SIZE", "TARGET", "distance", "of_kind", "outputs_of", "talk"]

Floats = NDArray[np.float64]

SETTING = small_setting(0)
SIZE = SETTING.heaters.size
TARGET = SETTING.phases + 0.3


def outputs_of(radians: Any, labels: NDArray[np.int64]) -> Floats:
    """Return outputs (samples, 3) whose cross-entropy falls towards the target, whatever turn it lies in."""
    off = np.mod(np.asarray(radians) - TARGET + np.pi, TWO_PI) - np.pi
    outputs = np.zeros((len(labels), 3))
    outputs[np.arange(len(labels)), labels] = 5.0 - float(off @ off)
    return outputs


def talk(controller: Any, budget: int | None = None) -> Iterator[Command]:
    """Yield what ``controller`` asks, and reply; as a bench does, end it when ``budget`` queries are spent."""
    reply: Any = None
    made = 0
    while budget is None or made < budget:
        try:
            command = controller.send(reply)
        except StopIteration:
            return
        yield command
        reply = None
        made += len(command.radians) if isinstance(command, Sequence) else isinstance(command, Probe)
        if isinstance(command, Spending):
            left = None if budget is None else budget - made
            reply = Spent(0, made, 0, 0.0, 0.0, None, left, None, None, None)
        elif isinstance(command, Sequence):
            read = np.array([outputs_of(each, command.batch.labels) for each in command.radians])
            reply = Readings(read, command.radians[:, -1], float("nan"), len(read), 0, 0, 0, 0.0)
        elif isinstance(command, Probe):
            reply = Reading(outputs_of(command.radians, command.batch.labels), 0)


def distance(command: Any) -> float:
    off = np.mod(np.asarray(command.radians) - TARGET + np.pi, TWO_PI) - np.pi
    return float(np.linalg.norm(off))


def of_kind(commands: list[Command], kind: type[Any]) -> list[Any]:
    return [command for command in commands if isinstance(command, kind)]
