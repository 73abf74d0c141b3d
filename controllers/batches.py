"""Mini-batches: an endless, seeded sequence of them, reshuffled every epoch."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator.arguments import checked_array, checked_kind, checked_whole
from emulator.commands import Batch
from emulator.errors import ConfigError

__all__ = ["mini_batches"]


def mini_batches(
    inputs: NDArray[np.float64], labels: NDArray[Any], batch_size: int, rng: np.random.Generator
) -> Iterator[Batch]:
    """Return endless batches, keyed 0, 1, ..., of ``batch_size`` of the ``inputs`` (samples, modes) and ``labels``.

    Every epoch is a fresh shuffle; a remainder smaller than a batch is left out of it. Raises ``ConfigError``
    when the set is smaller than one batch.
    """
    inputs = checked_array("mini_batches: inputs", inputs, "real numbers, (samples, modes)")
    labels = checked_array("mini_batches: labels", labels, "labels (samples,), or values (samples, outputs)")
    if inputs.ndim != 2 or labels.ndim not in {1, 2} or len(labels) != len(inputs):
        raise ConfigError(
            f"mini_batches: inputs of shape {inputs.shape} and labels of shape {labels.shape} are refused; "
            "allowed: (samples, modes), and (samples,) labels or (samples, outputs) values"
        )
    checked_kind("mini_batches: rng", rng, np.random.Generator, "a generator, as lightloop.stream returns")
    checked_whole(f"mini_batches: of {len(inputs)} samples, batch_size", batch_size, 1, len(inputs))
    return _endless(inputs, labels, batch_size, rng)


def _endless(
    inputs: NDArray[np.float64], labels: NDArray[Any], batch_size: int, rng: np.random.Generator
) -> Iterator[Batch]:
    key = 0
    while True:
        order = rng.permutation(len(inputs)).astype(np.int32)
        for first in range(0, len(inputs) - batch_size + 1, batch_size):
            chosen = order[first : first + batch_size]
            yield Batch(key, inputs.take(chosen, axis=0), labels.take(chosen, axis=0), chosen)
            key += 1
