"""The tidy table: its columns in order, and cells that read back as they were."""

import csv
import io
import math
from pathlib import Path

import pytest

from emulator.config.difference import Scalar
from experiments.run.launch import open_study
from experiments.sweep.folder import Record
from experiments.sweep.plan import Run
from experiments.sweep.results import Row, columns_of, to_csv, write_parquet

STUDY = open_study("vowel_recovery")


def row(point: int, value: Scalar, numbers: dict[str, float], status: str = "complete") -> Row:
    record = Record(status, "", 1, numbers)
    return Row.of(Run(point, (value,), STUDY, f"name{point}"), record, lambda share, n: (share - 1 / n, 1.0))


ROWS = (
    row(1, 0.1, {"energy_j": 0.1 + 0.2, "accuracy": 0.5, "test_samples": 4.0, "alpha_metric": 7.0}),
    row(2, 3, {"energy_j": math.nan, "queries": 30.0}),
    row(3, True, {}, "failed"),
)


def test_columns_begin_with_what_was_asked_and_end_with_metrics() -> None:
    assert columns_of(ROWS, ("a.b",)) == (
        "point", "a.b", "seed", "name", "status", "reason", "accuracy", "accuracy_low", "accuracy_high",
        "test_samples", "queries", "energy_j", "alpha_metric",
    )  # fmt: skip


def test_cells_read_back_as_they_were_and_what_is_not_known_is_empty() -> None:
    read = list(csv.DictReader(io.StringIO(to_csv(ROWS, ("a.b",)))))
    assert float(read[0]["energy_j"]) == 0.1 + 0.2
    assert (read[0]["accuracy_low"], read[0]["test_samples"]) == ("0.25", "4")
    assert [one["energy_j"] for one in read[1:]] == ["", ""]
    assert [one["a.b"] for one in read] == ["0.1", "3", "true"]
    assert [one["queries"] for one in read] == ["", "30", ""]


def test_a_column_of_parquet_has_one_type(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_parquet(ROWS, ("a.b",), tmp_path / "x.parquet")
    table = parquet.read_table(tmp_path / "x.parquet").to_pydict()
    assert table["a.b"] == ["0.1", "3", "true"]
    assert table["queries"] == [None, 30, None]
    write_parquet(ROWS[:2], ("a.b",), tmp_path / "y.parquet")
    assert parquet.read_table(tmp_path / "y.parquet").to_pydict()["a.b"] == [0.1, 3.0]
