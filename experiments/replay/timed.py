"""Timed replay: the recorded commands at their recorded times, to a bench with other physics, in open loop.

What was taped out stays as recorded: mesh, design phases, active heaters. A new seed is thus another chip from the
same mask: other device spread, other noise. Nobody looks at the readings, and nothing follows from them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.bench import Bench, Observer
from emulator.errors import ConfigError, TraceError
from emulator.instruments.chip.state import Design
from emulator.retiming.lab import model_changes
from emulator.retiming.parameters import Effect, effect_of
from emulator.trace import Recorder
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import MetricSeries, Trace
from emulator.units import ps_to_s
from experiments.compare.quality import MEASURED
from experiments.replay.origin import Origin, refuse_replay, replay_header, titled
from experiments.replay.score import Score, asked_ps, performers
from experiments.run.bench import design_of, make_bench
from experiments.run.elsewhere.traces import refuse_elsewhere
from experiments.run.laboratory import open_recording, study_of
from experiments.run.run import prepare, program_of, watch_of
from experiments.run.study import Study

__all__ = ["MetricPair", "Timed", "timed"]

_MODE: Final = "timed"
_SHOWN: Final = (*MEASURED, "val_loss", "heater_power_w", "energy_j")


class MetricPair(NamedTuple):
    """Hold the last value of a metric in the recording and in the replay."""

    then: float
    now: float


@dataclass(frozen=True, slots=True)
class Timed:
    """Hold the outcome of a timed replay; times in seconds.

    ``late`` commands were issued after their recorded time, ``refused`` ones were not accepted.
    ``readings_rms`` and ``readings_rms_difference`` are of what the trace keeps of a reading, the sum of its
    outputs, and NaN where readings cannot be paired.
    """

    mode: str
    trace: str
    digest: str
    out: str | None
    changed: dict[str, str]
    commands: int
    late: int
    latest_s: float
    refused: int
    readings: int
    readings_rms: float
    readings_rms_difference: float
    metrics: dict[str, MetricPair]


def timed(path: Path, out: Path, kept: bool, overrides: tuple[str, ...] = ()) -> Timed:
    """Re-issue the commands of the trace at ``path`` on a bench with ``overrides``, and record that in ``out``.

    Raises ``ConfigError`` for an override that would need another mask, task or controller, and ``TraceError`` when
    the trace does not hold what was asked: projections need detail "full".
    """
    with open_trace(path) as trace:
        refuse_replay(trace, _MODE)
        refuse_elsewhere(trace, "replay --mode timed")
        old = study_of(trace)
        new = titled(study_of(trace, overrides), _MODE)
        changed = {c.path: str(c.new) for c in model_changes(old, new) if c.path != "title"}
        _refuse_another_run(old, new)
        recording = open_recording(trace, old)
        bench, score, observers = _stage(trace, old, new, Score.of(trace, recording))
        bench.run(performers(score, trace.elapsed_ps), observers, _recorder(trace, new, out))
        with open_trace(out) as now:
            return _compared(trace, now, str(out) if kept else None, changed, score)


def _refuse_another_run(old: Study, new: Study) -> None:
    for change in model_changes(old, new):
        choice = effect_of(change.path) & Effect.CHOICES and change.path != "seed"
        if choice:
            raise ConfigError(
                f"{change.path} = {change.new!r} cannot be replayed: the recorded commands are for {change.old!r}; "
                "run the study with it instead"
            )


def _stage(trace: Trace, old: Study, new: Study, score: Score) -> tuple[Bench, Score, list[Observer]]:
    """Build the new bench with the old design, and give the score its inputs."""
    prepared = prepare(old)
    program = program_of(old, prepared)
    if prepared.taped_out is not None:
        _check_design(trace, design_of(prepared))
    score = score.with_inputs(prepared.task.x_train, prepared.task.y_train)
    score.check()
    bench = make_bench(
        new, prepared, program.sizes, program.shows
    )  # what physics refuses is refused before a file exists
    if prepared.taped_out is None:
        return bench, score, []
    return bench, score, [watch_of(new, prepared, program_of(new, prepared))]


def _recorder(trace: Trace, study: Study, out: Path) -> Recorder:
    return Recorder.create(out, replay_header(study, Origin(_MODE, trace.digest)), study.trace.detail)


def _check_design(trace: Trace, design: Design) -> None:
    """Refuse a design that is not the recorded one: pre-training may give other weights with other software."""
    if not np.array_equal(trace.state("design_phases"), design.phases()) or not np.array_equal(
        trace.state("active").astype(bool), design.active
    ):
        raise TraceError(
            f"{trace.path}: its study no longer leads to the recorded design phases (is the software another?); "
            "run the study again and replay the new trace"
        )


def _compared(then: Trace, now: Trace, out: str | None, changed: dict[str, str], score: Score) -> Timed:
    asked = asked_ps(score) if len(then.commands.agent) else then.commands.t_issued
    order_then, order_now = _issue_order(then, asked), _issue_order(now, now.commands.t_issued)
    paired = len(order_then) == len(order_now)
    lateness = np.zeros(0, dtype=np.int64)
    rms = rms_difference = math.nan
    readings = score.readings(then)
    if paired:
        lateness = now.commands.t_issued[order_now] - asked[order_then]
        read = readings[order_then]
        values = then.commands.result[order_then][read], now.commands.result[order_now][read]
        rms, rms_difference = _rms(values[0]), _rms(values[1] - values[0])
    old, new = then.metrics(), now.metrics()
    return Timed(
        mode=_MODE,
        trace=str(then.path),
        digest=then.digest,
        out=out,
        changed=changed,
        commands=len(order_now),
        late=int((lateness > 0).sum()) if paired else len(order_now),
        latest_s=ps_to_s(int(lateness.max(initial=0))) if paired else math.nan,
        refused=score.refused,
        readings=int(readings.sum()),
        readings_rms=rms,
        readings_rms_difference=rms_difference,
        metrics=_pairs(old, new),
    )


def _issue_order(trace: Trace, asked: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows agent by agent, as each agent issued them, at ``asked`` (n,)."""
    c = trace.commands
    return np.lexsort((c.t_started, asked, c.agent))


def _rms(values: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(values**2))) if values.size else math.nan


def _pairs(old: Mapping[str, MetricSeries], new: Mapping[str, MetricSeries]) -> dict[str, MetricPair]:
    known = [name for name in _SHOWN if name in old and name in new]
    return {
        name: MetricPair(float(old[name].value[-1]), float(new[name].value[-1]))
        for name in known
        if len(old[name].value) and len(new[name].value)
    }
