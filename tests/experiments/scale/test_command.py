"""``lightloop scale``: one JSON object with the names that are promised, a table for people, a trace, refusals."""

import json
from pathlib import Path

import pytest

from emulator.trace.open import open_trace
from experiments.cli import main

SMALL = ["figure4", "--set", "workload.width=100", "--set", "workload.depth=2"]
NAMES = ["seconds_per_sample", "joules_per_sample", "seconds_per_step", "parameters", "memory_bytes", "binds"]


def test_it_prints_one_json_object_with_the_names_that_are_promised(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["scale", *SMALL, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(NAMES) <= set(found)
    assert found["seconds_per_step"] == pytest.approx(4 * found["seconds_per_sample"])
    assert found["parameters"] == 55_297 * 100 + 101 * 100 + 101 * 13_824


def test_it_prints_a_table_that_says_what_binds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scale", *SMALL, "--set", "workload.method=odfa"]) == 0
    assert "binds" in capsys.readouterr().out


def test_a_trace_is_written_where_one_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "step.h5"
    assert main(["scale", *SMALL, "--set", "workload.method=odfa", "--out", str(out)]) == 0
    assert str(out) in capsys.readouterr().err
    with open_trace(out) as trace:
        assert len(trace.metrics()["step_s"].value) == 4
        assert trace.frames.sent.tolist() == [8] * 4
    whole = out.read_bytes()
    assert main(["scale", *SMALL, "--out", str(out)]) == 2
    assert out.read_bytes() == whole


def test_what_does_not_fit_is_refused_in_one_line_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "none.h5"
    assert main(["scale", "figure4", "--set", "workload.width=5200", "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "gpu.offload = true" in said
    assert not list(tmp_path.iterdir())
