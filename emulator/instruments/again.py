"""A recorded command as an instrument's kind sees it, to say what was asked: a replay asks for it again."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from emulator.commands import Batch

__all__ = ["Recorded"]


class Recorded(Protocol):
    """A row of a trace, with what the other tables hold of it."""

    @property
    def kind(self) -> str:
        """Return the kind of command."""

    @property
    def work(self) -> Mapping[str, int]:
        """Return what it asked for."""

    @property
    def activity(self) -> str:
        """Return the activity of its plan's first step."""

    @property
    def lasted_ps(self) -> int:
        """Return the time from its start to its reply."""

    def setpoints(self) -> tuple[Sequence[int], Sequence[float]]:
        """Return the heaters that it set, and their phases in radians."""

    def batch(self) -> Batch:
        """Return the mini-batch that it read; raises ``TraceError`` where that cannot be told."""

    def vectors(self) -> NDArray[np.float32]:
        """Return the vectors (n, features) that it projected; raises ``TraceError`` where they were not kept."""
