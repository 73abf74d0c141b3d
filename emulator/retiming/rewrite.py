"""A re-timed run as a trace: rows in the order of their new completion; readings and states as recorded.

Logged numbers move to the new time of the command or the reply after which they were logged. The bench's totals,
the running energy and the heaters' power are computed anew.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.instruments.opu.spans import frame_spans, stage_busy_ps, stage_spans
from emulator.retiming.latency import SETTLING, plan_steps
from emulator.retiming.powers import heater_factor, meter_run
from emulator.retiming.prices import price, skipped_vectors
from emulator.retiming.retime import Retimed
from emulator.retiming.schedule import reply_ps
from emulator.trace.reading.contents import Contents
from emulator.trace.reading.reader import Trace
from emulator.trace.schema import NO_COMMAND, NO_PLAN, REMAINDER
from emulator.trace.writing.recorder import Recorder
from emulator.units import PS_PER_S

__all__ = ["rewrite"]

_ENERGY: Final = "energy_j"
_ASKED: Final = "asked"
_BUSY: Final = "busy_s."
_HEATERS: Final = "heater_power_w"


def rewrite(trace: Trace, found: Retimed, recorder: Recorder) -> None:
    """Record ``found``, the re-timed ``trace``, with ``recorder``, and close it."""
    _states(trace, recorder)
    _Commands(trace, found, recorder).record()
    _numbers(trace, found, recorder)
    recorder.close(trace.status, trace.reason, found.elapsed_ps, trace.queries)


def _states(trace: Trace, recorder: Recorder) -> None:
    contents = Contents(trace.path)
    try:
        units = {name: contents.seals[f"/states/{name}"].units for name in trace.states}
    finally:
        contents.close()
    for name in trace.states:
        recorder.state(name, trace.state(name), units[name])


class _Commands:
    """Record the commands and what belongs to them."""

    def __init__(self, trace: Trace, found: Retimed, recorder: Recorder) -> None:
        self._trace, self._found, self._recorder = trace, found, recorder
        self._order = np.argsort(found.times.t_done, kind="stable")
        self._place = np.empty_like(self._order)
        self._place[self._order] = np.arange(len(self._order))
        self._sent = dict(found.schedule.sent)

    def record(self) -> None:
        """Record every row; a command's own tables go before it."""
        recorder, links = self._recorder, self._found.recording.links
        plans = self._plans()
        names = {column: self._labels(column) for column in ("agent", "instrument", "kind")}
        for key in self._trace.batches.key.tolist():
            recorder.batch(key, self._trace.batch(key))
        commands, times, place = self._trace.commands, self._found.times, self._place
        setpoints, joined = self._settings(), links.join_start.size > 0
        for row in self._order.tolist():
            if joined:
                for join in range(int(links.join_start[row]), int(links.join_start[row + 1])):
                    recorder.join(int(place[links.join_cause[join]]))
            if row in setpoints:
                mine = setpoints[row]
                recorder.setpoints(self._trace.setpoints.heater[mine], self._trace.setpoints.phase_rad[mine])
            if row in self._sent:
                self._frames(row)
            cause = int(links.cause[row])
            recorder.command(
                names["agent"][commands.agent[row]], names["instrument"][commands.instrument[row]],
                names["kind"][commands.kind[row]], plans[commands.plan[row]],
                NO_COMMAND if cause == NO_COMMAND else int(place[cause]),
                int(times.t_issued[row]), int(times.t_started[row]), int(times.t_done[row]),
                int(commands.target[row]), *self._value(row),
            )  # fmt: skip

    def _value(self, row: int) -> tuple[float, float]:
        """Return value and result: a settling's value is its duration, and heater powers follow P_pi."""
        commands, found = self._trace.commands, self._found
        facts = found.recording.plans[int(commands.plan[row])]
        value, result = float(commands.value[row]), float(commands.result[row])
        if facts.kind == "settle":
            value = float(found.times.t_done[row] - found.times.t_started[row])
        elif facts.kind == "set_phases":
            result *= heater_factor(found)
        elif facts.kind == "project":
            value = float(self._sent[row].counts(0, 0).used)
        return value, result

    def _labels(self, column: str) -> list[int]:
        return [
            self._recorder.label(f"commands.{column}", text)
            for text in self._trace.labels(f"commands.{column}")
        ]

    def _plans(self) -> list[int]:
        """Record the plans; a chip names those of settling before anybody has settled."""
        numbers = []
        plans = zip(self._found.recording.plans, plan_steps(self._found.prices), strict=True)
        for facts, steps in plans:
            settles = _ASKED in facts.work
            known = facts.used or settles
            work = tuple(facts.work.items())
            numbers.append(self._recorder.plan((SETTLING,) if settles else steps, work) if known else NO_PLAN)
        return numbers

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
        recorder, sent = self._recorder, self._sent[row]
        work = self._found.recording.plans[int(self._found.recording.links.plan[row])].work
        opu = self._found.lab.opu
        recorder.frames(sent.counts(work["vectors"], skipped_vectors(work, opu) if opu is not None else 0))
        patterns, design = self._trace.patterns, self._found.lab.opu_design
        if recorder.detail == "full" and design is not None:
            mine = slice(*np.searchsorted(patterns.command, (row, row + 1)).tolist())
            vectors = np.zeros((work["vectors"], design.features), dtype=np.float32)
            vectors[patterns.vector[mine], patterns.input[mine]] = patterns.value[mine]
            recorder.patterns(vectors)
        for times in sent.passes:
            for span in frame_spans(times) if recorder.detail == "full" else stage_spans(times):
                recorder.span(
                    recorder.label("spans.resource", span.resource),
                    recorder.label("spans.activity", span.activity), span.t_start, span.t_end,
                )  # fmt: skip


def _numbers(trace: Trace, found: Retimed, recorder: Recorder) -> None:
    """Record power and logged numbers."""
    rows, names = trace.metric_rows, trace.labels("metrics.name")
    t = _moved(trace, found, rows.t)
    metered = meter_run(found, recorder, t)
    busy_s = {name: ps / PS_PER_S for name, ps in _busy_ps(found)}
    for number, (index, instant, queries, value) in enumerate(
        zip(rows.name.tolist(), t.tolist(), rows.queries.tolist(), rows.value.tolist(), strict=True)
    ):
        name, logged = names[index], value
        if name == _ENERGY:
            logged = float(metered.totals_j[number])
        elif name.startswith(f"{_ENERGY}."):
            logged = metered.energy_by_component_j.get(name.removeprefix(f"{_ENERGY}."), value)
        elif name.startswith(_BUSY):
            logged = busy_s.get(name.removeprefix(_BUSY), 0.0)
        elif name == _HEATERS:
            logged = value * heater_factor(found)
        recorder.metric(name, instant, queries, logged)


def _moved(trace: Trace, found: Retimed, t: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the new instants of numbers that were logged at ``t`` (k,), ps."""
    count, elapsed_ps = found.recording.count, trace.elapsed_ps
    if count == 0:
        return t
    done, rows = trace.commands.t_done, np.arange(count)
    old_reply = done + _old_think(found)
    by_reply = np.argsort(old_reply, kind="stable")
    new_reply = reply_ps(found.recording, found.prices, found.times, rows)
    last = np.searchsorted(done, t, side="right") - 1
    answered = np.searchsorted(old_reply[by_reply], t, side="right") - 1
    replier = by_reply[np.maximum(answered, 0)]
    after = np.maximum(last, 0)
    moved = np.where(last < 0, t, found.times.t_done[after] + t - done[after])
    on_reply = (last >= 0) & (done[after] != t) & (answered >= 0) & (old_reply[replier] == t)
    moved = np.where(on_reply, new_reply[replier], moved)
    return np.where(t == elapsed_ps, found.elapsed_ps, np.minimum(moved, found.elapsed_ps))


def _old_think(found: Retimed) -> NDArray[np.int64]:
    recording = found.recording
    return np.asarray(price(recording.plans, recording.lab).rows.think[recording.links.plan])


def _busy_ps(found: Retimed) -> Iterator[tuple[str, int]]:
    """Yield what the bench counts of each "resource.activity"; own durations are summed."""
    busy: Counter[str] = Counter()
    recording, prices = found.recording, found.prices
    for number, steps in enumerate(plan_steps(prices)):
        used = recording.plans[number].used
        busy["host.compute"] += used * int(prices.rows.think[number])
        for resource, activity, duration_ps in steps if used else ():
            mine = recording.own_ps[recording.links.plan == number] if duration_ps == REMAINDER else None
            busy[f"{resource}.{activity}"] += used * duration_ps if mine is None else int(mine.sum())
    for _, sent in found.schedule.sent:
        for times in sent.passes:
            busy.update(stage_busy_ps(times))
    yield from busy.items()
