"""What a model is to a run: what trains it, what it answers, and a name to be chosen by; it builds none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from controllers.feedback_alignment import work
from data.sets import FloatArray

__all__ = ["Model", "ModelKind"]


class Model(work.Model, Protocol):
    """A network that a controller trains and that whoever watches may ask."""

    def answers(self, x: FloatArray) -> NDArray[np.float32]:
        """Return the outputs (samples, outputs) for ``x`` (samples, inputs)."""


@dataclass(frozen=True)
class ModelKind:
    """Name a kind of model, what draws one of ``sizes`` (inputs, hidden..., outputs), and what that takes."""

    name: str
    draw: Callable[[Sequence[int], np.random.Generator], Model]
    training_bytes: Callable[[Sequence[int], int], int]
    """Memory that training one of such sizes on batches of so many samples takes, in bytes; nothing is drawn."""
