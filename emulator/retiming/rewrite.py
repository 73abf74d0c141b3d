"""A re-timed run as a trace: rows in the order of their new completion; readings and states as recorded.

Logged numbers move to the new time of the reply after which they were logged. The bench's totals, the running
energy and the levels are computed anew.
"""

from collections import Counter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.instruments.registry import INSTRUMENTS
from emulator.plan import REMAINDER
from emulator.retiming.energy import courses, energy_until, level_factor
from emulator.retiming.retime import Retimed
from emulator.trace.reading.contents import Contents
from emulator.trace.reading.reader import Trace
from emulator.trace.schema import NO_COMMAND, NO_PLAN
from emulator.trace.writing.recorder import Recorder
from emulator.units import PS_PER_S

__all__ = ["rewrite"]

_ENERGY: Final = "energy_j"
_BUSY: Final = "busy_s"
_HEATERS: Final = "heater_power_w"
"""A number that is logged of what heaters draw."""


def rewrite(trace: Trace, found: Retimed, recorder: Recorder) -> None:
    """Record ``found``, the re-timed ``trace``, with ``recorder``, and close it."""
    _states(trace, recorder)
    _power(found, recorder)
    _Commands(trace, found, recorder).record()
    _numbers(trace, found, recorder)
    for component, energy_j in found.energy_by_component_j.items():
        recorder.total(_ENERGY, component, energy_j)
    for name, busy_ps in _busy_ps(found).items():
        recorder.total(_BUSY, name, busy_ps / PS_PER_S)
    recorder.close(trace.status, trace.reason, found.elapsed_ps, trace.queries)


def _states(trace: Trace, recorder: Recorder) -> None:
    contents = Contents(trace.path)
    try:
        units = {name: contents.seals[f"/states/{name}"].units for name in trace.states}
    finally:
        contents.close()
    for name in trace.states:
        recorder.state(name, trace.state(name), units[name])


def _power(found: Retimed, recorder: Recorder) -> None:
    """Record the levels of every component, in order of time, where they change before the end."""
    rows = []
    for course in courses(found.recording, found.prices, found.laboratory, found.schedule):
        label = recorder.label("power.component", course.component)
        within = course.t <= found.elapsed_ps
        t, watts = course.t[within], course.watts[within]
        changed = np.append(0.0, watts)[:-1] != watts
        rows += [(label, *row) for row in zip(t[changed].tolist(), watts[changed].tolist(), strict=True)]
    for label, instant, level_w in sorted(rows, key=lambda row: row[1]):
        recorder.power(label, instant, level_w)


class _Commands:
    """Record the commands and what belongs to them."""

    def __init__(self, trace: Trace, found: Retimed, recorder: Recorder) -> None:
        self._trace, self._found, self._recorder = trace, found, recorder
        self._order = np.argsort(found.times.t_done, kind="stable")
        self._place = np.empty_like(self._order)
        self._place[self._order] = np.arange(len(self._order))
        self._sent = dict(found.schedule.sent)
        self._factors = {
            name: level_factor(found.recording, found.laboratory, name) for name in found.laboratory.lab
        }

    def record(self) -> None:
        """Record every row; a command's own tables go before it."""
        recorder, links = self._recorder, self._found.recording.links
        plans = self._plans()
        names = {column: self._labels(column) for column in ("agent", "instrument", "kind")}
        batches = dict(
            zip(self._trace.batches.command.tolist(), range(len(self._trace.batches.key)), strict=True)
        )
        commands, times, place = self._trace.commands, self._found.times, self._place
        setpoints, joined = self._settings(), links.join_start.size > 0
        for row in self._order.tolist():
            if joined:
                for join in range(int(links.join_start[row]), int(links.join_start[row + 1])):
                    recorder.join(int(place[links.join_cause[join]]))
            if row in batches:
                load = batches[row]
                recorder.batch(int(self._trace.batches.key[load]), self._trace.loaded(load))
            if row in setpoints:
                mine = setpoints[row]
                recorder.setpoints(self._trace.setpoints.heater[mine], self._trace.setpoints.phase_rad[mine])
            if row in self._sent:
                self._frames(row)
            cause = int(links.cause[row])
            recorder.command(
                names["agent"][commands.agent[row]], names["instrument"][commands.instrument[row]],
                names["kind"][commands.kind[row]], plans[links.plan[row]],
                NO_COMMAND if cause == NO_COMMAND else int(place[cause]),
                int(times.t_issued[row]), int(times.t_started[row]), int(times.t_done[row]),
                int(commands.target[row]), *self._value(row),
            )  # fmt: skip

    def _value(self, row: int) -> tuple[float, float]:
        """Return value and result as the instrument's kind has them under the new times."""
        commands, found = self._trace.commands, self._found
        plan = int(found.recording.links.plan[row])
        facts, rows = found.recording.plans[plan], found.prices.rows
        value, result = float(commands.value[row]), float(commands.result[row])
        if row in self._sent:
            return found.schedule.senders[int(rows.server[plan])].value(self._sent[row], facts.work), result
        held_ps = int(found.recording.own_ps[row] if rows.own[plan] else rows.free[plan])
        kind = INSTRUMENTS[facts.instrument]
        return kind.retiming.numbers(facts.kind, value, result, held_ps, self._factors[kind.name])

    def _labels(self, column: str) -> list[int]:
        return [
            self._recorder.label(f"commands.{column}", text)
            for text in self._trace.labels(f"commands.{column}")
        ]

    def _plans(self) -> list[int]:
        """Record the plans that commands have."""
        plans = zip(self._found.recording.plans, self._found.prices.steps, strict=True)
        return [
            self._recorder.plan(steps, tuple(facts.work.items()), f"{facts.instrument}.{facts.kind}")
            if facts.used
            else NO_PLAN
            for facts, steps in plans
        ]

    def _settings(self) -> dict[int, slice]:
        command = self._trace.setpoints.command
        rows, first = np.unique(command, return_index=True)
        last = np.append(first[1:], len(command))[: len(rows)]
        return {
            row: slice(begin, end)
            for row, begin, end in zip(rows.tolist(), first.tolist(), last.tolist(), strict=True)
        }

    def _frames(self, row: int) -> None:
        """Record the frames of a projection anew, and its vectors as they were."""
        recorder, sent, recording = self._recorder, self._sent[row], self._found.recording
        plan = int(recording.links.plan[row])
        work = recording.plans[plan].work
        sender = self._found.schedule.senders[int(self._found.prices.rows.server[plan])]
        recorder.frames(sender.counts(sent, work))
        if recorder.detail == "full":
            patterns = self._trace.patterns
            mine = slice(*np.searchsorted(patterns.command, (row, row + 1)).tolist())
            vectors = np.zeros((work["vectors"], work["features"]), dtype=np.float32)
            vectors[patterns.vector[mine], patterns.input[mine]] = patterns.value[mine]
            recorder.patterns(vectors)
        for stage in sender.stages(sent):
            names = (
                recorder.label("spans.resource", stage.resource),
                recorder.label("spans.activity", stage.activity),
            )
            if recorder.detail == "full":
                for begin, end in zip(stage.t_start.tolist(), stage.t_end.tolist(), strict=True):
                    recorder.span(*names, begin, end)
            else:
                recorder.span(*names, int(stage.t_start.min()), int(stage.t_end.max()))


def _numbers(trace: Trace, found: Retimed, recorder: Recorder) -> None:
    """Record logged numbers."""
    rows, names = trace.metric_rows, trace.labels("metrics.name")
    t = _moved(trace, found, rows.t)
    energy_j = energy_until(found.recording, found.prices, found.laboratory, found.schedule, t)
    heaters = max(
        (level_factor(found.recording, found.laboratory, name) for name in found.laboratory.lab), default=1.0
    )
    for number, (index, instant, queries, value) in enumerate(
        zip(rows.name.tolist(), t.tolist(), rows.queries.tolist(), rows.value.tolist(), strict=True)
    ):
        name, logged = names[index], value
        if name == _ENERGY:
            logged = float(energy_j[number])
        elif name == _HEATERS:
            logged = value * heaters
        recorder.metric(name, instant, queries, logged)


def _moved(trace: Trace, found: Retimed, t: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the new instants of numbers that were logged at ``t`` (k,), ps."""
    if found.recording.count == 0:
        return t
    done, elapsed_ps = trace.commands.t_done, trace.elapsed_ps
    last = np.searchsorted(done, t, side="right") - 1
    after = np.maximum(last, 0)
    moved = np.where(last < 0, t, found.times.t_done[after] + t - done[after])
    return np.where(t == elapsed_ps, found.elapsed_ps, np.minimum(moved, found.elapsed_ps))


def _busy_ps(found: Retimed) -> Counter[str]:
    """Return what the bench counts of each "resource.activity"; own durations are summed."""
    busy: Counter[str] = Counter()
    recording, prices = found.recording, found.prices
    for number, steps in enumerate(prices.steps):
        used = recording.plans[number].used
        for step in steps if used else ():
            own = recording.own_ps[recording.links.plan == number] if step.ps == REMAINDER else None
            busy[f"{step.resource}.{step.activity}"] += used * step.ps if own is None else int(own.sum())
    for row, shot in found.schedule.sent:
        for stage in found.schedule.senders[int(prices.rows.server[recording.links.plan[row]])].stages(shot):
            busy[f"{stage.resource}.{stage.activity}"] += int((stage.t_end - stage.t_start).sum())
    return busy
