"""The rows of a run as its journal holds them, read as ``lightloop tail`` reads them: no HDF5, no analysis."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.trace.live import LiveTrace
from emulator.trace.schema import TABLES, VOCABULARIES
from emulator.trace.writing.header import Footer

__all__ = ["Rows", "Step", "read_rows"]

_REMAINDER: Final = -1


class Step(NamedTuple):
    """Hold a step of a command's plan as it was carried out; it draws ``watts`` above ``component``'s level."""

    row: int
    activity: str
    start_ps: int
    end_ps: int
    held: bool
    component: str
    watts: float


class Rows(NamedTuple):
    """Hold every table of a run by its name, the names that its columns stand for, and how it ended."""

    tables: Mapping[str, NDArray[np.void]]
    names: Mapping[str, tuple[str, ...]]
    footer: Footer

    def column(self, table: str, column: str) -> NDArray[Any]:
        """Return a column; times and counts are int64."""
        return np.asarray(self.tables[table][column])

    def named(self, table: str, column: str, vocabulary: str) -> list[str]:
        """Return a column of names."""
        names = self.names[vocabulary]
        return [names[index] for index in self.column(table, column).tolist()]

    def steps(self) -> Iterator[Step]:
        """Yield the steps of all plans, command by command; a journal holds each plan once."""
        plans = self._plans()
        columns = (self.column("commands", name).tolist() for name in ("plan", "t_started", "t_done"))
        for row, (plan, started, done) in enumerate(zip(*columns, strict=True)):
            mine = plans.get(plan, [])
            rest = done - started - sum(ps for _, ps, *_ in mine if ps != _REMAINDER)
            t_ps = started
            for activity, ps, held, component, watts in mine:
                end_ps = t_ps + (rest if ps == _REMAINDER else ps)
                yield Step(row, activity, t_ps, end_ps, held, component, watts)
                t_ps = end_ps

    def _plans(self) -> dict[int, list[tuple[str, int, bool, str, float]]]:
        draws = {
            (plan, step): (component, watts)
            for plan, step, component, watts in zip(
                *(self.column("draws", name).tolist() for name in ("plan", "step")),
                self.named("draws", "component", "component"),
                self.column("draws", "watts").tolist(),
                strict=True,
            )
        }
        found: dict[int, list[tuple[str, int, bool, str, float]]] = defaultdict(list)
        for plan, resource, activity, ps, held in zip(
            self.column("plans", "plan").tolist(),
            self.named("plans", "resource", "resource"),
            self.named("plans", "activity", "activity"),
            *(self.column("plans", name).tolist() for name in ("duration_ps", "held")),
            strict=True,
        ):
            drawn = draws.get((plan, len(found[plan])), ("", 0.0))
            found[plan].append((f"{resource}.{activity}", ps, bool(held), *drawn))
        return found


def read_rows(path: Path) -> Rows:
    """Return the rows of the run at ``path``, of which the journal is there; raises ``TraceError`` if it is not."""
    with LiveTrace(path) as live:
        news = live.poll()
        if not live.begun:
            raise TraceError(f"{path}: the journal says nothing")
        tables = {table.name: news.rows(table) for table in TABLES}
        return Rows(tables, {name: live.names(name) for name in VOCABULARIES}, live.ending)
