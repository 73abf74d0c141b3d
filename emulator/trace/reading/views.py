"""The tables of a trace as pandas and xarray objects; it computes nothing and needs the extra ``analysis``.

A frame holds a copy of the rows in memory. A dataset reads from the file what is asked of it, when it is asked.
"""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError, TraceError, nearest
from emulator.trace.reading.guard import mapped_errors
from emulator.trace.schema import POWER, SCHEMA_VERSION, SPANS, TABLES, Column, Draws, Metrics, Spans, Table
from emulator.units import PS_PER_S

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

__all__ = ["ALL_SPANS", "POWER_LEVELS", "Against", "Readable", "columns", "dataset", "frame", "series"]

ALL_SPANS: Final = "all_spans"
"""Name of the frame that holds every span, whether the file stores it or a plan stands for it."""

POWER_LEVELS: Final = "power_levels"
"""Name of the frame that holds the rows of power that the file stores, without what steps of plans draw."""

Against = Literal["queries", "t", "t_s"]
"""What a series is indexed by: queries spent, emulated time in ps, or emulated time in seconds."""

_AGAINST: Final[tuple[Against, ...]] = ("queries", "t", "t_s")
_TABLES: Final = {table.name: table for table in TABLES}
_OTHERS: Final = {ALL_SPANS: SPANS, POWER_LEVELS: POWER}
_ATTRIBUTES: Final = {"metrics": "metric_rows", "totals": "total_rows"}


class Readable(Protocol):
    """What a view needs of a trace; every table is an attribute of its name, too."""

    path: Path

    @property
    def schema_version(self) -> int:
        """Version of the file's schema."""

    @property
    def detail(self) -> str:
        """How much was recorded."""

    @property
    def draws(self) -> Draws:
        """What steps of plans draw."""

    @property
    def metric_rows(self) -> Metrics:
        """The logged numbers."""

    def labels(self, table_column: str) -> tuple[str, ...]:
        """Return the names that stand in a column."""

    def all_spans(self) -> Spans:
        """Return every span."""


def columns(trace: Readable, name: str) -> tuple[tuple[Column, NDArray[Any]], ...]:
    """Return the columns of the table ``name`` with their values, in the order of the schema.

    ``ALL_SPANS`` gives every span, ``POWER_LEVELS`` the stored rows of power. Raises ``TraceError`` when there is
    no such table, or it is damaged.
    """
    table = _table(trace, name)
    rows = trace.all_spans() if name == ALL_SPANS else getattr(trace, _ATTRIBUTES.get(name, name))
    return tuple((column, getattr(rows, column.name)) for column in table.columns)


def frame(trace: Readable, name: str) -> "pd.DataFrame":
    """Return the table ``name`` as a frame whose index ``row`` is the row id.

    Columns of names are categoricals; times stay int64 picoseconds. ``frame.attrs["units"]`` has the unit of each
    column. ``ALL_SPANS`` and ``POWER_LEVELS`` are names, too. Raises ``TraceError`` when there is no such table, or
    it is damaged, and ``ConfigError`` without pandas.
    """
    _require("pandas")
    import pandas as pd

    labelled = _table(trace, name).name
    values: dict[str, Any] = {}
    units: dict[str, str] = {}
    for column, array in columns(trace, name):
        units[column.name] = column.units
        if column.vocabulary is None:
            values[column.name] = array
            continue
        where = f"{labelled}.{column.name}"
        with mapped_errors(f"{trace.path}: {where}"):  # names that come twice are no categories
            values[column.name] = pd.Categorical.from_codes(array, list(trace.labels(where)))
    index = pd.RangeIndex(len(next(iter(values.values()))), name="row")
    made = pd.DataFrame(values, index=index)
    made.attrs["units"] = units
    return made


def dataset(trace: Readable, name: str) -> "xr.Dataset":
    """Return the table ``name`` as a dataset along ``row`` that reads its variables from the file when needed.

    Use it as a context manager or close it; it may outlive ``trace``. A variable has its unit in
    ``attrs["units"]``, one of names its list in ``attrs["labels"]``. The file was checked when ``trace`` was
    opened; what is read later is checked by HDF5's own checksums only. What the file does not hold as such (power
    that plans draw, tables of an older version) is computed at once. Raises ``TraceError`` when there is no such
    table, or it is damaged, and ``ConfigError`` without xarray and h5netcdf.
    """
    _require("xarray", "h5netcdf")
    import xarray as xr

    table = _table(trace, name)
    added = len(trace.draws.plan) if name == POWER.name else name == ALL_SPANS
    if trace.schema_version != SCHEMA_VERSION or (added and trace.detail != "full"):
        return _computed(trace, name, table)
    with mapped_errors(f"{trace.path}: /{name}"):
        made = xr.open_dataset(trace.path, group=table.name, engine="h5netcdf", decode_times=False)
        for variable in made.variables.values():
            variable.attrs.pop("checksum", None)
            if "labels" in variable.attrs:
                variable.attrs["labels"] = json.loads(str(variable.attrs["labels"]))
    return made


def series(trace: Readable, name: str, against: Against = "queries") -> "pd.Series[float]":
    """Return the logged number ``name`` over the run, indexed by ``against``.

    Raises ``TraceError`` when it was not logged or ``against`` is unknown, and ``ConfigError`` without pandas.
    """
    _require("pandas")
    import pandas as pd

    if against not in _AGAINST:
        hint = nearest(str(against), _AGAINST)
        raise TraceError(f"series: {against!r} is none of {', '.join(_AGAINST)}; {hint}")
    rows, names = trace.metric_rows, trace.labels("metrics.name")
    if name not in names:
        hint = nearest(name, names)
        raise TraceError(f"{trace.path}: nothing was logged as {name!r}; {hint or 'labels() lists them'}")
    mine = rows.name == names.index(name)
    at = {"queries": rows.queries, "t": rows.t, "t_s": rows.t / PS_PER_S}[against][mine]
    return pd.Series(rows.value[mine], index=pd.Index(at, name=against), name=name)


def _table(trace: Readable, name: str) -> Table:
    table = _OTHERS.get(name) or _TABLES.get(name)
    if table is None:
        hint = nearest(name, _TABLES)
        raise TraceError(
            f"{trace.path}: there is no table {name!r}; tables: {', '.join(_TABLES)}; {hint}".rstrip("; ")
        )
    return table


def _computed(trace: Readable, name: str, table: Table) -> "xr.Dataset":
    """Return a table that the file does not hold as such, from memory."""
    import xarray as xr

    variables = {}
    for column, values in columns(trace, name):
        attributes: dict[str, Any] = {"units": column.units}
        if column.vocabulary is not None:
            attributes["labels"] = list(trace.labels(f"{table.name}.{column.name}"))
        variables[column.name] = ("row", values, attributes)
    rows = len(next(iter(variables.values()))[1])
    return xr.Dataset(variables, coords={"row": ("row", np.arange(rows), {"units": "1"})})


def _require(*packages: str) -> None:
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise ConfigError(
            f"this view needs {' and '.join(missing)}, which the extra 'analysis' installs: "
            f"pip install 'lightloop[analysis]'"
        )
