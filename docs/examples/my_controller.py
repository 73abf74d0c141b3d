"""A controller to start from: it moves all heaters at once, at random, and keeps what helps; NOT a good one.

``python docs/examples/my_controller.py`` runs it, wherever Lightloop is installed.
"""

from __future__ import annotations

import numpy as np

import lightloop
from lightloop import Forward, Log, SetPhases, Settle, cross_entropy


def random_steps(given: lightloop.Setting, steps: int = 200, step_rad: float = 0.02) -> lightloop.Controller:
    """Try ``steps`` moves of +-``step_rad`` on every active heater; go back where the loss does not fall."""
    rng, batches = given.stream("random_steps"), given.batches(32)
    heaters: list[int] = given.heaters.tolist()
    phases = given.phases
    for _ in range(steps):
        batch = next(batches)
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


if __name__ == "__main__":
    lightloop.run("vowel_recovery", "out/random_steps.h5", controller=random_steps)
    with lightloop.open_trace("out/random_steps.h5") as trace:
        print(trace.status, trace.queries, trace.metrics()["test_accuracy"].value)
