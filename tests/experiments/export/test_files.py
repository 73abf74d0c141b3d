"""Exported files hold what the trace holds, in as many blocks as it takes."""

import csv
import sys
from pathlib import Path

import numpy as np
import pytest

from emulator.errors import ConfigError
from emulator.trace.open import open_trace
from experiments.export import tables
from experiments.export.files import export_table


def test_a_csv_file_has_the_names_in_their_places(
    small_trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "BLOCK", 50)
    out = tmp_path / "commands.csv"
    written = export_table(small_trace, "commands", out)
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with open_trace(small_trace) as trace:
        assert len(rows) == written.rows == len(trace.commands.kind) > 3 * 50
        assert [row["kind"] for row in rows[:2]] == ["forward", "probe"]
        assert [int(row["t_done_ps"]) for row in rows] == trace.commands.t_done.tolist()
        assert [float(row["value"]) for row in rows] == trace.commands.value.tolist()


def test_a_parquet_file_keeps_types_units_and_whose_it_is(
    small_trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(tables, "BLOCK", 50)
    out = tmp_path / "commands.parquet"
    export_table(small_trace, "commands", out)
    found = parquet.read_table(out)
    with open_trace(small_trace) as trace:
        assert np.array_equal(found["t_done_ps"].to_numpy(), trace.commands.t_done)
        assert found.schema.field("t_done_ps").metadata == {b"unit": b"ps"}
        assert found.schema.metadata[b"digest"].decode() == trace.digest
        kinds = trace.labels("commands.kind")
        assert found["kind"].to_pylist() == [kinds[code] for code in trace.commands.kind]


def test_parquet_without_its_package_names_the_extra(
    small_trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r"pip install 'lightloop\[analysis\]'"):
        export_table(small_trace, "commands", tmp_path / "x.parquet")
