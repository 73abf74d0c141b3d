"""The recorded commands as a score that agents play: each at its recorded time, whatever the replies say.

Commands that overlapped in the recording are started and joined at the end, so that one that is late delays no
other; the rest are asked for one after the other. The rows of a command that left several are asked for one by one,
each when it started: what was set is set again, and nothing is decided anew.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator.commands import (
    Batch,
    Command,
    Controller,
    Disturb,
    Incumbent,
    Join,
    Served,
    Start,
    Ticket,
    Wait,
)
from emulator.errors import CommandError, TraceError
from emulator.instruments.registry import INSTRUMENTS
from emulator.retiming.prices import PlanFacts
from emulator.retiming.recording import Recording
from emulator.trace.reading.reader import Trace

__all__ = ["Score", "asked_ps", "performers"]


@dataclass(slots=True, eq=False)
class Score:
    """Hold a trace, what is known of its commands, and what they need besides; ``refused`` counts in the play."""

    trace: Trace
    recording: Recording
    inputs: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))
    labels: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    refused: int = 0
    _batches: dict[int, Batch] = field(default_factory=dict)

    @classmethod
    def of(cls, trace: Trace, recording: Recording) -> "Score":
        """Return the score of ``trace``, still without inputs."""
        return cls(trace, recording)

    def with_inputs(self, inputs: NDArray[np.float64], labels: NDArray[np.int64]) -> "Score":
        """Return the score with the training set (samples, modes) that its mini-batches are from."""
        return replace(self, inputs=inputs, labels=labels)

    def check(self) -> None:
        """Raise ``TraceError`` when the trace does not hold what was asked; one command of each plan is tried."""
        for row in np.unique(self.recording.links.plan, return_index=True)[1].tolist():
            self.command(row)

    def facts(self, row: int) -> PlanFacts:
        """Return what is known of the plan of ``row``."""
        return self.recording.plans[int(self.recording.links.plan[row])]

    def readings(self, trace: Trace) -> NDArray[np.bool_]:
        """Return which commands (n,) of ``trace`` are queries of the instrument that counts them."""
        counting, _ = next(self.recording.laboratory.standing())
        kinds = np.array([kind in counting.counts for kind in trace.labels("commands.kind")], dtype=np.bool_)
        return kinds[trace.commands.kind] if len(kinds) else np.zeros(0, dtype=np.bool_)

    def command(self, row: int) -> Served | Disturb | Incumbent:
        """Return the command of ``row`` anew; raises ``TraceError`` when the trace does not hold what it was."""
        facts, commands = self.facts(row), self.trace.commands
        kind = INSTRUMENTS[facts.instrument]
        if facts.kind in kind.disturbances:
            target = f"{kind.name}.{kind.disturbances[facts.kind]}"
            return Disturb(target, float(commands.value[row]), int(commands.target[row]))
        if facts.kind == kind.named:
            heaters, radians = _Row(self, row, facts).setpoints()
            return Incumbent(radians, heaters)
        if kind.again is None:
            raise TraceError(f"{self.trace.path}: commands of {kind.name} cannot be asked for again")
        return kind.again(_Row(self, row, facts))

    def batch(self, row: int, samples: int) -> Batch:
        """Return the mini-batch of ``samples`` that ``row`` read; raises ``TraceError`` for one of another set."""
        loads = self.trace.batches
        load = int(np.searchsorted(loads.command, row, side="right")) - 1
        known = self._batches.get(load)
        if known is None:
            key = int(loads.key[load]) if load >= 0 else -1
            chosen = self.trace.loaded(load) if load >= 0 else np.empty(0, dtype=np.int32)
            if len(chosen) != samples or chosen.max(initial=0) >= len(self.inputs):
                raise TraceError(
                    f"{self.trace.path}: mini-batch {key} is not from the task's training set: it is not replayed"
                )
            known = Batch(key, np.ascontiguousarray(self.inputs[chosen]), self.labels[chosen], chosen)
            self._batches[load] = known
        return known


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """Offer ``row`` of the score to its instrument's kind."""

    score: Score
    row: int
    facts: PlanFacts

    @property
    def kind(self) -> str:
        return self.facts.kind

    @property
    def work(self) -> Mapping[str, int]:
        return self.facts.work

    @property
    def activity(self) -> str:
        return self.facts.activity

    @property
    def lasted_ps(self) -> int:
        commands = self.score.trace.commands
        return int(commands.t_done[self.row] - commands.t_started[self.row])

    def setpoints(self) -> tuple[Sequence[int], Sequence[float]]:
        commands, setpoints = self.score.trace.commands, self.score.trace.setpoints
        if commands.target[self.row] >= 0:
            return [int(commands.target[self.row])], [float(commands.value[self.row])]
        mine = slice(*np.searchsorted(setpoints.command, (self.row, self.row + 1)))
        return setpoints.heater[mine].tolist(), setpoints.phase_rad[mine].tolist()

    def batch(self) -> Batch:
        return self.score.batch(self.row, self.work["samples"])

    def vectors(self) -> NDArray[np.float32]:
        trace = self.score.trace
        if trace.detail != "full":
            raise TraceError(
                f"{trace.path}: the projected vectors are kept at trace.detail = 'full' only; this trace has "
                f"{trace.detail!r}, so its projections cannot be replayed"
            )
        mine = slice(*np.searchsorted(trace.patterns.command, (self.row, self.row + 1)))
        vectors = np.zeros((self.work["vectors"], self.work["features"]), dtype=np.float32)
        vectors[trace.patterns.vector[mine], trace.patterns.input[mine]] = trace.patterns.value[mine]
        return vectors


def asked_ps(score: Score) -> NDArray[np.int64]:
    """Return when each recorded row is asked for: those that went on with another's command when they started."""
    goes_on = [
        bool(facts.used) and INSTRUMENTS[facts.instrument].retiming.goes_on(facts.work)
        for facts in score.recording.plans
    ]
    commands = score.trace.commands
    return np.where(np.array(goes_on)[score.recording.links.plan], commands.t_started, commands.t_issued)


def performers(score: Score, elapsed_ps: int) -> dict[str, Controller]:
    """Return an agent for each recorded one, the main one first; it stays until ``elapsed_ps``."""
    commands, names = score.trace.commands, score.recording.agents
    agents: dict[str, Controller] = {}
    asked = asked_ps(score) if len(commands.agent) else np.empty(0, dtype=np.int64)
    for agent in np.unique(commands.agent).tolist():
        rows = np.flatnonzero(commands.agent == agent)
        rows = rows[np.lexsort((commands.t_started[rows], asked[rows]))]
        until = np.append(asked[rows][1:], elapsed_ps)
        overlaps = (commands.t_done[rows] > until).tolist()
        end_ps = 0 if agents else elapsed_ps
        agents[names[agent]] = _perform(score, rows.tolist(), asked[rows].tolist(), overlaps, end_ps)
    return agents


def _perform(
    score: Score, rows: list[int], asked: list[int], overlaps: list[bool], end_ps: int
) -> Controller:
    tickets: list[Ticket] = []
    for row, at_ps, overlapping in zip(rows, asked, overlaps, strict=True):
        yield Wait(at_ps)
        command = score.command(row)
        if overlapping and not isinstance(command, Disturb | Incumbent):
            tickets.append((yield Start(command)))
        else:
            yield from _ask(score, command)
    yield Wait(end_ps)
    for ticket in tickets:
        yield from _ask(score, Join(ticket))


def _ask(score: Score, command: Command) -> Generator[Command, Any, None]:
    try:
        yield command
    except CommandError:
        score.refused += 1
