"""The observer of a recovery: accuracy on validation and test data, beside the run and steering nothing.

The state with the lowest validation loss so far is kept in the trace as ``best_phases``; its test accuracy is
the metric ``selected_test_accuracy``.
"""

import math
from collections.abc import Mapping

import numpy as np

from controllers.losses import cross_entropy
from emulator.bench import Bench
from emulator.instruments.chip.chip import Chip
from emulator.units import format_si
from experiments.tasks.task import Task

__all__ = ["RecoveryObserver"]


class RecoveryObserver:
    """Send validation and test inputs through the chip as it is, every ``every_queries`` queries.

    ``test_accuracy`` is the last one measured, for people who watch.
    """

    verb = "recovering"

    def __init__(self, task: Task, every_queries: int) -> None:
        self.every_queries = every_queries
        self._inputs = np.concatenate([task.x_val, task.x_test])
        self._split = len(task.x_val)
        self._val_labels = np.ascontiguousarray(task.y_val)
        self._test_labels = task.y_test
        self.test_accuracy = math.nan
        self._best_loss = math.inf
        self._selected = math.nan

    def observe(self, bench: Bench) -> Mapping[str, float]:
        """Return accuracies (fractions), validation loss, heater power and total energy at this instant."""
        chip = bench.instrument(Chip)
        outputs = chip.observe(self._inputs, bench.now_ps)
        right = outputs.argmax(axis=1)
        val_loss = float(cross_entropy(outputs[: self._split], self._val_labels))
        self.test_accuracy = test_accuracy = float((right[self._split :] == self._test_labels).mean())
        if val_loss < self._best_loss:
            self._best_loss, self._selected = val_loss, test_accuracy
            bench.recorder.state("best_phases", chip.core.driven_phases(), "rad")
        return {
            "test_accuracy": test_accuracy,
            "selected_test_accuracy": self._selected,
            "val_accuracy": float((right[: self._split] == self._val_labels).mean()),
            "val_loss": val_loss,
            "heater_power_w": chip.core.heater_power_w,
            "energy_j": bench.energy_j,
        }

    def facts(self, bench: Bench) -> str:
        """Return in a few words what the recovery is at."""
        power = format_si(bench.instrument(Chip).core.heater_power_w, "W", 3)
        return f"test {100 * self.test_accuracy:.1f} % | heaters {power:>7}"
