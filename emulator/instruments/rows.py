"""Rows of commands that were carried out in one go: they reach the trace as their time comes, not before.

A Sequence is carried out when it starts, and leaves rows that end later. Other commands may end in between, and so
may the run: the rows wait here until the clock has passed them, and with them the power that they set.
"""

from collections import deque
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.instruments.instrument import Rows
from emulator.meter import Meter
from emulator.trace import AnyRecorder
from emulator.trace.schema import COMMANDS

__all__ = ["RowQueue"]

_NONE: Final = -1


class _Waiting:
    """Rows of one command, and how many of them have been told."""

    def __init__(self, rows: Rows, packed: NDArray[np.void], others: tuple[int, ...]) -> None:
        self.rows = rows
        self.packed = packed
        self.others = others
        self.told = 0
        self.last_row = _NONE


@dataclass(slots=True, eq=False)
class _Levels:
    """Levels of one component, in order of time, when they are told, and how many of them have been set."""

    t_ps: NDArray[np.int64]
    watts: NDArray[np.float64]
    due_ps: NDArray[np.int64]
    told: int = 0


class RowQueue:
    """Keep rows until their time has come, and levels with them.

    ``waiting`` are the commands whose rows are kept, ``pending`` tells whether any rows or levels are.
    """

    def __init__(self, recorder: AnyRecorder, meter: Meter) -> None:
        self._recorder = recorder
        self._meter = meter
        self._kinds: dict[str, int] = {}
        self._levels: dict[int, deque[_Levels]] = {}
        self.waiting: list[_Waiting] = []
        self.pending = False

    def add(
        self, rows: Rows, asker: tuple[int, int, tuple[int, ...]], instrument: int, issued_ps: int
    ) -> None:
        """Take the ``rows`` of a command that ``asker`` (label, cause, others) asked for at ``issued_ps``."""
        label, cause, others = asker
        packed = np.empty(len(rows.done_ps), dtype=COMMANDS.dtype)
        kinds = np.array([self._kind(name) for name in rows.kinds])
        plans = np.array([service.number for service in rows.services])
        packed["agent"], packed["instrument"], packed["kind"] = label, instrument, kinds[rows.kind_of]
        packed["plan"], packed["cause"] = plans[rows.service_of], cause
        packed["t_issued"], packed["t_started"], packed["t_done"] = issued_ps, rows.started_ps, rows.done_ps
        packed["target"], packed["value"], packed["result"] = rows.target, rows.value, rows.result
        self.waiting.append(_Waiting(rows, packed, others))
        self._announce(rows.handle, rows.level_ps, rows.level_w, rows.done_ps[rows.level_of])

    def announce(self, levels: Sequence[tuple[int, int, float]], due_ps: int) -> None:
        """Take ``levels`` (component, from when, watts) of a command carried out ahead, due at ``due_ps``."""
        for handle, t_ps, watts in levels:
            self._announce(handle, np.array([t_ps]), np.array([watts]), np.array([due_ps]))

    def untold(self, instrument: int, kinds: Container[str]) -> int:
        """Return how many rows of ``kinds`` an ``instrument`` has yet to leave."""
        count = 0
        for each in self.waiting:
            if each.packed["instrument"][0] == instrument:
                codes = [code for code, name in enumerate(each.rows.kinds) if name in kinds]
                count += int(np.isin(each.rows.kind_of[each.told :], codes).sum())
        return count

    def _announce(
        self, handle: int, t_ps: NDArray[np.int64], watts: NDArray[np.float64], due_ps: NDArray[np.int64]
    ) -> None:
        """Put levels behind all that were announced: they are set in order, none before those that it follows."""
        self._levels.setdefault(handle, deque()).append(_Levels(t_ps, watts, due_ps))
        self.pending = True

    def finish(self, rows: Rows) -> int:
        """Tell the rest of ``rows``, whose command's reply is there, and return the last one's row id."""
        self.flush(int(rows.done_ps[-1]))
        for position, each in enumerate(self.waiting):
            if each.rows is rows:
                del self.waiting[position]
                self.pending = bool(self.waiting) or any(self._levels.values())
                return each.last_row
        raise KeyError("rows that were never added")

    def flush(self, until_ps: int) -> None:
        """Tell all rows that end at ``until_ps`` or before, and set the levels that they set."""
        self._set_levels(until_ps)
        if not self.waiting:
            self.pending = any(self._levels.values())
            return
        if len(self.waiting) == 1:
            only = self.waiting[0]
            self._tell(only, int(only.rows.done_ps.searchsorted(until_ps, side="right")))
            return
        while True:  # several instruments run a Sequence each: row by row, in order of time
            ends = [(int(each.rows.done_ps[each.told]), each) for each in self.waiting if self._more(each)]
            done_ps, first = min(ends, key=lambda end: end[0], default=(until_ps + 1, None))
            if first is None or done_ps > until_ps:
                return
            self._tell(first, first.told + 1)

    def end(self, at_ps: int) -> None:
        """Tell what ends with the run or before; a command that is cut off leaves neither row nor level."""
        self.flush(at_ps)
        for handle, levels in self._levels.items():
            for each in levels:
                due = np.flatnonzero(each.due_ps[each.told :] <= at_ps) + each.told
                self._meter.set_many(handle, each.t_ps[due], each.watts[due])
            levels.clear()

    @staticmethod
    def _more(each: _Waiting) -> bool:
        return each.told < len(each.packed)

    def _tell(self, each: _Waiting, until: int) -> None:
        """Record the rows of ``each`` up to ``until``."""
        begin, rows, recorder = each.told, each.rows, self._recorder
        if until <= begin:
            return
        if begin == 0:
            for other in each.others:
                recorder.join(other)
            if rows.note is not None:
                rows.note(recorder)
        if rows.setpoints is None:
            each.last_row = recorder.command_rows(each.packed[begin:until])
        else:
            for row in range(begin, until):
                recorder.setpoints(rows.setpoints[0][row], rows.setpoints[1][row])
                each.last_row = recorder.command_rows(each.packed[row : row + 1])
        for service, uses in enumerate(np.bincount(rows.service_of[begin:until]).tolist()):
            rows.services[service].uses += uses
        each.told = until

    def _set_levels(self, until_ps: int) -> None:
        """Set the levels that are due at ``until_ps`` or before, as they were announced."""
        for handle, levels in self._levels.items():
            while levels:
                first = levels[0]
                until = max(first.told, int(first.due_ps.searchsorted(until_ps, side="right")))
                self._meter.set_many(handle, first.t_ps[first.told : until], first.watts[first.told : until])
                first.told = until
                if until < len(first.t_ps):
                    break
                levels.popleft()

    def _kind(self, name: str) -> int:
        known = self._kinds.get(name)
        if known is None:
            known = self._kinds[name] = self._recorder.label("commands.kind", name)
        return known
