"""What the tables of a training need of one run, read from its trace; it judges nothing."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from controllers.feedback_alignment import odfa
from emulator.errors import TraceError
from emulator.instruments.opu.config import OpuConfig
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import MetricSeries, Trace
from experiments.run.study import Study, study_from_text

__all__ = ["TrainingOutcome", "read_training"]

Floats = NDArray[np.float64]

_LAYER = re.compile(r"alignment_(\d+)")
_BOX = "opu.box"
_HOST = ("host", "host.frames")
_EXPOSURE = "camera.exposure"


@dataclass(frozen=True, slots=True, eq=False)
class TrainingOutcome:
    """One finished training. Accuracies are fractions of the test set; arrays run over the epochs.

    Attributes
    ----------
    accuracy, t_s : arrays (epochs + 1,)
        Test accuracy before training and after each epoch, and when.
    alignment : array (hidden layers, epochs)
        Mean cosine between projected and true gradient of each layer's parameters, over the epoch.
    box_j, host_j, frames : float, float, int
        Of the whole run: energy of the processing unit and of the host, and camera frames; 0 without light.
    """

    seed: int
    status: str
    created: str
    study: Study
    accuracy: Floats
    t_s: Floats
    selected: float
    alignment: Floats
    vectors: int
    box_j: float
    host_j: float
    frames: int
    test_samples: int = 0
    """Samples behind each accuracy; 0 where the trace does not say."""
    held_out: float = math.nan
    """Accuracy at the end on the validation samples; NaN where the trace has none."""

    @property
    def final(self) -> float:
        """Return the accuracy at the end."""
        return float(self.accuracy[-1])

    @property
    def epochs(self) -> int:
        """Return how many epochs were finished."""
        return len(self.accuracy) - 1

    @property
    def epoch_s(self) -> float:
        """Return the emulated time of an epoch."""
        return float(self.t_s[-1]) / self.epochs


def read_training(path: Path) -> TrainingOutcome:
    """Read the trace at ``path``; raises ``TraceError`` when it is damaged or holds no finished epoch."""
    with open_trace(path) as trace:
        study = study_from_text(trace.config_text, str(path))
        metrics = trace.metrics()
        missing = {"test_accuracy", "selected_test_accuracy", "epoch"} - metrics.keys()
        if missing or study.kind is not odfa.KIND:
            raise TraceError(
                f"{path}: no training was recorded ({', '.join(sorted(missing)) or 'a chip was'})"
            )
        return _outcome(trace, study, metrics)


def _outcome(trace: Trace, study: Study, metrics: dict[str, MetricSeries]) -> TrainingOutcome:
    accuracy = metrics["test_accuracy"]
    totals = trace.totals()
    energy_j = totals.get("energy_j", {})
    exposed_s = totals.get("busy_s", {}).get(_EXPOSURE, 0.0)
    return TrainingOutcome(
        seed=trace.seed,
        status=trace.status,
        created=trace.created,
        study=study,
        accuracy=accuracy.value,
        t_s=accuracy.t_s,
        selected=_total(metrics, "selected_test_accuracy"),
        alignment=_alignment(metrics),
        vectors=trace.queries if exposed_s else 0,
        box_j=energy_j.get(_BOX, 0.0),
        host_j=math.fsum(energy_j.get(name, 0.0) for name in _HOST),
        frames=round(exposed_s / study.section(OpuConfig).camera.exposure_s),
        test_samples=int(_total(metrics, "test_samples")),
        held_out=float(metrics["val_accuracy"].value[-1]) if "val_accuracy" in metrics else math.nan,
    )


def _alignment(metrics: dict[str, MetricSeries]) -> Floats:
    """Return the mean over each epoch; NaN where an epoch had no comparison."""
    layers = sorted((int(found[1]), name) for name in metrics if (found := _LAYER.fullmatch(name)))
    ends_s = metrics["epoch"].t_s
    means = np.full((len(layers), len(ends_s)), math.nan)
    for row, (_, name) in enumerate(layers):
        cosine = metrics[name]
        epoch = np.searchsorted(ends_s, cosine.t_s, side="left")
        for column in range(len(ends_s)):
            if (epoch == column).any():
                means[row, column] = cosine.value[epoch == column].mean()
    return means


def _total(metrics: dict[str, MetricSeries], name: str) -> float:
    """Return the last value of ``name``; 0 when nothing of the kind stood on the bench."""
    return float(metrics[name].value[-1]) if name in metrics else 0.0
