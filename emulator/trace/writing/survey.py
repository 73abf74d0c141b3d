"""The first pass over a journal: names, states, totals and how the run ended; it keeps no rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.trace.schema import (
    BATCHES,
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
    Table,
)
from emulator.trace.writing.header import Counts, Footer, Label, Opening, State
from emulator.trace.writing.journal import MAX_TEXT_BYTES, JournalReader, Kind, Segment

__all__ = ["Survey"]

_UNTOLD: Final = (Counts({"forward": ""}), Counts({"project": "target"}), Counts({"compute": ""}))
"""What counts as a query where no bench said so, as before version 3: the first whose kind has a name."""


@dataclass
class Survey:
    """What a journal says besides its rows."""

    opening: Opening
    footer: Footer | None = None
    names: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in VOCABULARIES})
    states: dict[str, State] = field(default_factory=dict)
    rows: list[int] = field(default_factory=lambda: [0] * len(TABLES))
    counts: Counts | None = None
    amounts: dict[str, NDArray[np.int64]] = field(default_factory=dict)
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
            if journal.torn_bytes > MAX_TEXT_BYTES:
                raise TraceError(
                    f"{where}: the first two blocks, which hold the header, are damaged; keep the file: "
                    f"{journal.torn_bytes:,} bytes are left, of which no row can be read without it"
                )
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
        elif segment.kind is Kind.COUNTS:
            self.counts = Counts.decode(segment.body, where)

    def _add_rows(self, table: Table, rows: NDArray[np.void]) -> None:
        self.rows[table.ident] += len(rows)
        if table is COMMANDS and len(rows):
            self.last_done_ps = max(self.last_done_ps, int(rows["t_done"].max()))
            self._add_up(rows)
        if table is METRICS and len(rows):
            self.last_metric = (int(rows["t"][-1]), int(rows["queries"][-1]))

    def _add_up(self, rows: NDArray[np.void]) -> None:
        """Add up, for each kind of command, how many there are and each column that may count queries."""
        rules = _UNTOLD if self.counts is None else (self.counts,)
        for column in {column for rule in rules for column in rule.columns.values()}:
            total = self.amounts.setdefault(column, np.zeros(256, dtype=np.int64))
            np.add.at(total, rows["kind"], rows[column].astype(np.int64) if column else 1)

    def _queries(self) -> int:
        """Return how many queries the committed commands are."""
        kinds = self.names["kind"]
        rules = _UNTOLD if self.counts is None else (self.counts,)
        known = [rule for rule in rules if any(kind in kinds for kind in rule.columns)]
        counted: Mapping[str, str] = known[0].columns if known else {}
        return sum(
            int(self.amounts[column][kinds.index(kind)])
            for kind, column in counted.items()
            if kind in kinds and column in self.amounts
        )

    @property
    def truncated(self) -> bool:
        """Tell whether the run went on after the last committed row."""
        return self.footer is None or self.footer.partial

    def ending(self) -> Footer:
        """Return how the run ended; the totals of a truncated one are those of its committed rows."""
        if self.footer is not None and not self.footer.partial:
            return self.footer
        queries = self.last_metric[1] if self.opening.detail == "summary" else self._queries()
        if self.footer is not None:
            return Footer(self.footer.status, self.footer.reason, self._last_ps, queries, partial=True)
        reason = f"the writer died; {self.torn_bytes} bytes of an unfinished block were dropped"
        return Footer("killed", reason, self._last_ps, queries, partial=True)

    @property
    def _last_ps(self) -> int:
        """Return when the last of the committed rows was recorded that sets the time of a truncated run."""
        return self.last_metric[0] if self.opening.detail == "summary" else self.last_done_ps

    def kept(self, table: Table, rows: NDArray[np.void]) -> NDArray[np.void]:
        """Return the rows that belong to the trace: none of an unfinished command, none after the end."""
        if table in (SPANS, SETPOINTS, JOINS, FRAMES, PATTERNS, BATCHES):
            rows = rows[rows["command"] < self.rows[COMMANDS.ident]]
        if self.truncated and table in (POWER, METRICS):
            rows = rows[rows["t"] <= self._last_ps]
        return rows


def _opening(block: Iterable[Segment], where: str) -> Opening:
    for segment in block:
        if segment.kind is Kind.HEADER:
            return Opening.decode(segment.body, where)
    raise TraceError(f"{where}: the first block holds no header")
