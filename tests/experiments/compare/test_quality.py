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
    folder: Path,
    name: str,
    metric: str,
    values: Sequence[float],
    seed: int = 0,
    watts: float = 2.0,
    **at_the_end: float,
) -> Path:
    """Write a run that drew ``watts`` and measured ``metric`` once a second, ten queries later each time."""
    out = folder / f"{name}.h5"
    recorder = Recorder.create(out, Header.now(f"seed = {seed}\nwatts = {watts}\n", seed))
    recorder.power(recorder.label("power.component", "chip"), 0, watts)
    recorder.metric(f"ideal_{metric}", 0, 0, 0.05)
    for place, value in enumerate(values):
        recorder.metric(metric, place * SECOND, 10 * place, value)
    recorder.metric(f"selected_{metric}", (len(values) - 1) * SECOND, 10 * (len(values) - 1), values[-1])
    for other, value in at_the_end.items():
        recorder.metric(other, (len(values) - 1) * SECOND, 10 * (len(values) - 1), value)
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


def test_a_metric_that_is_no_share_has_the_interval_that_its_standard_error_leaves(tmp_path: Path) -> None:
    bits = "test_bits_per_character"
    found = compare_traces([
        judged_trace(tmp_path, "told", bits, [4.0, 2.5], text_error=0.01),
        judged_trace(tmp_path, "silent", bits, [4.0, 2.4], watts=3.0),
    ])  # fmt: skip
    told, silent = (one.judged for one in found.traces)
    assert (told.last_low, told.last_high) == (
        pytest.approx(2.4804, abs=1e-4),
        pytest.approx(2.5196, abs=1e-4),
    )
    assert (told.first_low, told.best_low, told.selected_low, silent.last_low) == (None, None, None, None)
    text = shown(found)
    assert "last 2.500 2.400 95 % interval [2.480, 2.520]" in text
    assert "from the standard error that the trace has of it" in text
    assert "no interval: the trace has no standard error of the cross-entropy" in text
    alone = found.groups[0].numbers["quality.last"]
    assert (alone.low, alone.high) == (told.last_low, told.last_high)


def test_a_report_says_what_its_intervals_come_from_or_why_there_is_none(tmp_path: Path) -> None:
    kelvin = judged_trace(tmp_path, "kelvin", "test_rmse_k", [0.9, 0.75], map_error_k=0.02)
    own = judged_trace(tmp_path, "own", "test_rmse", [0.9, 0.3])
    write_report([kelvin, own], tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "0.750 [0.711, 0.789]" in text
    assert "95 % interval of the last value, from the standard error" in text
    assert "No interval: the trace has no standard error of the RMSE." in text


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
