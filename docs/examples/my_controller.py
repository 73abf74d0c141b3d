"""A controller to start from: it moves all heaters at once, at random, and keeps what helps; NOT a good one."""

import numpy as np
from numpy.typing import NDArray

from controllers.deployment import Deployment
from controllers.losses import cross_entropy
from emulator.commands import Batch, Controller, Forward, Log, SetPhases, Settle
from emulator.streams import stream


def random_steps(
    deployment: Deployment,
    inputs: NDArray[np.float64],
    labels: NDArray[np.int64],
    steps: int = 200,
    step_rad: float = 0.02,
    seed: int = 0,
) -> Controller:
    """Try ``steps`` moves of +-``step_rad`` on every active heater; go back where the loss does not fall."""
    rng = stream(seed, "my_controller")
    heaters: list[int] = deployment.heaters.tolist()
    phases = deployment.phases[deployment.active]
    for key in range(steps):
        chosen = rng.choice(len(inputs), size=32, replace=False)
        batch = Batch(key, inputs[chosen], labels[chosen], chosen.astype(np.int32))
        reading = yield Forward(batch)  # one query: the reply holds what the receivers read
        before = cross_entropy(reading.outputs, batch.labels)
        trial = abs(phases + step_rad * rng.choice((-1.0, 1.0), size=len(phases))) % (2 * np.pi)
        yield SetPhases(heaters, trial.tolist())
        yield Settle()  # wait as long as the configuration says
        reading = yield Forward(batch)
        after = cross_entropy(reading.outputs, batch.labels)
        if after < before:
            phases = trial
        else:
            yield SetPhases(heaters, phases.tolist())
            yield Settle()
        yield Log("train_loss", min(before, after))
