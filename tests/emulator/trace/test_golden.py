"""Traces that older versions of Lightloop wrote open as ever, and say what they said."""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from emulator.trace.analysis.ledger import energy_by_component, latency_by_span
from emulator.trace.reading.reader import Trace, open_trace
from emulator.trace.reading.views import columns
from emulator.trace.schema import TABLES
from emulator.trace.writing.journal import journal_path

GOLDEN = Path(__file__).parents[2] / "golden"


@dataclass(frozen=True)
class Golden:
    """What version 1 said of a trace that it had written: 60 queries of the vowel recovery, seed 0."""

    name: str
    digest: str
    config_digest: str
    created: str
    rows: tuple[int, ...]


TRACES = (
    Golden(
        "full", "469e6e5f1a8eb3dea094aea38ffb335d", "c802845c2dc805af456dbf74e8377d9b",
        "2026-11-24T21:47:23+00:00", (194, 14, 503, 193, 61, 2, 64, 0),
    ),
    Golden(
        "commands", "05a0fa8eb4bc67a9ac1978f09a6601a6", "c31b55fdb93f35f11a77338c21d49b17",
        "2026-11-24T21:47:33+00:00", (194, 14, 0, 193, 61, 2, 64, 0),
    ),
    Golden(
        "summary", "2274e6514ab2c5628cc62a8b1a2dfec7", "eeec448ca58d9829b545bb396d0f5678",
        "2026-11-24T21:47:35+00:00", (0, 0, 0, 0, 61, 0, 0, 0),
    ),
)  # fmt: skip

ENERGY_J = {
    "chip.heaters": 0.0016616565083669434,
    "chip.dac": 0.001170446,
    "chip.modulators": 0.00241111876,
    "chip.receivers": 0.00100658356,
    "chip.laser": 0.00110021924,
    "host": 0.06481784,
}
BUSY_S = {
    "host.compute": 0.0003,
    "link.setpoint": 6.7134e-05,
    "dac.update": 6.7e-05,
    "heaters.settling": 0.000402,
    "link.upload": 2.512e-06,
    "link.request": 6e-05,
    "optics.symbols": 0.00018432,
    "receiver.detection": 1.8e-06,
    "receiver.adc": 1.8e-05,
    "link.readout": 6.768e-05,
}
FILES = {
    "v1-commands.h5": "86fffe4e819c848a",
    "v1-full.h5": "82163fe9e0d5593a",
    "v1-killed.h5.journal": "bbc5eb05747ed815",
    "v1-summary.h5": "d7450ea8115333bb",
}
STATES = ("active", "best_phases", "design_phases", "final_phases", "initial_phases")


def lengths(trace: Trace) -> tuple[int, ...]:
    return tuple(len(columns(trace, table.name)[0][1]) for table in TABLES)


def pinned(rows: tuple[int, ...]) -> tuple[int, ...]:
    """Return ``rows`` with none for the tables that came later."""
    return rows + (0,) * (len(TABLES) - len(rows))


@pytest.mark.parametrize("golden", TRACES, ids=lambda golden: golden.name)
def test_a_trace_of_version_1_says_what_it_said(golden: Golden) -> None:
    with open_trace(GOLDEN / f"v1-{golden.name}.h5") as trace:
        assert (trace.digest, trace.status, trace.reason) == (golden.digest, "complete", "")
        assert (trace.schema_version, trace.detail, trace.seed) == (1, golden.name, 0)
        assert (trace.queries, trace.elapsed_ps, trace.states) == (60, 1_170_446_000, STATES)
        assert lengths(trace) == pinned(golden.rows)
        assert (trace.created, trace.config_digest) == (golden.created, golden.config_digest)
        last = {name: series.value[-1] for name, series in trace.metrics().items()}
    assert last["test_accuracy"] == 0.7129629629629629
    assert last["val_loss"] == 0.5005988435290037
    assert last["energy_j"] == 0.07216786406836695
    assert {name: last[f"energy_j.{name}"] for name in ENERGY_J} == ENERGY_J
    assert {name: last[f"busy_s.{name}"] for name in BUSY_S} == BUSY_S


@pytest.mark.parametrize("name", ["full", "commands"])
def test_the_ledgers_of_a_trace_of_version_1_are_what_they_were(name: str) -> None:
    with open_trace(GOLDEN / f"v1-{name}.h5") as trace:
        energy_j = energy_by_component(trace)
        latency_s = latency_by_span(trace)
        assert trace.labels("commands.kind") == ("set_phases", "settle", "forward")
        assert int(trace.commands.t_done.sum()) == 112_812_438_000
        assert float(trace.commands.value.sum()) == 402_000_152.36609256
        assert len(trace.all_spans().t_start) == 503
        assert trace.batch(1).shape == (32,)
    assert energy_j == pytest.approx(ENERGY_J, rel=1e-12)
    assert latency_s == pytest.approx({**BUSY_S, "idle": 0.0}, rel=1e-12, abs=1e-15)


def test_a_journal_of_version_1_recovers(tmp_path: Path) -> None:
    out = tmp_path / "run.h5"
    shutil.copy(GOLDEN / "v1-killed.h5.journal", journal_path(out))
    with open_trace(out) as trace:
        assert trace.digest
        assert (trace.status, trace.queries, trace.elapsed_ps) == ("killed", 1318, 25_020_950_000)
        assert trace.reason == "the writer died; 0 bytes of an unfinished block were dropped"
        assert lengths(trace) == pinned((4096, 14, 0, 4031, 57, 22, 704, 0))
        assert trace.states == ("active", "design_phases", "initial_phases")
        assert np.all(np.diff(trace.commands.t_done) >= 0)
        assert int(trace.commands.t_done[-1]) == trace.elapsed_ps
    assert [path.name for path in tmp_path.iterdir()] == ["run.h5"]


def test_the_golden_files_are_those_that_version_1_wrote() -> None:
    found = {name: hashlib.blake2b((GOLDEN / name).read_bytes(), digest_size=8).hexdigest() for name in FILES}
    assert found == FILES
