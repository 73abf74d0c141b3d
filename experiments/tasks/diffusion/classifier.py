"""A small convolutional classifier of the real pictures, whose 64 features and answers judge drawn ones.

It is trained once for a task, whatever the seed of its split, on all pictures but the tested ones, and kept
beside trained weights under a digest of all that makes it. It learns by Adam in one thread, with weights and
batches of named streams: the same everywhere but for the last bits of another processor.
"""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from emulator.streams import stream
from experiments.tasks.task import Task
from experiments.tasks.weight_cache import cache_key, default_folder, read_weights, write_weights

if TYPE_CHECKING:
    import torch

__all__ = ["FEATURES", "Classifier", "classifier_of"]

FEATURES: Final = 64
_CHANNELS: Final = (16, 32)
_KERNEL: Final = 3
_BATCH: Final = 128
_STEPS: Final = 800
_RATE: Final = 2e-3
_AT_ONCE: Final = 1000

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Classifier:
    """Hold matrices (outputs, inputs), the last input being the bias's 1, and the side of the pictures."""

    weights: tuple[Floats, ...]
    side: int

    def features(self, pictures: NDArray[np.floating]) -> Floats:
        """Return the last hidden layer's values (samples, 64) of ``pictures`` (samples, pixels) in [0, 1]."""
        return self._answers(pictures)[0]

    def labels(self, pictures: NDArray[np.floating]) -> NDArray[np.int64]:
        """Return the class that each of ``pictures`` looks like most."""
        return np.asarray(self._answers(pictures)[1].argmax(axis=1))

    def _answers(self, pictures: NDArray[np.floating]) -> tuple[Floats, Floats]:
        import torch

        weights = [torch.from_numpy(matrix).float() for matrix in self.weights]
        parts = [pictures[first : first + _AT_ONCE] for first in range(0, len(pictures), _AT_ONCE)]
        with torch.no_grad():
            found = [_pass(weights, torch.tensor(part, dtype=torch.float32), self.side) for part in parts]
        features, answers = (torch.cat(each).double().numpy() for each in zip(*found, strict=True))
        return features, answers


def classifier_of(task: Task, labels: int, folder: Path | None = None) -> Classifier:
    """Return the classifier of the pictures of ``task`` into ``labels`` classes, trained or found in ``folder``."""
    import torch

    where, side = folder or default_folder(), math.isqrt(task.x_train.shape[1])
    shapes = _shapes(side, labels)
    x, y = _pictures(task)
    made = hashlib.blake2b(x.tobytes() + y.tobytes(), digest_size=16).hexdigest()
    key = cache_key("classifier", task.name, made, shapes, _STEPS, _RATE, _BATCH, torch.__version__)
    weights = read_weights(where, key, shapes)
    if weights is None:
        weights = _trained(task.name, x, y, shapes, side)
        write_weights(where, key, weights)
    return Classifier(weights, side)


def _shapes(side: int, labels: int) -> tuple[tuple[int, int], ...]:
    """Return (outputs, inputs and 1) of two convolutions of stride 2, of the features, and of the answers."""
    square = _KERNEL * _KERNEL
    smaller = -(-side // 2)
    places = (-(-smaller // 2)) ** 2
    first, second = _CHANNELS
    return (
        (first, square + 1), (second, first * square + 1), (FEATURES, second * places + 1), (labels, FEATURES + 1),
    )  # fmt: skip


def _pictures(task: Task) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the pictures of ``task`` that are not tested, and their labels, in an order that no split changes."""
    x = np.concatenate([task.x_train, task.x_val]).astype(np.float32)
    y = np.concatenate([task.y_train, task.y_val])
    marks = [hashlib.blake2b(picture.tobytes(), digest_size=8).digest() for picture in x]
    order = sorted(range(len(x)), key=lambda row: (marks[row], int(y[row])))
    return x[order], y[order]


def _trained(
    name: str,
    pictures: NDArray[np.float32],
    labels: NDArray[np.int64],
    shapes: tuple[tuple[int, int], ...],
    side: int,
) -> tuple[Floats, ...]:
    import torch

    rng = stream(0, f"task/{name}/classifier")
    weights = [
        torch.from_numpy(rng.uniform(-1.0, 1.0, shape) / math.sqrt(shape[1])).float().requires_grad_()
        for shape in shapes
    ]
    x, y = torch.from_numpy(pictures), torch.from_numpy(labels)
    adam = torch.optim.Adam(weights, lr=_RATE)
    for step in range(_STEPS):
        for group in adam.param_groups:
            group["lr"] = _RATE * 0.5 * (1.0 + math.cos(math.pi * step / _STEPS))
        rows = rng.integers(0, len(x), _BATCH)
        adam.zero_grad()
        answers = _pass(weights, x[rows], side)[1]
        torch.nn.functional.cross_entropy(answers, y[rows]).backward()  # type: ignore[no-untyped-call]
        adam.step()
    return tuple(matrix.detach().double().numpy() for matrix in weights)


def _pass(
    weights: "list[torch.Tensor]", pictures: "torch.Tensor", side: int
) -> "tuple[torch.Tensor, torch.Tensor]":
    """Return features and answers of ``pictures`` (samples, pixels)."""
    import torch

    signal = pictures.reshape(-1, 1, side, side)
    for matrix, channels in zip(weights[:2], (1, _CHANNELS[0]), strict=True):
        kernels = matrix[:, :-1].reshape(-1, channels, _KERNEL, _KERNEL)
        signal = torch.relu(torch.nn.functional.conv2d(signal, kernels, matrix[:, -1], stride=2, padding=1))
    hidden, last = weights[2:]
    features = torch.relu(signal.flatten(1) @ hidden[:, :-1].T + hidden[:, -1])
    return features, features @ last[:, :-1].T + last[:, -1]
