"""Tests of the ternary experiment: curves are kept, read back, and not made twice."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.paper.findings import publish_findings
from experiments.paper.light_in_the_loop import ternary_curves
from experiments.paper.light_in_the_loop.ternary_curves import Curve, read_curve, run_ternary, write_curve

CURVE = Curve("dfa", 3, "abc", 1.5, (0.5, 0.2, 0.3), (0.8, 0.9, 0.95), (0.1, 0.2, 0.3))


def test_a_curve_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_curve(CURVE, tmp_path / "one.json")
    assert read_curve(tmp_path / "one.json") == CURVE
    assert [path.name for path in tmp_path.iterdir()] == ["one.json"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"method": "dfa"}', json.dumps({"method": 1, "seed": None})]
)
def test_what_is_no_curve_counts_as_missing(text: str, tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(text)
    assert read_curve(tmp_path / "one.json") is None
    assert read_curve(tmp_path / "none.json") is None


def test_the_selected_epoch_is_that_of_least_validation_loss() -> None:
    assert CURVE.selected == 0.9


def test_finished_runs_are_not_repeated_and_the_table_compares_seed_by_seed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "ternary"
    folder.mkdir()
    monkeypatch.setattr(ternary_curves, "_source", lambda: "abc")
    for seed in range(2):
        exact = replace(CURVE, seed=seed)
        ternary = replace(exact, method="tdfa", test_accuracy=(0.7, 0.8, 0.94 - 0.01 * seed))
        write_curve(exact, folder / f"dfa-3-seed{seed}.json")
        write_curve(ternary, folder / f"tdfa-3-seed{seed}.json")
    publish_findings("ternary", run_ternary(tmp_path, seeds=2, epochs=3, jobs=1))
    said = capsys.readouterr().out
    assert "TDFA minus DFA, seed by seed: -1.50 ± 0.71 points" in said
    assert "| DFA, exact error | 2 | 95.00 ± 0.00 [95.00, 95.00] | 95.00 | 95.00 |" in said
    assert (folder / "ternary.png").is_file()


@pytest.mark.slow
def test_a_run_learns_digits_either_way(tmp_path: Path) -> None:
    run_ternary(tmp_path, seeds=1, epochs=2, jobs=2)
    for method in ("dfa", "tdfa"):
        found = read_curve(tmp_path / "ternary" / f"{method}-2-seed0.json")
        assert found is not None
        assert found.test_accuracy[-1] > 0.7
        assert found.alignment[-1] > 0.1
