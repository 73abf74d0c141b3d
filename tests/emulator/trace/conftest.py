"""A small run to record, and everything that a trace says, to compare two of them."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from emulator.plan import Step
from emulator.trace import NO_COMMAND, REMAINDER, Detail, Header, Recorder
from emulator.trace.reading.reader import Trace
from emulator.trace.schema import TABLES

HEADER = Header(
    "[chip]\npreset = 'doped_si' # µ\n", 7, "0" * 32, (("numpy", "2.4"),), "2026-11-22T00:00:00+00:00"
)


def _record(out: Path, detail: Detail = "commands", commands: int = 100) -> Recorder:
    recorder = Recorder.create(out, HEADER, detail)
    agent, chip = recorder.label("commands.agent", "szo_scd"), recorder.label("commands.instrument", "chip")
    kinds = [recorder.label("commands.kind", kind) for kind in ("set_phases", "forward")]
    heaters = recorder.label("power.component", "heaters")
    plans = [
        recorder.plan([Step("link", "transfer", 3), Step("heaters", "settle", REMAINDER)]),
        recorder.plan(
            [Step("laser", "symbols", 4), Step("adc", "convert", REMAINDER), Step("link", "transfer", 2)]
        ),
    ]
    recorder.state("initial", np.linspace(0, 1, 12).reshape(3, 4), "rad")
    recorder.batch(0, np.arange(5, dtype=np.int32))
    cause = NO_COMMAND
    for row in range(commands):
        t = 25 * row
        recorder.power(heaters, t, 0.001 * (row % 7))
        if row % 10 == 0:
            recorder.setpoints([row, row + 1], [0.5, 1.5])
            recorder.metric("loss", t, row // 2, 1.0 / (row + 1))
        if row % 25 == 0:
            recorder.span(0, 1, t + 3, t + 4)
        target = -1 if row % 10 == 0 else row % 5
        cause = recorder.command(
            agent, chip, kinds[row % 2], plans[row % 2], cause, t, t + 2, t + 20, target, row / 7, row / 3
        )
    return recorder


def _everything(trace: Trace) -> tuple[object, ...]:
    facts = (trace.created, trace.status, trace.reason, trace.seed, trace.versions, trace.detail)
    facts += (trace.elapsed_ps, trace.queries, trace.config_digest, trace.config_text, trace.states)
    tables = (trace.commands, trace.plans, trace.spans, trace.power, trace.metric_rows, trace.batches)
    tables += (trace.samples, trace.setpoints)
    columns = [getattr(table, field.name).tobytes() for table in tables for field in fields(table)]
    labelled = [
        trace.labels(f"{table.name}.{column.name}")
        for table in TABLES
        for column in table.columns
        if column.vocabulary
    ]
    states = [(trace.state(name).shape, trace.state(name).tobytes()) for name in trace.states]
    return (*facts, *columns, *labelled, *states, trace.digest)


@pytest.fixture
def header() -> Header:
    return HEADER


@pytest.fixture
def record() -> Callable[..., Recorder]:
    return _record


@pytest.fixture
def everything() -> Callable[[Trace], tuple[object, ...]]:
    return _everything


@pytest.fixture
def trace_path(tmp_path: Path) -> Path:
    out = tmp_path / "run.h5"
    _record(out).close("complete", "all done", 2600, 50)
    return out
