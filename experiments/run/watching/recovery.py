"""What is watched of a chip that is tuned: validation and test inputs go through it, at its controller's incumbent.

Of a controller that names none, what is driven is judged: it must be what the search would end with.

Outputs that a guard has found stuck are left out by the host that classifies, here as there: no sample is put into
their classes, and the validation loss is that of the other classes' samples.

The state with the lowest validation loss so far is kept in the trace as ``best_phases``.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from controllers.health import Health
from emulator.bench import Bench
from emulator.instruments.chip.chip import Chip
from emulator.units import format_si
from experiments.run.watching.watch import Scores
from experiments.tasks.task import Task

__all__ = ["TunedChip"]


class TunedChip:
    """Measure the chip on the bench; one look sends both parts of ``task`` through at once."""

    def __init__(self, task: Task, health: Health | None = None) -> None:
        self._task = task
        self._health = health or Health()
        self._inputs = np.concatenate([task.x_val, task.x_test])

    def scores(self, bench: Bench) -> Scores:
        """Return validation loss and metrics of the incumbent, or of what is driven at this instant."""
        task, split = self._task, len(self._task.x_val)
        outputs = bench.instrument(Chip).observe(self._inputs, bench.now_ps)
        judged: slice | NDArray[np.bool_] = slice(None)
        if self._health.outputs and task.y_val.ndim == 1:
            outputs, judged = self._health.decided(outputs), self._health.judgeable(task.y_val)
        val, test = outputs[:split], outputs[split:]
        return Scores(
            task.loss.of_arrays(val[judged], task.y_val[judged]),
            task.metric.of_arrays(val, task.y_val),
            task.metric.of_arrays(test, task.y_test),
        )

    def keep(self, bench: Bench) -> None:
        """Keep the phases that are judged now."""
        bench.recorder.state("best_phases", bench.instrument(Chip).judged(), "rad")

    def further(self, bench: Bench) -> Mapping[str, float]:
        """Return heater power and total energy at this instant."""
        return {
            "heater_power_w": bench.instrument(Chip).core.heater_power_w,
            "energy_j": bench.energy_j,
        }

    def facts(self, bench: Bench) -> str:
        """Return the heater power."""
        return f"heaters {format_si(bench.instrument(Chip).core.heater_power_w, 'W', 3):>7}"
