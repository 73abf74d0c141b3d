"""The benchmark of the wire, made short; no test looks at how fast anything was."""

import math
from pathlib import Path

import pytest

from experiments.benchmarks.wire.questions import WireEffort, measure_wire


@pytest.mark.slow  # serving pretrains a network
def test_a_short_benchmark_asks_a_served_bench_and_an_echo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    found = measure_wire(WireEffort(rounds=2, questions=3))
    ratios = {f"wire.{each}_over_echo" for each in ("streams", "time", "phase", "read")}
    assert found.keys() == {"wire.echo_s", "wire.echo_cpu_s"} | ratios | {f"{name}_wall" for name in ratios}
    assert all(math.isfinite(value) and value > 0.0 for value in found.values())
    assert "CHIP:READ?" in capsys.readouterr().out
