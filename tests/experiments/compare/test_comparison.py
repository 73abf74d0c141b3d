"""Tests of comparisons: the numbers are those of the traces, differences are named, and nothing is invented."""

import io
import json
import math
from pathlib import Path

import pytest
from rich.console import Console

from emulator.errors import ConfigError, TraceError
from emulator.trace import Header, Recorder
from emulator.trace.open import open_trace
from experiments.compare.comparison import (
    Comparison,
    compare_traces,
    config_differences,
    trace_names,
)
from experiments.compare.quality import reach
from experiments.compare.view import show_comparison
from experiments.inspect.inspection import inspect_trace
from experiments.run.run import run_study
from experiments.run.study import Study
from tests.experiments.report.report_traces import hostile_trace, pipelined_trace


@pytest.fixture(scope="module")
def slower_trace(room: Path, small_study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the small study with twice the settling time and another seed, at detail "summary"."""
    out = tmp_path_factory.mktemp("slower") / "slower.h5"  # workers may come back to a module
    heaters = small_study.chip.heaters.model_copy(update={"settle_s": 2 * small_study.chip.heaters.settle_s})
    chip = small_study.chip.model_copy(update={"heaters": heaters})
    trace = small_study.trace.model_copy(update={"detail": "summary"})
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(room)
        run_study(small_study.model_copy(update={"seed": 1, "chip": chip, "trace": trace}), out)
    return out


@pytest.fixture(scope="module")
def found(small_trace: Path, slower_trace: Path) -> Comparison:
    return compare_traces([small_trace, slower_trace])


def accuracy_trace(out: Path, rows: list[tuple[int, int, float]], name: str = "test_accuracy") -> Path:
    """Write a trace that drew 2 W and logged accuracies at (ps, queries, value)."""
    recorder = Recorder.create(out, Header.now("a = 1\n", 0))
    recorder.power(recorder.label("power.component", "chip"), 0, 2.0)
    for t_ps, queries, value in rows:
        recorder.metric(name, t_ps, queries, value)
    recorder.close("complete", "", 10**12, 100)
    return out


def test_each_trace_brings_what_its_inspection_says(
    found: Comparison, small_trace: Path, slower_trace: Path
) -> None:
    for one, path in zip(found.traces, (small_trace, slower_trace), strict=True):
        alone = inspect_trace(path)
        assert (one.elapsed_s, one.energy_j, one.queries) == (alone.elapsed_s, alone.energy_j, alone.queries)
        assert one.energy_delay_j_s == alone.energy_j * alone.elapsed_s
        assert one.latency_by_span_s == alone.latency_by_span_s
        assert one.accuracy.last == alone.metrics["test_accuracy"].last
        assert one.accuracy.ideal == alone.metrics["ideal_test_accuracy"].last
        assert one.accuracy.selected == alone.metrics["selected_test_accuracy"].last
    assert found.traces[0].utilisation["host"] > 0
    assert found.traces[1].utilisation == {}  # a summary does not tell


def test_only_the_keys_that_differ_are_named(found: Comparison, small_study: Study) -> None:
    settle_s = small_study.chip.heaters.settle_s
    assert {row.key: row.values for row in found.differences} == {
        "chip.heaters.settle_s": (settle_s, 2 * settle_s),
        "seed": (0, 1),
        "trace.detail": ("commands", "summary"),
    }


def test_ratios_are_against_the_first(found: Comparison) -> None:
    first, second = found.ratios
    assert (first.elapsed_s, first.energy_j, first.energy_delay_j_s, first.queries) == (1, 1, 1, 1)
    slow, fast = found.traces[1], found.traces[0]
    assert second.elapsed_s == slow.elapsed_s / fast.elapsed_s
    assert second.energy_delay_j_s == pytest.approx(second.elapsed_s * (second.energy_j or math.nan))


def test_the_common_accuracy_is_the_best_of_the_worst_and_the_cost_of_getting_there(tmp_path: Path) -> None:
    quick = accuracy_trace(tmp_path / "quick.h5", [(0, 0, 0.5), (10**11, 10, 0.7), (2 * 10**11, 20, 0.9)])
    slow = accuracy_trace(tmp_path / "slow.h5", [(0, 0, 0.6), (8 * 10**11, 80, 0.7)])
    found = compare_traces([quick, slow])
    assert found.common_accuracy == 0.7
    reached = [one.reached for one in found.traces]
    assert [(one.queries, one.elapsed_s, one.energy_j) for one in reached if one] == [
        (10, 0.1, pytest.approx(0.2)),
        (80, 0.8, pytest.approx(1.6)),
    ]


def test_what_was_never_reached_is_said_to_be_never(tmp_path: Path) -> None:
    with open_trace(accuracy_trace(tmp_path / "a.h5", [(0, 0, 0.5), (5, 1, math.nan)])) as trace:
        assert reach(trace, 0.6) is None
        assert reach(trace, 0.5) is not None
    with open_trace(accuracy_trace(tmp_path / "b.h5", [(0, 0, math.nan)])) as trace:
        assert reach(trace, 0.1) is None


def test_without_test_data_the_validation_accuracy_is_compared(tmp_path: Path) -> None:
    one = accuracy_trace(tmp_path / "a.h5", [(0, 0, 0.5)], "val_accuracy")
    found = compare_traces([one, accuracy_trace(tmp_path / "b.h5", [(0, 0, 0.4)], "val_accuracy")])
    assert found.common_accuracy == 0.4
    assert found.traces[0].accuracy.metric == "val_accuracy"


def test_traces_without_accuracy_are_compared_all_the_same(tmp_path: Path) -> None:
    paths = [
        accuracy_trace(tmp_path / "a.h5", [(0, 0, 0.5)]),
        accuracy_trace(tmp_path / "b.h5", [(0, 0, 3.0)], "loss"),
    ]
    found = compare_traces(paths)
    assert found.common_accuracy is None
    assert [one.reached for one in found.traces] == [None, None]
    assert found.traces[1].accuracy.last is None


def test_json_is_strict_and_names_what_was_promised(found: Comparison) -> None:
    tree = json.loads(found.to_json(), parse_constant=pytest.fail)
    assert set(tree) == {"common_accuracy", "common_quality", "traces", "differences", "ratios", "groups"}
    promised = {
        "elapsed_s",
        "energy_j",
        "energy_delay_j_s",
        "queries",
        "accuracy",
        "reached",
        "seed",
        "status",
    }
    assert promised <= set(tree["traces"][0])
    assert tree["differences"][0]["key"] == "chip.heaters.settle_s"


def test_an_energy_that_was_not_recorded_is_null(tmp_path: Path) -> None:
    path = pipelined_trace(tmp_path / "run.h5", "summary")
    tree = json.loads(compare_traces([path, path]).to_json(), parse_constant=pytest.fail)
    assert tree["traces"][0]["energy_j"] is None
    assert tree["ratios"][1]["energy_j"] is None


def test_a_missing_key_is_told_from_every_value() -> None:
    rows = config_differences(
        [{"a": {"b": 1}, "same": [1, 2]}, {"same": [1, 2]}, {"a": {"b": 2}, "same": [1, 2]}]
    )
    assert [(row.key, row.values) for row in rows] == [("a.b", (1, None, 2))]
    assert config_differences([{"a": {}}, {}])[0].values == ("{}", None)
    assert config_differences([{"a": True}, {"a": 1}])[0].values == (True, 1)
    assert config_differences([]) == ()


def test_names_are_as_short_as_tells_them_apart() -> None:
    assert trace_names([Path("x/a.h5"), Path("y/b.h5")]) == ("a", "b")
    assert trace_names([Path("x/a.h5"), Path("y/a.h5")]) == ("x/a", "y/a")
    assert trace_names([Path("x/a.h5"), Path("x/a.h5")]) == ("1: a", "2: a")


def test_fewer_than_two_traces_are_refused(small_trace: Path) -> None:
    with pytest.raises(ConfigError, match="two or more"):
        compare_traces([small_trace])


def test_a_missing_trace_is_refused(small_trace: Path, tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r"gone\.h5"):
        compare_traces([small_trace, tmp_path / "gone.h5"])


def shown(found: Comparison) -> str:
    paper = io.StringIO()
    show_comparison(found, Console(file=paper, width=120))
    return paper.getvalue()


def test_the_tables_show_every_part(found: Comparison) -> None:
    text = shown(found)
    words = ["small", "slower", "Accuracy", "ideal", "queries", "energy * delay", "x 1", "was first measured"]
    words += ["chip.heaters", "heaters.settling", "Utilisation", "chip.heaters.settle_s", "summary"]
    assert [word for word in words if word not in text] == []


def test_equal_configurations_and_missing_numbers_are_said_to_be_so(tmp_path: Path) -> None:
    path = pipelined_trace(tmp_path / "run.h5", "summary")
    text = shown(compare_traces([path, path]))
    assert "nowhere" in text
    assert "not recorded" in text


def test_what_a_trace_says_is_no_markup_for_the_terminal(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path / "a.h5", Header.now('"[bold]x" = "[red]y"\n', 0))
    recorder.power(recorder.label("power.component", "[blink]z"), 0, 1.0)
    recorder.close("complete", "", 1000, 0)
    text = shown(compare_traces([tmp_path / "a.h5", hostile_trace(tmp_path / "b.h5")]))
    assert [word for word in ("[bold]x", "[red]y", "[blink]z") if word not in text] == []
