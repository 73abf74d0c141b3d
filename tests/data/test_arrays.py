"""NumPy's own files, within limits."""

import io
import zipfile

import numpy as np
import pytest
from numpy.lib import format as npy

from data.arrays import MAX_NUMBERS, npy_array, npz_arrays
from emulator.errors import TaskError


def header(shape: tuple[int, ...]) -> bytes:
    stream = io.BytesIO()
    npy.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return stream.getvalue()


def test_an_array_that_promises_too_much_is_refused_by_its_header() -> None:
    with pytest.raises(TaskError, match=f"{MAX_NUMBERS:,} numbers in all"):
        npy_array(header((10**6, 10**6)), "big")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("x.npy", header((10**6, 10**6)))
    with pytest.raises(TaskError, match=f"{MAX_NUMBERS:,} numbers in all"):
        npz_arrays(stream.getvalue(), "big")


def test_an_archive_without_arrays_is_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.txt", "hello")
    with pytest.raises(TaskError, match="no array in the file"):
        npz_arrays(stream.getvalue(), "t")


def test_a_cut_file_is_refused() -> None:
    stream = io.BytesIO()
    np.save(stream, np.arange(10.0))
    with pytest.raises(TaskError, match="no sound npy"):
        npy_array(stream.getvalue()[:-8], "t")
