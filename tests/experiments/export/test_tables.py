"""What leaves a trace: every table, its units in the names of its columns, readings with their batches."""

from pathlib import Path

import numpy as np

from emulator.trace.open import open_trace
from experiments.export.tables import READINGS, STATES, exported, table_names


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


def test_states_are_every_number_of_every_state_with_its_unit(small_trace: Path) -> None:
    with open_trace(small_trace) as trace:
        found = exported(trace, STATES)
        state, index, value, unit = found.columns
        assert [one.name for one in found.columns] == ["state", "index", "value", "unit"]
        assert state.names == trace.states
        for number, name in enumerate(trace.states):
            mine = state.values == number
            assert np.array_equal(value.values[mine], trace.state(name).ravel())
            assert np.array_equal(index.values[mine], np.arange(mine.sum()))
        assert unit.names is not None
        units = dict(zip(trace.states, unit.names, strict=True))
        assert (units["final_phases"], units["active"]) == ("rad", "1")


def test_spans_are_all_of_them_and_readings_are_the_queries(small_trace: Path) -> None:
    with open_trace(small_trace) as trace:
        assert exported(trace, "spans").rows == len(trace.all_spans().command) > len(trace.spans.command)
        found = {one.name: one.values for one in exported(trace, READINGS).columns}
        assert len(found["command"]) == trace.queries
        rows = found["command"]
        assert np.array_equal(found["sum_of_outputs"], trace.commands.result[rows])
        assert np.array_equal(found["batch"], trace.batches.key[trace.batch_rows[rows]])
