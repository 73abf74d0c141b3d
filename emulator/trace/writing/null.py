"""The recorder of a bench without a file; it records nothing and costs next to nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emulator.commands import FrameCounts
from emulator.plan import Step, Work
from emulator.trace.schema import NO_PLAN, Detail, Status

__all__ = ["NullRecorder"]


class NullRecorder:
    """Stand-in for ``Recorder``: row ids count up, every name has index 0, every plan is ``NO_PLAN``."""

    detail: Detail = "summary"

    def __init__(self) -> None:
        self._rows = 0

    @property
    def row_count(self) -> int:
        """Return how many commands were recorded, which is the next one's row id."""
        return self._rows

    def command(  # noqa: PLR0913  (the columns of a row)
        self,
        agent: int,
        instrument: int,
        kind: int,
        plan: int,
        cause: int,
        t_issued: int,
        t_started: int,
        t_done: int,
        target: int,
        value: float,
        result: float,
    ) -> int:
        """Return the next row id."""
        row = self._rows
        self._rows = row + 1
        return row

    def command_rows(self, rows: NDArray[np.void]) -> int:
        """Return the last row's id."""
        self._rows += len(rows)
        return self._rows - 1

    def powers(self, component: int, t: NDArray[np.int64], watts: NDArray[np.float64]) -> None:
        """Do nothing."""

    def power(self, component: int, t: int, watts: float) -> None:
        """Do nothing."""

    def metric(self, name: str, t: int, queries: int, value: float) -> None:
        """Do nothing."""

    def span(
        self, resource: int, activity: int, t_start: int, t_end: int, command: int | None = None
    ) -> None:
        """Do nothing."""

    def plan(self, steps: Sequence[Step], work: Work = (), owner: str = "") -> int:
        """Return ``NO_PLAN``."""
        return NO_PLAN

    def batch(self, key: int, samples: ArrayLike) -> None:
        """Do nothing."""

    def setpoints(self, heaters: ArrayLike, phases: ArrayLike) -> None:
        """Do nothing."""

    def join(self, cause: int) -> None:
        """Do nothing."""

    def frames(self, counts: FrameCounts) -> None:
        """Do nothing."""

    def patterns(self, vectors: NDArray[np.float32]) -> None:
        """Do nothing."""

    def state(self, name: str, array: NDArray[Any], units: str = "1") -> None:
        """Do nothing."""

    def counts(self, columns: Mapping[str, str]) -> None:
        """Do nothing."""

    def total(self, total: str, part: str, value: float) -> None:
        """Do nothing."""

    def label(self, table_column: str, text: str) -> int:
        """Return 0."""
        return 0

    def commit(self) -> None:
        """Do nothing."""

    def close(self, status: Status, reason: str, elapsed_ps: int, queries: int) -> None:
        """Do nothing."""
