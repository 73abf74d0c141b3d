"""Frames, datasets and series say what the trace says, and nothing is read before it is asked for."""

from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import h5py
import numpy as np
import pytest

from emulator.errors import ConfigError, TraceError
from emulator.plan import Step
from emulator.trace import Detail, Header, Recorder
from emulator.trace.open import open_trace
from emulator.trace.reading import views
from emulator.trace.reading.reader import Trace
from emulator.trace.reading.views import ALL_SPANS, columns, dataset, frame, series
from emulator.trace.schema import TABLES, Commands

pd = pytest.importorskip("pandas")
xr = pytest.importorskip("xarray")
pytest.importorskip("h5netcdf")

NAMES = [table.name for table in TABLES]
GOLDEN = Path(__file__).parents[3] / "golden" / "v1-commands.h5"


@pytest.fixture
def trace(trace_path: Path) -> Iterator[Trace]:
    with open_trace(trace_path) as opened:
        yield opened


def raw(path: Path, name: str) -> np.ndarray:
    with h5py.File(path, "r") as file:
        return np.asarray(file[name][()])


def test_a_frame_holds_what_the_file_holds(trace: Trace) -> None:
    for table in TABLES:
        made = frame(trace, table.name)
        assert list(made.columns) == [column.name for column in table.columns]
        assert made.index.name == "row"
        for column in table.columns:
            stored = raw(trace.path, f"{table.name}/{column.name}")
            if column.vocabulary is None:
                assert made[column.name].dtype == column.dtype
                np.testing.assert_array_equal(made[column.name].to_numpy(), stored)
            else:
                labels = trace.labels(f"{table.name}.{column.name}")
                assert made[column.name].tolist() == [labels[code] for code in stored]
            assert made.attrs["units"][column.name] == column.units


def test_names_are_categories_even_where_no_row_uses_them(trace: Trace) -> None:
    made = frame(trace, "commands")
    assert made["kind"].cat.categories.tolist() == list(trace.labels("commands.kind"))
    assert made.groupby("kind", observed=True).size().to_dict() == {"set_phases": 50, "forward": 50}


def test_times_stay_whole_picoseconds(trace: Trace) -> None:
    made = frame(trace, "commands")
    assert {str(made[name].dtype) for name in ("t_issued", "t_started", "t_done")} == {"int64"}


def test_changing_a_frame_leaves_the_trace_alone(trace: Trace) -> None:
    made = frame(trace, "commands")
    made.loc[0, "value"] = 99.0
    assert trace.commands.value[0] == 0.0


def test_all_spans_expands_the_plans(trace: Trace) -> None:
    made, spans = frame(trace, ALL_SPANS), trace.all_spans()
    assert len(made) == len(spans.t_start) > len(trace.spans.t_start)
    np.testing.assert_array_equal(made["t_end"].to_numpy(), spans.t_end)
    assert made["resource"].iloc[0] == trace.labels("spans.resource")[spans.resource[0]]


def test_columns_come_in_the_order_of_the_schema(trace: Trace) -> None:
    named = columns(trace, "commands")
    assert [column.name for column, _ in named] == [field.name for field in fields(Commands)]
    assert named[7][1] is trace.commands.t_done


@pytest.mark.parametrize("detail", ["full", "commands", "summary"])
def test_plain_xarray_opens_every_table(
    record: Callable[..., Recorder], tmp_path: Path, detail: Detail
) -> None:
    out = tmp_path / "run.h5"
    record(out, detail).close("complete", "", 2600, 50)
    for name in NAMES:
        with xr.open_dataset(out, group=name, engine="h5netcdf") as opened:
            assert set(opened.dims) == {"row"}
            assert all("units" in variable.attrs for variable in opened.variables.values())
            for variable in opened.data_vars:
                np.testing.assert_array_equal(opened[variable].values, raw(out, f"{name}/{variable}"))


def test_a_dataset_reads_nothing_before_it_is_asked(trace: Trace) -> None:
    for name in NAMES:
        with dataset(trace, name) as opened:
            assert set(opened.dims) == {"row"}
            assert not any(opened[variable].variable._in_memory for variable in opened.data_vars)
            for variable in opened.data_vars:
                np.testing.assert_array_equal(opened[variable].values, raw(trace.path, f"{name}/{variable}"))


def test_a_dataset_carries_units_and_names_and_outlives_the_trace(trace_path: Path) -> None:
    with open_trace(trace_path) as trace:
        opened = dataset(trace, "commands")
    assert opened["t_done"].attrs == {"units": "ps"}
    assert opened["kind"].attrs["labels"] == ["set_phases", "forward"]
    assert int(opened["t_done"].sel(row=3)) == 95
    opened.close()


def test_power_that_plans_draw_is_computed_and_its_stored_levels_are_read(
    tmp_path: Path, header: Header
) -> None:
    recorder = Recorder.create(tmp_path / "run.h5", header)
    ids = [recorder.label(f"commands.{column}", "forward") for column in ("agent", "instrument", "kind")]
    recorder.power(recorder.label("power.component", "host"), 0, 40.0)
    plan = recorder.plan([Step("link", "readout", 5), Step("host", "think", 3, "host", 60.0, held=False)])
    recorder.command(*ids, plan, -1, 0, 0, 8, 0, 0.0, 0.0)
    recorder.close("complete", "", 10, 1)
    with open_trace(tmp_path / "run.h5") as trace:
        assert frame(trace, "power_levels")["watts"].tolist() == [40.0]
        assert dataset(trace, "power_levels")["watts"].values.tolist() == [40.0]
        for view in (frame(trace, "power"), dataset(trace, "power").to_dataframe()):
            assert view[["t", "watts"]].to_numpy().tolist() == [[0, 40], [5, 100], [8, 40]]
        assert dataset(trace, "power")["component"].attrs["labels"] == ["host"]


def test_a_table_younger_than_the_trace_is_empty() -> None:
    with open_trace(GOLDEN) as trace:
        assert dataset(trace, "work").sizes == {"row": 0}
        assert len(frame(trace, "joins")) == 0
        assert len(dataset(trace, "commands")["t_done"]) == len(frame(trace, "commands")) == 194


def test_a_series_is_indexed_by_queries_or_time(trace: Trace) -> None:
    logged = trace.metrics()["loss"]
    against_queries, against_ps = series(trace, "loss"), series(trace, "loss", "t")
    np.testing.assert_array_equal(against_queries.to_numpy(), logged.value)
    assert against_queries.index.tolist() == logged.queries.tolist()
    assert (against_ps.index.name, str(against_ps.index.dtype)) == ("t", "int64")
    np.testing.assert_array_equal(series(trace, "loss", "t_s").index.to_numpy(), logged.t_s)
    assert against_queries.name == "loss"


def test_wrong_names_are_refused_with_a_hint(trace: Trace) -> None:
    with pytest.raises(TraceError, match=r"no table 'command'.*did you mean 'commands'\?"):
        frame(trace, "command")
    with pytest.raises(TraceError, match="there is no table 'config'"):
        dataset(trace, "config")
    with pytest.raises(TraceError, match=r"'los'; did you mean 'loss'\?"):
        series(trace, "los")
    with pytest.raises(TraceError, match=r"did you mean 'queries'\?"):
        series(trace, "loss", "query")  # type: ignore[arg-type]


def test_a_missing_package_names_the_extra(trace: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "find_spec", lambda name: None)
    for view in (lambda: frame(trace, "commands"), lambda: series(trace, "loss")):
        with pytest.raises(ConfigError, match=r"needs pandas.*lightloop\[analysis\]"):
            view()
    with pytest.raises(ConfigError, match=r"needs xarray and h5netcdf.*lightloop\[analysis\]"):
        dataset(trace, "commands")


def test_names_that_come_twice_are_refused(trace: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Trace, "labels", lambda self, where: ("same", "same"))
    with pytest.raises(TraceError, match=r"commands\.agent"):
        frame(trace, "commands")
