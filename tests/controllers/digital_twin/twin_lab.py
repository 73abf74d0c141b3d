"""A small chip with errors that answers a controller at once, for tests of twins; no test lives here."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from controllers.data_sheet import DataSheet
from controllers.deployment import Deployment, deploy
from controllers.kind import Setting
from emulator.commands import (
    Command,
    Compute,
    Computed,
    Controller,
    Incumbent,
    Log,
    PhasesSet,
    Probe,
    Reading,
    Readings,
    Sequence,
    SetPhases,
    Settle,
    Settled,
)
from emulator.instruments.chip.config import ChipConfig, HeaterConfig
from emulator.instruments.chip.state import ChipCore, Design
from emulator.streams import stream
from tests.builders import ideal_chip, weights

__all__ = ["FABRICATED", "SIZES", "Lab", "made_lab", "share_of"]

Floats = NDArray[np.float64]

SIZES = (8, 6, 4)
SPREAD = 0.03
FABRICATED = HeaterConfig(
    sigma_gamma=SPREAD, sigma_kind="relative", omega=2e-3, dynamics="instant", settle_s=0.0
)


class Lab(NamedTuple):
    """Hold a chip, what is public of it, and what a controller asked."""

    core: ChipCore
    setting: Setting
    deployment: Deployment

    def read(self, driven: Floats, inputs: Floats) -> Floats:
        """Return what the chip reads with its heaters driven to ``driven`` (n,)."""
        self.core.drive(self.setting.heaters, np.asarray(driven, dtype=np.float64), 0)
        self.core.load(inputs)
        return self.core.read(0, 0)[0]

    def served(self, controller: Controller, most: int = 100_000) -> list[Command]:
        """Let ``controller`` run; return what it asked."""
        asked: list[Command] = []
        reply: Any = None
        for _ in range(most):
            try:
                command = controller.send(reply)
            except StopIteration:
                break
            asked.append(command)
            reply = self._reply(command)
        return asked

    def _reply(self, command: Command) -> Any:
        if isinstance(command, Probe):
            self.core.drive(np.array(command.heaters), np.array(command.radians), 0)
            self.core.load(command.batch.inputs)
            return Reading(self.core.read(0, 0)[0], 0)
        if isinstance(command, Sequence):
            self.core.load(command.batch.inputs)
            found = []
            for heaters, radians in zip(command.heaters, command.radians, strict=True):
                self.core.drive(heaters, radians, 0)
                found.append(self.core.read(0, 0)[0])
            return Readings(np.stack(found), command.radians[:, -1], float("nan"), len(found), 0, 0, 0, 0.0)
        if isinstance(command, SetPhases):
            self.core.drive(np.array(command.heaters), np.array(command.radians), 0)
            return PhasesSet(0.0)
        if isinstance(command, Settle):
            return Settled(0)
        assert isinstance(command, Compute | Incumbent | Log)
        return Computed(0) if isinstance(command, Compute) else None


def made_lab(
    seed: int = 0,
    heaters: HeaterConfig = FABRICATED,
    alpha: float = 0.8,
    dead: tuple[int, ...] = (),
    values: bool = False,
) -> Lab:
    """Return a chip deployed with random weights, whose targets are what these would give; ``dead`` are places."""
    deployment = deploy(weights(SIZES, seed), alpha, stream(seed, "tests/active"))
    broken = tuple(int(deployment.heaters[place]) for place in dead)
    config: ChipConfig = ideal_chip(heaters.model_copy(update={"dead": broken}))
    core = ChipCore(config, Design(deployment.layers, deployment.active), seed)
    inputs = stream(seed, "tests/inputs").uniform(0.0, 2.0, (240, SIZES[0]))
    signal = inputs
    for index, matrix in enumerate(weights(SIZES, seed)):
        signal = signal @ matrix.T
        signal = np.clip(signal, 0.0, 4.0) if index < len(SIZES) - 2 else signal
    targets: NDArray[Any] = signal if values else signal.argmax(axis=1)
    setting = Setting(
        inputs,
        targets,
        partial(stream, seed),
        deployment.heaters,
        deployment.phases[deployment.active],
        deployment=deployment,
        sheet=DataSheet(phase_spread=heaters.sigma_gamma),
    )
    return Lab(core, setting, deployment)


def share_of(lab: Lab) -> float:
    """Return how much of the training set the chip tells right as it is driven, or its mean squared error."""
    lab.core.load(lab.setting.inputs)
    outputs, targets = lab.core.read(0, 0)[0], lab.setting.targets
    if targets.ndim == 1:
        return float((outputs.argmax(axis=1) == targets).mean())
    return float(np.square(outputs - targets).mean())
