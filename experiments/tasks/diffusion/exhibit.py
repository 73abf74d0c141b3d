"""What is shown of a diffusion when its training has ended: pictures that it draws, and how they are judged."""

from typing import Final

import numpy as np

from emulator.errors import TaskError
from emulator.streams import stream
from experiments.models.model import Model
from experiments.tasks.diffusion.classifier import classifier_of
from experiments.tasks.diffusion.frechet import frechet_distance
from experiments.tasks.diffusion.noise import Diffusion, drawn
from experiments.tasks.exhibits import Exhibit
from experiments.tasks.task import Task

__all__ = ["SAMPLES", "SHOWN", "picture_exhibit"]

SAMPLES: Final = 1000
"""Pictures that are drawn, of every class as many."""

SHOWN: Final = 8
"""Pictures of each class that the trace keeps."""


def picture_exhibit(task: Task, model: Model) -> Exhibit:
    """Draw 1,000 pictures, and judge them beside real ones that were learnt, and beside noise.

    Distances are those to the test pictures. Raises ``TaskError`` when the task shows no diffusion.
    """
    diffusion, tiles = task.present, task.tiles
    if not isinstance(diffusion, Diffusion) or tiles is None:
        raise TaskError(f"task '{task.name}': it draws no pictures; allowed: a task of diffusion")
    rng = stream(task.options.seed, f"task/{task.name}/drawn")
    labels = np.arange(SAMPLES) % diffusion.classes
    pictures = drawn(model.answers, tiles.joined, diffusion, labels, task.x_test.shape[1], rng)
    judge = classifier_of(task, diffusion.classes)
    real = judge.features(task.x_test)
    learnt = task.x_train[rng.permutation(len(task.x_train))[:SAMPLES]]
    noise = rng.random((SAMPLES, task.x_test.shape[1]))
    first = [np.flatnonzero(labels == label)[:SHOWN] for label in range(diffusion.classes)]
    shown = pictures[np.concatenate(first)].reshape(-1, tiles.height, tiles.width)
    return Exhibit(
        metrics={
            "frechet": frechet_distance(judge.features(pictures), real),
            "frechet_real": frechet_distance(judge.features(learnt), real),
            "frechet_noise": frechet_distance(judge.features(noise), real),
            "class_agreement": float((judge.labels(pictures) == labels).mean()),
            "class_agreement_real": float((judge.labels(task.x_test) == task.y_test).mean()),
        },
        states={"drawn": (shown.astype(np.float64), "1")},
    )
