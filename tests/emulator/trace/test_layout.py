"""Chunks and the digest: what the digest sees and what it leaves out."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import get_args, get_type_hints

import numpy as np
import pytest

from emulator.trace import Header, Recorder, records
from emulator.trace.layout import chunk_rows
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import Trace
from emulator.trace.schema import DETAILS, TABLES, Detail

Record = Callable[..., Recorder]


@pytest.mark.parametrize(
    ("rows", "chunk"), [(0, 1024), (1024, 1024), (50_000, 2048), (2_000_000, 65_536), (10**9, 65_536)]
)
def test_chunks_grow_with_their_table(rows: int, chunk: int) -> None:
    assert chunk_rows(rows) == chunk


@pytest.mark.parametrize("detail", DETAILS)
def test_the_digest_depends_on_the_run_alone(
    tmp_path: Path, record: Record, detail: Detail, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = set()
    for seed in ("0", "1", "12345"):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        record(tmp_path / f"{seed}.h5", detail).close("complete", "", 2600, 50)
        with open_trace(tmp_path / f"{seed}.h5") as trace:
            digests.add(trace.digest)
    assert len(digests) == 1


def test_the_digest_sees_every_difference_but_the_creation_time(
    tmp_path: Path, record: Record, everything: Callable[[Trace], tuple[object, ...]]
) -> None:
    record(tmp_path / "a.h5").close("complete", "", 2600, 50)
    record(tmp_path / "b.h5").close("complete", "other", 2600, 50)
    longer = record(tmp_path / "c.h5")
    longer.power(0, 2500, 0.0)
    longer.close("complete", "", 2600, 50)
    header = Header("[chip]\npreset = 'doped_si' # µ\n", 7, "0" * 32, (("numpy", "2.4"),), "another time")
    later = Recorder.create(tmp_path / "d.h5", header)
    later.close("complete", "", 0, 0)
    earlier = Recorder.create(tmp_path / "e.h5", Header(*list(vars(header).values())[:4], "some time"))
    earlier.close("complete", "", 0, 0)
    digests = []
    for name in "abcde":
        with open_trace(tmp_path / f"{name}.h5") as trace:
            digests.append(trace.digest)
    assert len(set(digests)) == 4
    assert digests[3] == digests[4]


def test_a_record_has_the_columns_of_its_table_in_their_order_and_types() -> None:
    assert sorted(records.__all__) == sorted(table.name.capitalize() for table in TABLES)
    for table in TABLES:
        record = getattr(records, table.name.capitalize())
        assert [field.name for field in fields(record)] == [column.name for column in table.columns]
        for column in table.columns:
            dtype = get_args(get_args(get_type_hints(record)[column.name])[1])[0]
            assert np.dtype(dtype) == column.dtype, f"{table.name}.{column.name}"
