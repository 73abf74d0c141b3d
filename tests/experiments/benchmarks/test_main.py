"""Tests of the whole benchmark, made short; no test looks at how fast anything was."""

import json
import math
from pathlib import Path

import pytest

from emulator.errors import ConfigError
from experiments.benchmarks.main import Effort, run_benchmarks


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_short_benchmark_prints_and_writes_every_ratio(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    effort = Effort(rounds=2, slice_queries=100, other_rounds=2, memory=(200, 600), sizes=(8, 16))
    results = run_benchmarks(tmp_path / "bench.json", effort, part="queries")
    assert json.loads((tmp_path / "bench.json").read_text()) == results
    named = {"query_in_timeouts", "torch_rebuild_over_query", "recording_overhead", "memory_bytes_per_query"}
    assert named | {"numpy_plain_over_query", "first_layer_share", "query_in_timeouts_n16"} <= results.keys()
    assert all(math.isfinite(value) for value in results.values())
    assert sum(value for name, value in results.items() if name.startswith("share_")) == pytest.approx(1.0)
    assert "query_in_timeouts" in capsys.readouterr().out


def test_an_unknown_part_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'lite' is no part; allowed: queries, light, retiming"):
        run_benchmarks(tmp_path / "bench.json", part="lite")
    assert list(tmp_path.iterdir()) == []


def test_a_target_that_cannot_be_written_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    for target in (tmp_path, tmp_path / "file" / "bench.json"):
        with pytest.raises(ConfigError, match="cannot be written"):
            run_benchmarks(target)
