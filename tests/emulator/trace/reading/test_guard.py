"""What is checked of a file before its data is read: the form of attributes and datasets, link by link."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emulator.errors import TraceError
from emulator.trace.layout import h5py
from emulator.trace.reading.guard import check_members, open_dataset, open_group, read_number, read_text

BYTES = 100_000


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Any]:
    with h5py.File(tmp_path / "any.h5", "w") as opened:
        yield opened


def test_members_are_exactly_those_named_and_lie_in_the_file(file: Any) -> None:
    file.create_group("a")
    check_members(file, ["a"], "here")
    with pytest.raises(TraceError, match="here: it holds no 'b'"):
        check_members(file, ["a", "b"], "here")
    file["b"] = h5py.SoftLink("/a")
    with pytest.raises(TraceError, match="'b' is a link to elsewhere"):
        check_members(file, ["a", "b"], "here")
    with pytest.raises(TraceError, match="it holds 2 members; a trace has 1"):
        check_members(file, ["a"], "here")


def test_a_group_and_a_dataset_are_told_apart(file: Any) -> None:
    file.create_group("group")
    file.create_dataset("values", data=np.arange(3))
    assert open_group(file, "group", "here").name == "/group"
    np.testing.assert_array_equal(open_dataset(file, "values", "here", BYTES)[()], [0, 1, 2])
    with pytest.raises(TraceError, match="here/values: it is not a group"):
        open_group(file, "values", "here")
    with pytest.raises(TraceError, match="here: it is not a dataset"):
        open_dataset(file, "group", "here", BYTES)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"data": np.zeros((1, 1, 1, 1))}, "more than three dimensions"),
        ({"shape": (100,), "dtype": "f8", "chunks": (10,), "compression": "gzip"}, "its filters are"),
        (
            {
                "shape": (100,), "dtype": "f8", "chunks": (2**24,), "maxshape": (None,), "shuffle": True,
                "compression": "gzip", "fletcher32": True,
            },
            "are larger than",
        ),
        ({"shape": (10**6,), "dtype": "f8"}, "8000000 bytes cannot come from 0 stored"),
    ],
)  # fmt: skip
def test_storage_that_the_writer_never_makes_is_refused(
    file: Any, options: dict[str, Any], complaint: str
) -> None:
    file.create_dataset("odd", **options)
    with pytest.raises(TraceError, match=complaint):
        open_dataset(file, "odd", "here", BYTES)


def test_attributes_are_one_text_of_fixed_length_or_one_whole_number(file: Any) -> None:
    file.attrs.create("text", np.array(b"ok", dtype=h5py.string_dtype("utf-8", 2)))
    file.attrs.create("number", 3, dtype=np.dtype("<i8"))
    file.attrs["loose"] = "of any length"
    file.attrs["fraction"] = 0.5
    assert read_text(file, "text", "here") == "ok"
    assert read_number(file, "number", "here") == 3
    with pytest.raises(TraceError, match="'loose' is not a fixed-length text"):
        read_text(file, "loose", "here")
    with pytest.raises(TraceError, match="'fraction' is not a whole number"):
        read_number(file, "fraction", "here")
    with pytest.raises(TraceError, match="attribute 'missing'"):
        read_number(file, "missing", "here")
