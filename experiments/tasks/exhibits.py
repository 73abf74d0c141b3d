"""What a task shows of a network once its training has ended: numbers and pictures, which steer nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from experiments.models.model import Model
    from experiments.tasks.task import Task

__all__ = ["Exhibit", "Exhibitor", "Glimpse"]


@dataclass(frozen=True, eq=False)
class Exhibit:
    """Hold metrics, and arrays of at most 3 dimensions with their units, by the names that a trace has for them."""

    metrics: Mapping[str, float]
    states: Mapping[str, tuple[NDArray[np.floating] | NDArray[np.integer], str]] = field(default_factory=dict)


Exhibitor = Callable[["Task", "Model"], Exhibit]
"""What makes an exhibit of a trained network; its draws are of streams of its own."""

Glimpse = Callable[["Task", "Model"], NDArray[np.uint8]]
"""What is shown of a network at every look, in bytes (bytes,) of one number, in a moment."""
