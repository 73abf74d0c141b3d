"""The facts and datasets of a trace; a column that differs from its checksum is refused where one asks for that."""

from pathlib import Path

import numpy as np
import pytest

from emulator.errors import TraceError
from emulator.trace.layout import h5py
from emulator.trace.reading.contents import CONFIG_PATH, Contents
from emulator.trace.schema import TABLES


def test_the_facts_are_those_of_the_run(trace_path: Path) -> None:
    contents = Contents(trace_path)
    facts = contents.facts
    assert (facts.status, facts.reason, facts.seed) == ("complete", "all done", 7)
    assert (facts.elapsed_ps, facts.queries, facts.states) == (2600, 50, ("initial",))
    assert dict(zip((table.name for table in TABLES), facts.rows, strict=True))["commands"] == 100
    contents.close()


def test_every_column_has_a_seal_and_is_read_by_its_path(trace_path: Path) -> None:
    contents = Contents(trace_path)
    expected = {f"/{table.name}/{column.name}" for table in TABLES for column in table.columns}
    assert expected | {CONFIG_PATH, "/states/initial"} <= contents.seals.keys()
    np.testing.assert_array_equal(contents.read("/commands/t_done", verify=True), 25 * np.arange(100) + 20)
    contents.close()


def test_a_changed_value_is_found_by_its_checksum(trace_path: Path) -> None:
    with h5py.File(trace_path, "r+") as file:
        file["commands/value"][3] = 99.0
    contents = Contents(trace_path)
    assert contents.read("/commands/value", verify=False)[3] == 99.0
    with pytest.raises(TraceError, match=r"/commands/value does not match its checksum"):
        contents.read("/commands/value", verify=True)
    contents.close()


def test_a_changed_fact_is_found_by_the_digest(trace_path: Path) -> None:
    with h5py.File(trace_path, "r+") as file:
        file.attrs.create("queries", 51, dtype=np.dtype("<i8"))
    with pytest.raises(TraceError, match="its digest does not match its contents"):
        Contents(trace_path)


def test_a_missing_trace_is_named(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r"nowhere\.h5: there is no trace here"):
        Contents(tmp_path / "nowhere.h5")


@pytest.mark.parametrize("name", ["versions", "rows", "states"])
@pytest.mark.parametrize("said", [b"null", b"3", b'"x"', b"[[1]]", b'{"a": null}', b"[" * 9000, b"\xff", b""])
def test_a_fact_of_another_form_is_refused_as_damaged(name: str, said: bytes, trace_path: Path) -> None:
    with h5py.File(trace_path, "r+") as file:
        file.attrs[name] = np.bytes_(said)
    with pytest.raises(
        TraceError, match=r"damaged or not a trace|digest does not match|not a fixed-length text|it holds no"
    ):
        Contents(trace_path)
