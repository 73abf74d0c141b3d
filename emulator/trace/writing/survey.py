"""The first pass over a journal: names, states, totals and how the run ended; it keeps no rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.trace.schema import (
    COMMANDS,
    FRAMES,
    JOINS,
    MAX_NAMES,
    MAX_STATES,
    METRICS,
    PATTERNS,
    POWER,
    SETPOINTS,
    SPANS,
    TABLES,
    VOCABULARIES,
    WORK,
    Table,
)
from emulator.trace.writing.header import Footer, Label, Opening, State
from emulator.trace.writing.journal import JournalReader, Kind, Segment

__all__ = ["FORWARD", "Survey", "queries_served"]

FORWARD: Final = "forward"
"""Kind of command that reads a chip once."""

_PLANS: Final = 2**16


def queries_served(commands: Mapping[str, int], vectors: int) -> int:
    """Return the queries of a run that did not say how many: of the first instrument on its bench, as it counts.

    ``commands`` counts those of each kind; a bench names the kinds that it knows when it is built, so one with a
    chip names "forward" before any is served. A chip's reading is one query, and each of the ``vectors`` that an
    optical processing unit projected, and each computation where the host stands alone.
    """
    if FORWARD in commands:
        return commands[FORWARD]
    return vectors if "project" in commands else commands.get("compute", 0)


@dataclass
class Survey:
    """What a journal says besides its rows."""

    opening: Opening
    footer: Footer | None = None
    names: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in VOCABULARIES})
    states: dict[str, State] = field(default_factory=dict)
    rows: list[int] = field(default_factory=lambda: [0] * len(TABLES))
    kinds: NDArray[np.int64] = field(default_factory=lambda: np.zeros(256, dtype=np.int64))
    plans: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_PLANS, dtype=np.int64))
    work: list[NDArray[np.void]] = field(default_factory=list)
    last_done_ps: int = 0
    last_metric: tuple[int, int] = (0, 0)  # t, queries
    torn_bytes: int = 0

    @classmethod
    def of(cls, journal: JournalReader, where: str) -> "Survey":
        """Read ``journal`` once; raises ``TraceError`` when it holds no whole header or is damaged inside."""
        survey: Survey | None = None
        for block in journal:
            if survey is None:
                survey = cls(_opening(block, where))
            for segment in block:
                survey.add(segment, where)
        if survey is None:
            raise TraceError(
                f"{where}: the writer died before the header was whole; nothing was recorded, delete it"
            )
        survey.torn_bytes = journal.torn_bytes
        return survey

    def add(self, segment: Segment, where: str) -> None:
        """Take in one more ``segment``; raises ``TraceError`` when what it says cannot be."""
        if segment.table is not None:
            self._add_rows(segment.table, segment.records())
        elif segment.kind is Kind.STATE:
            state = State.decode(segment.body, where)
            self.states[state.name] = state
            if len(self.states) > MAX_STATES:
                raise TraceError(f"{where}: more than {MAX_STATES} states")
        elif segment.kind is Kind.FOOTER:
            self.footer = Footer.decode(segment.body, where)
        elif segment.kind is Kind.LABEL:
            label = Label.decode(segment.body, where)
            names = self.names[label.vocabulary]
            if label.index != len(names) or label.index >= MAX_NAMES[label.vocabulary]:
                raise TraceError(
                    f"{where}: name {label.text!r} comes as number {label.index}, not {len(names)}"
                )
            names.append(label.text)

    def _add_rows(self, table: Table, rows: NDArray[np.void]) -> None:
        self.rows[table.ident] += len(rows)
        if table is COMMANDS and len(rows):
            self.last_done_ps = max(self.last_done_ps, int(rows["t_done"].max()))
            self.kinds += np.bincount(rows["kind"], minlength=256)
            used = np.bincount(rows["plan"])
            self.plans[: len(used)] += used
        if table is WORK:
            self.work.append(rows)
        if table is METRICS and len(rows):
            self.last_metric = (int(rows["t"][-1]), int(rows["queries"][-1]))

    @property
    def truncated(self) -> bool:
        """Tell whether the run went on after the last committed row."""
        return self.footer is None or self.footer.partial

    def ending(self) -> Footer:
        """Return how the run ended; the totals of a truncated one are those of its committed rows."""
        if self.footer is not None and not self.footer.partial:
            return self.footer
        if self.opening.detail == "summary":
            queries = self.last_metric[1]
        else:
            counts = dict(zip(self.names["kind"], self.kinds.tolist(), strict=False))
            queries = queries_served(counts, self._asked("vectors"))
        if self.footer is not None:
            return Footer(self.footer.status, self.footer.reason, self._last_ps, queries, partial=True)
        reason = f"the writer died; {self.torn_bytes} bytes of an unfinished block were dropped"
        return Footer("killed", reason, self._last_ps, queries, partial=True)

    @property
    def _last_ps(self) -> int:
        """Return when the last of the committed rows was recorded that sets the time of a truncated run."""
        return self.last_metric[0] if self.opening.detail == "summary" else self.last_done_ps

    def _asked(self, quantity: str) -> int:
        """Return how much of ``quantity`` the committed commands asked for, by the work of their plans."""
        names = self.names["quantity"]
        if quantity not in names or not self.work:
            return 0
        rows = np.concatenate(self.work)
        rows = rows[rows["quantity"] == names.index(quantity)]
        return int(rows["value"] @ self.plans[rows["plan"]])

    def kept(self, table: Table, rows: NDArray[np.void]) -> NDArray[np.void]:
        """Return the rows that belong to the trace: none of an unfinished command, none after the end."""
        if table in (SPANS, SETPOINTS, JOINS, FRAMES, PATTERNS):
            rows = rows[rows["command"] < self.rows[COMMANDS.ident]]
        if self.truncated and table in (POWER, METRICS):
            rows = rows[rows["t"] <= self._last_ps]
        return rows


def _opening(block: Iterable[Segment], where: str) -> Opening:
    for segment in block:
        if segment.kind is Kind.HEADER:
            return Opening.decode(segment.body, where)
    raise TraceError(f"{where}: the first block holds no header")
