"""The recorded commands as a score that agents play: each at its recorded time, whatever the replies say.

Commands that overlapped in the recording are started and joined at the end, so that one that is late delays no
other; the rest are asked for one after the other.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator.commands import (
    Batch,
    Command,
    Compute,
    Controller,
    Forward,
    Join,
    Project,
    Served,
    SetPhases,
    Settle,
    Start,
    Ticket,
    Wait,
)
from emulator.errors import CommandError, TraceError
from emulator.retiming.prices import price
from emulator.retiming.recording import Recording
from emulator.trace.reading.reader import Trace

__all__ = ["Score", "performers"]

_READINGS = ("forward", "project")


@dataclass(slots=True, eq=False)
class Score:
    """Hold a trace, what is known of its commands, and what they need besides; ``refused`` counts in the play."""

    trace: Trace
    recording: Recording
    inputs: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))
    labels: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    features: int = 0
    refused: int = 0
    _batches: dict[int, Batch] = field(default_factory=dict)

    @classmethod
    def of(cls, trace: Trace, recording: Recording) -> "Score":
        """Return the score of ``trace``, still without inputs."""
        return cls(trace, recording)

    def with_inputs(self, inputs: NDArray[np.float64], labels: NDArray[np.int64]) -> "Score":
        """Return the score with the training set (samples, modes) that its mini-batches are from."""
        return replace(self, inputs=inputs, labels=labels)

    def with_features(self, features: int) -> "Score":
        """Return the score with the length of the vectors that its projections take."""
        return replace(self, features=features)

    def check_patterns(self) -> None:
        """Raise ``TraceError`` when projections were made and the trace does not hold their vectors."""
        projects = any(facts.kind == "project" and facts.used for facts in self.recording.plans)
        if projects and self.trace.detail != "full":
            raise TraceError(
                f"{self.trace.path}: the projected vectors are kept at trace.detail = 'full' only; this trace has "
                f"{self.trace.detail!r}, so its projections cannot be replayed"
            )

    def readings(self, trace: Trace) -> NDArray[np.bool_]:
        """Return which commands (n,) of ``trace`` read something."""
        kinds = np.array([kind in _READINGS for kind in trace.labels("commands.kind")], dtype=np.bool_)
        return kinds[trace.commands.kind] if len(kinds) else np.zeros(0, dtype=np.bool_)

    def command(self, row: int) -> Served:
        """Return the command of ``row`` anew; raises ``TraceError`` when the trace does not hold what it was."""
        plan = int(self.recording.links.plan[row])
        builders: dict[str, Callable[[int, int], Served]] = {
            "set_phases": self._set_phases,
            "settle": self._settle,
            "forward": self._forward,
            "compute": self._compute,
            "project": self._project,
        }
        return builders[self.recording.plans[plan].kind](row, plan)

    def _set_phases(self, row: int, plan: int) -> SetPhases:
        commands, setpoints = self.trace.commands, self.trace.setpoints
        if self.recording.plans[plan].work["heaters"] == 1:
            return SetPhases([int(commands.target[row])], [float(commands.value[row])])
        mine = slice(*np.searchsorted(setpoints.command, (row, row + 1)))
        return SetPhases(setpoints.heater[mine].tolist(), setpoints.phase_rad[mine].tolist())

    def _settle(self, row: int, plan: int) -> Settle:
        if self.recording.plans[plan].work["asked"] == 0:
            return Settle()
        return Settle(int(self.trace.commands.t_done[row] - self.trace.commands.t_started[row]))

    def _forward(self, row: int, plan: int) -> Forward:
        key = int(self.trace.commands.target[row])
        known = self._batches.get(key)
        if known is None:
            samples = self.trace.batch(key)
            if len(samples) != self.recording.plans[plan].work["samples"] or samples.max() >= len(
                self.inputs
            ):
                raise TraceError(
                    f"{self.trace.path}: mini-batch {key} is not from the task's training set: it is not replayed"
                )
            known = Batch(key, np.ascontiguousarray(self.inputs[samples]), self.labels[samples], samples)
            self._batches[key] = known
        return Forward(known)

    def _compute(self, row: int, plan: int) -> Compute:
        del row
        facts = self.recording.plans[plan]
        return Compute(facts.work["flops"], facts.work["bytes"], facts.activity)

    def _project(self, row: int, plan: int) -> Project:
        patterns = self.trace.patterns
        mine = slice(*np.searchsorted(patterns.command, (row, row + 1)))
        vectors = np.zeros((self.recording.plans[plan].work["vectors"], self.features), dtype=np.float32)
        vectors[patterns.vector[mine], patterns.input[mine]] = patterns.value[mine]
        return Project(vectors)


def performers(score: Score, elapsed_ps: int) -> dict[str, Controller]:
    """Return an agent for each recorded one, the main one first; it stays until ``elapsed_ps``."""
    commands, names = score.trace.commands, score.recording.agents
    prices = price(score.recording.plans, score.recording.lab).rows
    reply_ps = commands.t_done + prices.think[score.recording.links.plan]
    agents: dict[str, Controller] = {}
    for agent in np.unique(commands.agent).tolist():
        rows = np.flatnonzero(commands.agent == agent)
        rows = rows[np.lexsort((commands.t_started[rows], commands.t_issued[rows]))]
        until = np.append(commands.t_issued[rows][1:], elapsed_ps)
        overlaps = (reply_ps[rows] > until).tolist()
        end_ps = 0 if agents else elapsed_ps
        agents[names[agent]] = _perform(score, rows.tolist(), overlaps, end_ps)
    return agents


def _perform(score: Score, rows: list[int], overlaps: list[bool], end_ps: int) -> Controller:
    issued = score.trace.commands.t_issued
    tickets: list[Ticket] = []
    for row, overlapping in zip(rows, overlaps, strict=True):
        yield Wait(int(issued[row]))
        command = score.command(row)
        if overlapping:
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
