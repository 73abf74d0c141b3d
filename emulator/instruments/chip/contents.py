"""What was in a batch when a command was begun: arrays can be filled anew meanwhile."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.commands import Batch
from emulator.trace import AnyRecorder

__all__ = ["NOTHING", "Content", "note_batch"]


class Content(NamedTuple):
    """Hold what was in a batch when a command was begun: an array can be filled anew, and a key be given twice."""

    key: int
    array: NDArray[np.float64]
    raw: bytes
    samples: NDArray[np.int32]

    def shows(self, batch: Batch) -> bool:
        """Return whether ``batch``, the very array that was checked, still holds it."""
        inputs, raw = batch.inputs, self.raw
        if inputs is not self.array or batch.key != self.key:
            return False
        if inputs.flags.c_contiguous:  # compared where it lies: a copy would take longer than the comparison
            return inputs.nbytes == len(raw) and raw.startswith(inputs)  # type: ignore[arg-type]  # it is a buffer
        return inputs.tobytes() == raw


NOTHING = Content(-1, np.empty((0, 0)), b"", np.empty(0, dtype=np.int32))
"""What has been loaded before anything is."""


def note_batch(content: Content, recorder: AnyRecorder) -> None:
    """Tell ``recorder`` that ``content`` was loaded."""
    recorder.batch(content.key, content.samples)
