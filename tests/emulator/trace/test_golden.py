"""Traces that older versions of Lightloop wrote open as ever, and say what they said."""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from emulator.trace.analysis.critical_path import critical_path
from emulator.trace.analysis.ledger import energy_by_component, integral_by_component, latency_by_span
from emulator.trace.analysis.path_shares import path_shares_ps
from emulator.trace.analysis.utilisation import utilisation
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import Trace
from emulator.trace.reading.views import columns
from emulator.trace.schema import TABLES
from emulator.trace.writing.journal import journal_path

GOLDEN = Path(__file__).parents[2] / "golden"


@dataclass(frozen=True)
class Golden:
    """What version 1 said of a trace that it had written: 60 queries of the vowel recovery, seed 0.

    ``rows`` are those of each table now: of 61 logged numbers 16 were totals, and a thought had no span.
    """

    name: str
    digest: str
    config_digest: str
    created: str
    rows: dict[str, int]


ROWS = {
    "commands": 194, "plans": 16, "power": 193, "metrics": 45, "batches": 2, "samples": 64, "draws": 2,
    "totals": 16,
}  # fmt: skip

TRACES = (
    Golden(
        "full", "469e6e5f1a8eb3dea094aea38ffb335d", "c802845c2dc805af456dbf74e8377d9b",
        "2026-11-24T21:47:23+00:00", {**ROWS, "spans": 563},
    ),
    Golden(
        "commands", "05a0fa8eb4bc67a9ac1978f09a6601a6", "c31b55fdb93f35f11a77338c21d49b17",
        "2026-11-24T21:47:33+00:00", ROWS,
    ),
    Golden(
        "summary", "2274e6514ab2c5628cc62a8b1a2dfec7", "eeec448ca58d9829b545bb396d0f5678",
        "2026-11-24T21:47:35+00:00", {"metrics": 45, "totals": 16},
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
    "host.think": 0.0003,
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
    "v2-commands.h5": "c603f6fc38e580f2",
    "v2-crowd.h5": "86969a854704d203",
    "v2-killed.h5.journal": "674ba9545fa6febf",
    "v3-commands.h5": "8f47a0f2bfadce05",
    "v3-full.h5": "b7907d060083518f",
}
USED = [
    ("heaters", 67, 402_000_000, 0),
    ("host", 60, 300_000_000, 0),
    ("link", 189, 197_326_000, 0),
    ("optics", 60, 184_320_000, 0),
    ("dac", 67, 67_000_000, 0),
    ("receiver", 120, 19_800_000, 0),
]
STATES = ("active", "best_phases", "design_phases", "final_phases", "initial_phases")


def lengths(trace: Trace) -> dict[str, int]:
    """Return the rows of each table that has any."""
    found = {table.name: len(columns(trace, table.name)[0][1]) for table in TABLES}
    return {name: rows for name, rows in found.items() if rows}


@pytest.mark.parametrize("golden", TRACES, ids=lambda golden: golden.name)
def test_a_trace_of_version_1_says_what_it_said(golden: Golden) -> None:
    with open_trace(GOLDEN / f"v1-{golden.name}.h5") as trace:
        assert (trace.digest, trace.status, trace.reason) == (golden.digest, "complete", "")
        assert (trace.schema_version, trace.detail, trace.seed) == (1, golden.name, 0)
        assert (trace.queries, trace.elapsed_ps, trace.states) == (60, 1_170_446_000, STATES)
        assert lengths(trace) == golden.rows
        assert (trace.created, trace.config_digest) == (golden.created, golden.config_digest)
        totals = trace.totals()
        last = {name: series.value[-1] for name, series in trace.metrics().items()}
    assert last["test_accuracy"] == 0.7129629629629629
    assert last["val_loss"] == 0.5005988435290037
    assert last["energy_j"] == 0.07216786406836695
    assert totals == {"energy_j": ENERGY_J, "busy_s": BUSY_S}


@pytest.mark.parametrize("name", ["full", "commands"])
def test_the_ledgers_of_a_trace_of_version_1_are_what_they_were(name: str) -> None:
    with open_trace(GOLDEN / f"v1-{name}.h5") as trace:
        energy_j, latency_s = energy_by_component(trace), latency_by_span(trace)
        path, used = critical_path(trace), utilisation(trace)
        shares_ps = path_shares_ps(trace, path)
        assert trace.labels("commands.kind") == ("set_phases", "settle", "forward")
        # A reply came 5 us after its reading, upon which the host had thought; there were 60.
        assert int(trace.commands.t_done.sum()) == 112_812_438_000 + 60 * 5_000_000
        assert float(trace.commands.value.sum()) == 402_000_152.36609256
        assert len(trace.all_spans().t_start) == 503 + 60
        assert trace.batch(1).shape == (32,)
    assert energy_j == pytest.approx(ENERGY_J, rel=1e-12)
    assert latency_s == pytest.approx({**BUSY_S, "idle": 0.0}, rel=1e-12, abs=1e-15)
    assert {name: ps / 1e12 for name, ps in shares_ps.items()} == pytest.approx(BUSY_S, rel=1e-12)
    assert [(one.resource, one.spans, one.busy_ps, one.overlap_ps) for one in used] == USED


def test_a_journal_of_version_1_recovers(tmp_path: Path) -> None:
    out = tmp_path / "run.h5"
    shutil.copy(GOLDEN / "v1-killed.h5.journal", journal_path(out))
    with open_trace(out) as trace:
        assert trace.digest
        assert (trace.status, trace.queries, trace.elapsed_ps) == ("killed", 1318, 25_020_950_000)
        assert trace.reason == "the writer died; 0 bytes of an unfinished block were dropped"
        assert lengths(trace) == {
            "commands": 4096, "plans": 16, "power": 4031, "metrics": 57, "batches": 22, "samples": 704, "draws": 2,
        }  # fmt: skip
        energy_j, latency_s = energy_by_component(trace), latency_by_span(trace)
        assert (energy_j["host"], energy_j["chip.heaters"]) == pytest.approx((1.396238, 0.035314694471106925))
        assert (latency_s["host.think"], latency_s["idle"]) == pytest.approx((0.00659, 0.0))
        assert trace.states == ("active", "design_phases", "initial_phases")
        assert np.all(np.diff(trace.commands.t_done) >= 0)
        assert int(trace.commands.t_done[-1]) == trace.elapsed_ps
    assert [path.name for path in tmp_path.iterdir()] == ["run.h5"]


# ------------------------------------------------------------------------------------------------- version 2
SECOND_ENERGY_J = {
    "commands": {
        "host": 0.1262113, "chip.heaters": 0.0033674229452247003, "chip.dac": 0.0030157075,
        "chip.modulators": 0.00621235745, "chip.receivers": 0.00259350845, "chip.laser": 0.00283476505,
        "opu.box": 0.090471225, "host.frames": 0.00033048,
    },
    "crowd": {
        "host": 0.5835415, "chip.heaters": 0.016982618696104512, "chip.dac": 0.0142742875,
        "chip.modulators": 0.02940503225, "chip.receivers": 0.01227588725, "chip.laser": 0.01341783025,
        "opu.box": 0.428228625, "host.frames": 0.0016524,
    },
}  # fmt: skip
SECOND_PATH_PS = {
    "commands": {
        "host.think": 30_000_000, "heaters.settling": 36_000_000, "link.setpoint": 6_014_000,
        "link.upload": 3_174_000, "link.request": 6_000_000, "link.readout": 6_174_000, "dac.update": 6_000_000,
        "optics.symbols": 5_120_000, "receiver.detection": 120_000, "receiver.adc": 1_200_000,
        "uplink.upload": 164_980_000, "camera.exposure": 2_650_000_000, "sensor.readout": 34_937_500,
        "downlink.transfer": 2_020_000, "grabber.grab": 918_000, "host.update": 63_050_000,
    },
    "crowd": {
        "link.setpoint": 5_010_000, "dac.update": 5_000_000, "uplink.upload": 824_900_000,
        "camera.exposure": 13_250_000_000, "sensor.readout": 174_687_500, "downlink.transfer": 10_100_000,
        "grabber.grab": 4_590_000,
    },
}  # fmt: skip
"""What version 2 said of two runs: of one agent, and of two whose thoughts and computations overlapped.

It called the time of a thought host.compute."""


@pytest.mark.parametrize("name", ["commands", "crowd"])
def test_a_trace_of_version_2_says_what_it_said(name: str) -> None:
    with open_trace(GOLDEN / f"v2-{name}.h5") as trace:
        assert trace.schema_version == 2
        assert energy_by_component(trace) == pytest.approx(SECOND_ENERGY_J[name], rel=1e-12)
        integral_j = integral_by_component(trace.power, trace.labels("power.component"), trace.elapsed_ps)
        assert integral_j == pytest.approx(SECOND_ENERGY_J[name], rel=1e-12)
        assert trace.totals()["energy_j"] == pytest.approx(SECOND_ENERGY_J[name], rel=1e-12)
        assert path_shares_ps(trace, critical_path(trace)) == SECOND_PATH_PS[name]
        assert np.all(np.diff(trace.commands.t_done) >= 0)
        assert trace.origin is None


def test_a_command_of_version_2_is_issued_exactly_when_its_replies_were_there() -> None:
    with open_trace(GOLDEN / "v2-commands.h5") as trace:
        commands = trace.commands
        assert commands.t_issued[1:].tolist() == commands.t_done[:-1].tolist()
        assert commands.cause[1:].tolist() == list(range(len(commands.cause) - 1))
        latency_s, busy_s = latency_by_span(trace), trace.totals()["busy_s"]
        assert latency_s["idle"] == 0.0
        for name in ("host.think", "host.update", "heaters.settling", "optics.symbols"):
            assert latency_s[name] == pytest.approx(busy_s[name], rel=1e-12)


def test_rows_of_version_2_are_named_anew_where_replies_change_places() -> None:
    with open_trace(GOLDEN / "v2-crowd.h5") as trace:
        commands, kinds = trace.commands, trace.labels("commands.kind")
        first = commands.target[trace.batches.command]
        assert first.tolist() == trace.batches.key.tolist()
        read = np.flatnonzero(commands.kind == kinds.index("forward"))
        assert trace.batches.key[trace.batch_rows[read]].tolist() == commands.target[read].tolist()
        projected = np.flatnonzero(commands.kind == kinds.index("project"))
        assert trace.frames.command.tolist() == projected.tolist()
        assert set(trace.spans.command.tolist()) == set(projected.tolist())
        command = np.concatenate((np.flatnonzero(commands.cause >= 0), trace.joins.command))
        cause = np.concatenate((commands.cause[commands.cause >= 0], trace.joins.cause))
        assert np.all(commands.t_done[cause] <= commands.t_issued[command])
        # The host was active once at a time, whatever overlapped: its power is kept as it was measured.
        assert len(trace.draws.plan) == 0
        host = trace.power.component == trace.labels("power.component").index("host")
        assert set(trace.power.watts[host].tolist()) == {40.0, 100.0}


def test_a_journal_of_version_2_counts_the_vectors_of_a_killed_projector(tmp_path: Path) -> None:
    out = tmp_path / "run.h5"
    shutil.copy(GOLDEN / "v2-killed.h5.journal", journal_path(out))
    with open_trace(out) as trace:
        assert (trace.schema_version, trace.status, trace.queries) == (2, "killed", 93)
        assert energy_by_component(trace)["host"] == pytest.approx(3.53754082, rel=1e-12)


# ------------------------------------------------------------------------------------------------- version 3
THIRD_ENERGY_J = {
    "chip.heaters": 0.003242541206348121, "chip.dac": 0.0030276185, "chip.modulators": 0.00623689411,
    "chip.receivers": 0.00260375191, "chip.laser": 0.00284596139, "chip.sequencer": 0.00025375,
    "opu.box": 0.090828555, "host.frames": 0.00033048, "host": 0.12593474,
}  # fmt: skip


@pytest.mark.parametrize("name", ["commands", "full"])
def test_a_trace_of_version_3_says_what_it_said(name: str) -> None:
    with open_trace(GOLDEN / f"v3-{name}.h5") as trace:
        assert (trace.schema_version, trace.detail, trace.status, trace.queries) == (3, name, "complete", 18)
        assert trace.digest == {"commands": "53919c40d229b2d0042eb5261d0908c1"}.get(name, trace.digest)
        assert trace.origin == ("closed", "0f" * 16)
        assert trace.elapsed_ps == trace.commands.t_done[-1] == 3_027_618_500
        energy_j = energy_by_component(trace)
        integral_j = integral_by_component(trace.power, trace.labels("power.component"), trace.elapsed_ps)
        assert energy_j == pytest.approx(THIRD_ENERGY_J, rel=1e-12)
        assert integral_j == pytest.approx(THIRD_ENERGY_J, rel=1e-12)
        assert trace.totals()["energy_j"] == pytest.approx(THIRD_ENERGY_J, rel=1e-12)
        assert trace.totals()["busy_s"]["host.think"] == 7e-05
        assert sum(path_shares_ps(trace, critical_path(trace)).values()) == trace.elapsed_ps
        read = np.flatnonzero(trace.commands.kind == trace.labels("commands.kind").index("forward"))
        assert trace.batches.key[trace.batch_rows[read]].tolist() == trace.commands.target[read].tolist()


def test_details_of_version_3_agree() -> None:
    with open_trace(GOLDEN / "v3-commands.h5") as brief, open_trace(GOLDEN / "v3-full.h5") as full:
        for name in ("component", "t", "watts"):
            one, other = getattr(brief.power, name), getattr(full.power, name)
            np.testing.assert_array_equal(one, other, err_msg=name)
        assert len(brief.power_levels.t) < len(full.power_levels.t)


def test_the_golden_files_are_those_that_their_versions_wrote() -> None:
    found = {name: hashlib.blake2b((GOLDEN / name).read_bytes(), digest_size=8).hexdigest() for name in FILES}
    assert found == FILES
