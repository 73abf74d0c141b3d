"""Tests of inspections: recomputed from the trace alone, equal at every detail, honest about what is missing."""

import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from emulator.bench import Bench
from emulator.bench_config import BudgetConfig
from emulator.errors import TraceError
from emulator.trace import Header, Recorder
from emulator.trace.schema import SCHEMA_VERSION, Power
from emulator.trace.writing.journal import journal_path
from experiments.inspect.inspection import Inspection, MetricSummary, inspect_trace, peak_power_w
from experiments.inspect.view import show_inspection, show_ledgers, show_summary
from experiments.run.run import run_study
from experiments.run.study import Study


@pytest.fixture(scope="module")
def found(small_trace: Path) -> Inspection:
    return inspect_trace(small_trace)


def shown(found: Inspection) -> str:
    paper = io.StringIO()
    show_inspection(found, Console(file=paper, width=100))
    return paper.getvalue()


def at_detail(study: Study, detail: str, out: Path) -> Inspection:
    trace = study.trace.model_copy(update={"detail": detail})
    run_study(study.model_copy(update={"trace": trace}), out)
    return inspect_trace(out)


def test_the_ledgers_account_for_all_time_and_all_energy(found: Inspection) -> None:
    assert found.checks.ledger_minus_elapsed_ps == 0
    assert found.checks.ledger_minus_bench_ps == 0
    assert found.checks.energy_relative_difference is not None
    assert found.checks.energy_relative_difference < 1e-12
    assert math.isclose(math.fsum(found.latency_by_span_s.values()), found.elapsed_s, rel_tol=1e-12)
    assert found.energy_j == math.fsum(found.energy_by_component_j.values())


def test_the_hosts_time_between_reading_and_next_command_is_no_idle_time(
    found: Inspection, small_study: Study
) -> None:
    thought_s = found.queries * small_study.host.overhead_s
    assert found.latency_by_span_s["host.think"] == pytest.approx(thought_s, rel=1e-12)
    assert found.latency_by_span_s["idle"] == 0.0


@pytest.mark.usefixtures("in_room")
@pytest.mark.parametrize("detail", ["full", "summary"])
def test_every_detail_tells_the_same_story(
    detail: str, found: Inspection, small_study: Study, tmp_path: Path
) -> None:
    other = at_detail(small_study, detail, tmp_path / "run.h5")
    assert other.detail == detail
    assert (other.queries, other.elapsed_s, other.metrics) == (found.queries, found.elapsed_s, found.metrics)
    assert other.latency_by_span_s == pytest.approx(found.latency_by_span_s, rel=1e-12)
    assert other.energy_by_component_j == pytest.approx(found.energy_by_component_j, rel=1e-12)
    assert other.checks.ledger_minus_elapsed_ps == 0
    assert (other.peak_power_w is None) == (detail == "summary")


def test_json_has_the_promised_names_and_is_strict(found: Inspection) -> None:
    tree = json.loads(found.to_json(), parse_constant=pytest.fail)
    promised = {
        "status",
        "schema_version",
        "digest",
        "elapsed_s",
        "queries",
        "energy_j",
        "energy_by_component_j",
    }
    promised |= {"latency_by_span_s", "metrics", "seed", "detail", "reason", "title", "path"}
    assert promised <= set(tree)
    assert tree["schema_version"] == SCHEMA_VERSION
    assert set(tree["metrics"]["val_loss"]) == {"first", "best", "last"}
    ends = {f"{which}_{end}" for which in ("first", "best", "last") for end in ("low", "high")}
    accuracy = tree["metrics"]["test_accuracy"]
    assert set(accuracy) == {"first", "best", "last", "samples"} | ends
    assert accuracy["samples"] == tree["metrics"]["test_samples"]["last"]
    assert accuracy["last_low"] < accuracy["last"] < accuracy["last_high"]
    assert tree["digest"] == found.digest


def test_the_tables_show_accuracy_ledgers_budgets_provenance_and_checks(found: Inspection) -> None:
    text = shown(found)
    words = [
        "Vowels",
        "complete",
        "ideal",
        "before",
        "at the end",
        "selected",
        "host.think",
        "heaters.settling",
    ]
    words += [
        "chip.heaters",
        "budget",
        "none",
        found.digest,
        found.config_digest,
        "numpy",
        "0 ps",
        "relative",
    ]
    assert [word for word in words if word not in text] == []
    assert "energy_j.chip" not in text  # the meter's totals are in the ledger already


def test_the_summary_and_the_ledgers_are_parts_of_it(found: Inspection) -> None:
    paper = io.StringIO()
    console = Console(file=paper, width=100)
    show_summary(found, console)
    show_ledgers(found, console)
    text = paper.getvalue()
    assert found.path in text
    assert "sum = elapsed" in text
    assert "Provenance" not in text


@pytest.mark.usefixtures("in_room")
def test_what_a_budget_allowed_is_set_against_what_was_spent(small_study: Study, tmp_path: Path) -> None:
    budget = small_study.budget.model_copy(update={"queries": 30, "energy_j": 100.0})
    run_study(small_study.model_copy(update={"budget": budget}), tmp_path / "run.h5")
    found = inspect_trace(tmp_path / "run.h5")
    limits = {one.name: (one.limit, one.spent) for one in found.budgets}
    assert found.status == "budget"
    assert limits["queries"] == (30.0, 30.0)
    assert limits["energy_j"] == (100.0, found.energy_j)
    assert limits["time_s"] == (None, found.elapsed_s)


@pytest.mark.usefixtures("in_room")
def test_a_killed_run_is_recovered_and_said_to_be_killed(small_study: Study, tmp_path: Path) -> None:
    """Its writer lets go of the journal after 60 queries, as a process does that is killed."""
    out = tmp_path / "run.h5"

    class Assassin:
        every_queries = 60

        def observe(self, bench: Bench) -> dict[str, float]:
            if bench.queries >= 60:
                assert isinstance(bench.recorder, Recorder)
                bench.recorder.commit()
                bench.recorder._journal.close()
            return {}

    with pytest.raises((TraceError, OSError)):
        run_study(small_study, out, [Assassin()])
    assert not out.exists()
    found = inspect_trace(out)
    assert (found.status, found.queries) == ("killed", 60)
    assert found.checks.ledger_minus_elapsed_ps == 0
    assert found.checks.energy_relative_difference is None
    assert "nothing to compare" in shown(found)
    assert not journal_path(out).exists()


def test_a_trace_that_no_study_made_is_inspected_all_the_same(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "run.h5", Header.now("no toml at all", 5), "summary")
    recorder.metric("loss", 0, 0, math.nan)
    recorder.close("failed", "a line\nand the next [not markup]", 1000, 0)
    found = inspect_trace(tmp_path / "run.h5")
    assert (found.title, found.status, found.queries, found.seed) == ("", "failed", 0, 5)
    assert json.loads(found.to_json())["metrics"]["loss"] == {"first": None, "best": None, "last": None}
    assert "[not markup]" in shown(found)


@pytest.mark.parametrize("content", [b"", b"not a trace", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_what_is_no_trace_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "run.h5").write_bytes(content)
    with pytest.raises(TraceError, match=r"run\.h5"):
        inspect_trace(tmp_path / "run.h5")


def test_overlapping_spans_of_a_summary_show_as_overlap_instead_of_idle(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "run.h5", Header.now("", 0), "summary")
    recorder.total("busy_s", "chip.settle", 800e-12)
    recorder.total("busy_s", "host.compute", 300e-12)
    recorder.close("complete", "", 1000, 0)
    found = inspect_trace(tmp_path / "run.h5")
    assert found.latency_by_span_s == {"chip.settle": 800e-12, "host.compute": 300e-12, "overlap": -100e-12}
    assert found.checks.ledger_minus_elapsed_ps == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5), st.booleans())
def test_the_best_is_the_greatest_accuracy_and_the_least_of_anything_else(
    values: list[float], rising: bool
) -> None:
    found = MetricSummary.of("val_accuracy" if rising else "val_loss", np.array([*values, math.nan]))
    assert found.first == values[0]
    assert math.isnan(found.last)
    assert found.best == (max(values) if rising else min(values))


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 15), st.integers(0, 9)), max_size=12),
    st.integers(0, 20),
)
def test_the_peak_power_is_that_of_the_worst_instant(
    rows: list[tuple[int, int, int]], elapsed_ps: int
) -> None:
    rows = sorted(rows, key=lambda row: row[1])
    component, t, watts = zip(*rows, strict=True) if rows else ((), (), ())
    power = Power(np.array(component, np.uint8), np.array(t, np.int64), np.array(watts, np.float64))
    expected, now = 0.0, [0.0, 0.0, 0.0]
    for tick in range(elapsed_ps + 1):
        for who, when, level in rows:
            if when == tick:
                now[who] = level
        expected = max(expected, sum(now))
    assert peak_power_w(power, elapsed_ps) == pytest.approx(expected)


@pytest.mark.usefixtures("in_room")
def test_a_budget_of_the_chip_alone_is_compared_with_the_chip_alone(
    small_study: Study, found: Inspection, tmp_path: Path
) -> None:
    chip_j = math.fsum(j for name, j in found.energy_by_component_j.items() if name.startswith("chip."))
    budget = BudgetConfig(energy_j=2 * chip_j, peak_power_w=30.0, components=("chip",))
    out = tmp_path / "run.h5"
    run_study(small_study.model_copy(update={"budget": budget}), out)
    energy, peak = inspect_trace(out).budgets[:2]
    assert energy.spent == pytest.approx(chip_j)
    assert peak.spent < 30.0 < found.budgets[1].spent
