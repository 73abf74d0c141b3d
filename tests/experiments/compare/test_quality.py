"""Tests of what judges runs: other metrics than accuracies have a column, an order and a common value, too."""

import io
import json
import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

from emulator.trace import Header, Recorder
from experiments.compare.comparison import Comparison, compare_traces
from experiments.compare.groups_view import show_groups
from experiments.compare.view import show_comparison
from experiments.report.report import write_report

SECOND = 10**12


def judged_trace(
    folder: Path, name: str, metric: str, values: Sequence[float], seed: int = 0, watts: float = 2.0
) -> Path:
    """Write a run that drew ``watts`` and measured ``metric`` once a second, ten queries later each time."""
    out = folder / f"{name}.h5"
    recorder = Recorder.create(out, Header.now(f"seed = {seed}\nwatts = {watts}\n", seed))
    recorder.power(recorder.label("power.component", "chip"), 0, watts)
    recorder.metric(f"ideal_{metric}", 0, 0, 0.05)
    for place, value in enumerate(values):
        recorder.metric(metric, place * SECOND, 10 * place, value)
    recorder.metric(f"selected_{metric}", (len(values) - 1) * SECOND, 10 * (len(values) - 1), values[-1])
    recorder.close("complete", "", len(values) * SECOND, 10 * len(values))
    return out


@pytest.fixture
def errors(tmp_path: Path) -> Comparison:
    return compare_traces([
        judged_trace(tmp_path, "quick", "test_rmse", [0.9, 0.3, 0.2, 0.4]),
        judged_trace(tmp_path, "slow", "test_rmse", [0.8, 0.7, 0.3]),
    ])  # fmt: skip


def shown(found: Comparison) -> str:
    paper = io.StringIO()
    show = show_groups if found.seeds_are_grouped else show_comparison
    show(found, Console(file=paper, width=120))
    return " ".join(paper.getvalue().split())


def test_of_an_error_the_least_is_best_and_the_worst_of_the_best_is_common(errors: Comparison) -> None:
    assert [one.judged.metric for one in errors.traces] == ["test_rmse", "test_rmse"]
    assert [one.judged.best for one in errors.traces] == [0.2, 0.3]
    assert (errors.common_accuracy, errors.common_quality) == (None, 0.3)
    reached = [one.reached for one in errors.traces if one.reached is not None]
    assert [(one.queries, one.elapsed_s, one.energy_j) for one in reached] == [
        (10, 1.0, pytest.approx(2.0)),
        (20, 2.0, pytest.approx(4.0)),
    ]


def test_json_keeps_accuracies_apart_from_what_is_none(errors: Comparison, tmp_path: Path) -> None:
    told = json.loads(errors.to_json())
    assert told["traces"][0]["accuracy"]["metric"] is None
    assert told["traces"][0]["quality"]["last"] == 0.4
    assert told["traces"][0]["quality"]["last_low"] is None
    shares = [judged_trace(tmp_path, name, "test_accuracy", [0.5, 0.6]) for name in ("a", "b")]
    assert json.loads(compare_traces(shares).to_json())["traces"][0]["quality"] is None


def test_the_tables_name_the_measure_and_its_common_value(errors: Comparison) -> None:
    text = shown(errors)
    assert "RMSE, in the target's unit quick slow ideal 0.0500 0.0500 first 0.9000 0.8000" in text
    assert "best seen 0.2000 0.3000 selected 0.4000 0.3000" in text
    assert "Cost until 0.3000 was first measured" in text
    assert "Wilson" not in text


def test_runs_that_are_judged_by_different_metrics_have_a_table_each_and_no_difference(
    tmp_path: Path,
) -> None:
    metrics = ("test_r2", "test_relative_error")
    paths = [
        judged_trace(tmp_path, f"{metric}{seed}", metric, [-0.5, 0.6 + seed / 10], seed, watts)
        for metric, watts in zip(metrics, (2.0, 3.0), strict=True)
        for seed in (0, 1)
    ]
    found = compare_traces(paths)
    assert found.common == ""
    assert "quality.last" not in found.groups[1].to_first
    assert "energy_j" in found.groups[1].to_first
    text = shown(found)
    assert "R²" in text
    assert "Relative error (%)" in text
    assert "first -0.500" in text


def test_an_interval_of_r_squared_ends_at_one_and_may_begin_below_zero(tmp_path: Path) -> None:
    paths = [
        judged_trace(tmp_path, f"{seed}", "test_r2", [last], seed) for seed, last in enumerate((-0.9, 0.9))
    ]
    mean = compare_traces(paths).groups[0].numbers["quality.last"]
    assert mean.low < -1.0
    assert mean.high == 1.0


def test_a_report_draws_one_measure_and_says_whose_curve_is_missing(tmp_path: Path) -> None:
    paths = [judged_trace(tmp_path, "error", "test_rmse", [0.9, math.nan, 0.2])]
    paths.append(judged_trace(tmp_path, "share", "test_accuracy", [0.5, 0.6]))
    write_report(paths, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Judged by another metric: share." in page
    assert "<h2>RMSE, in the target" in page
