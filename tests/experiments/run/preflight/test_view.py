"""An estimate is a short table, or one JSON object; nothing is written."""

import json
from pathlib import Path

import pytest

from experiments.cli import main
from experiments.output.terminal import to_text
from experiments.run.preflight.estimate import Estimate
from experiments.run.preflight.view import estimate_table

FOUND = Estimate(
    title="A chip",
    layer_sizes=(8, 16, 4),
    phases=448,
    heaters=67,
    queries=20_000,
    ends="the controller",
    emulated_s=0.0371,
    energy_j=24.2,
    wall_s=9000.0,
    preparing_s=90.0,
    running_s=8900.0,
    watching_s=10.0,
    memory_bytes=675_000_000,
    available_bytes=23_000_000_000,
    trace_bytes=652_000,
)


def test_the_table_tells_every_amount_with_its_unit() -> None:
    text = to_text(estimate_table(FOUND))
    for part in (
        "8-16-4, 448 phases",
        "20,000",
        "37.1 ms",
        "24.2 J",
        "2.5 h",
        "90 s",
        "675 MB of 23 GB",
        "652 kB",
    ):
        assert part in text


@pytest.mark.usefixtures("in_room")
def test_a_dry_run_prints_json_and_leaves_no_trace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", "vowel_recovery", "--set", "controller.queries=64", "--set", "task.seed=0"]
    assert main([*words, "--dry-run", "--json", "--out", str(tmp_path / "a.h5")]) == 0
    assert json.loads(capsys.readouterr().out)["queries"] == 64
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_refuses_the_path_that_a_run_would_refuse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = tmp_path / "taken.h5"
    taken.write_bytes(b"")
    assert main(["run", "vowel_recovery", "--dry-run", "--out", str(taken)]) == 2
    assert "a file lies here already" in capsys.readouterr().err
