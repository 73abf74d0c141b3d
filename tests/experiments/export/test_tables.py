"""What leaves a trace: every table, its units in the names of its columns, readings with their batches."""

from pathlib import Path

import numpy as np

from emulator.trace.open import open_trace
from experiments.export.tables import READINGS, exported, table_names


def test_every_table_that_has_rows_is_exported_with_columns_of_one_length(small_trace: Path) -> None:
    with open_trace(small_trace) as trace:
        kept = [name for name in table_names() if name not in ("patterns", "frames", "joins", "setpoints")]
        for name in kept:
            found = exported(trace, name)
            assert {len(one.values) for one in found.columns} == {found.rows}
            assert [
                one.name for one in found.columns if one.unit == "ps" and not one.name.endswith("_ps")
            ] == []
            assert sum(len(block[0]) for block in found.blocks()) == found.rows


def test_units_stand_in_names_once(small_trace: Path) -> None:
    with open_trace(small_trace) as trace:
        assert [one.name for one in exported(trace, "power").columns] == ["component", "t_ps", "power_w"]
        assert "duration_ps" in [one.name for one in exported(trace, "plans").columns]


def test_spans_are_all_of_them_and_readings_are_the_queries(small_trace: Path) -> None:
    with open_trace(small_trace) as trace:
        assert exported(trace, "spans").rows == len(trace.all_spans().command) > len(trace.spans.command)
        found = {one.name: one.values for one in exported(trace, READINGS).columns}
        assert len(found["command"]) == trace.queries
        rows = found["command"]
        assert np.array_equal(found["sum_of_outputs"], trace.commands.result[rows])
        assert np.array_equal(found["batch"], trace.batches.key[trace.batch_rows[rows]])
