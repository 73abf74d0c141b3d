"""What is watched of a network that is trained: its answers in memory, as they are after the last step."""

from collections.abc import Mapping

from data.sets import FloatArray
from emulator.bench import Bench
from emulator.streams import stream
from experiments.models.model import Model
from experiments.run.watching.watch import Scores
from experiments.tasks.judges import Side, Targets, loss_in_torch, shown_in_torch
from experiments.tasks.task import Task

__all__ = ["TrainedModel"]


class TrainedModel:
    """Measure a network; its best state is not kept, as no instrument holds it."""

    def __init__(self, model: Model, task: Task) -> None:
        self._model = model
        self._task = task

    def scores(self, bench: Bench) -> Scores:
        """Return validation loss and metrics of the network as it is."""
        del bench
        task = self._task
        val_loss, val = self._measured(task.x_val, task.y_val)
        return Scores(val_loss, val, self._measured(task.x_test, task.y_test)[1])

    def keep(self, bench: Bench) -> None:
        """Keep nothing."""

    def further(self, bench: Bench) -> Mapping[str, float]:
        """Return the total energy at this instant."""
        return {"energy_j": bench.energy_j}

    def facts(self, bench: Bench) -> str:
        """Return nothing."""
        del bench
        return ""

    def _measured(self, x: FloatArray, targets: Targets) -> tuple[float, float]:
        """Return loss and metric on ``x`` (samples, inputs)."""
        side: Side = ()
        if self._task.present is not None:
            # By a stream of its own, so that every look shows the same.
            rng = stream(self._task.options.seed, f"task/{self._task.name}/shown")
            x, targets, side = shown_in_torch(self._task.present, x, targets, rng)
        outputs = self._model.answers(x, side)
        return loss_in_torch(self._task.loss, outputs, targets), self._task.metric.of_arrays(outputs, targets)
