"""Arrays out of NumPy's own files, within limits and without pickles; NOT what they mean."""

import io
import zipfile
import zlib
from typing import Any, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from data.sets import FloatArray
from emulator.errors import TaskError

__all__ = ["MAX_NUMBERS", "check_numbers", "npy_array", "npz_arrays"]

MAX_NUMBERS: Final = 100_000_000
"""Numbers that a file may hold when it is unpacked: 0.8 GB as float64."""

_BROKEN: Final = (OSError, EOFError, KeyError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error)


def npz_arrays(content: bytes, where: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of the npz file ``content`` by name; ``where`` opens a ``TaskError``."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [entry for entry in archive.infolist() if entry.filename.endswith(".npy")]
            numbers = sum(_checked_size(archive, entry, where) for entry in entries)
            if numbers > MAX_NUMBERS:
                raise TaskError(
                    f"{where}: the arrays hold {numbers:,} numbers; allowed: {MAX_NUMBERS:,} in all"
                )
            found = {entry.filename.removesuffix(".npy"): _array(archive, entry) for entry in entries}
    except _BROKEN as error:
        raise TaskError(f"{where}: this is no sound npz file ({str(error)[:100]})") from error
    if not found:
        raise TaskError(f"{where}: there is no array in the file")
    return found


def npy_array(content: bytes, where: str) -> NDArray[Any]:
    """Return the array of the npy file ``content``; ``where`` opens a ``TaskError``."""
    try:
        stream = io.BytesIO(content)
        _check_header(stream, where)
        stream.seek(0)
        array: NDArray[Any] = npy.read_array(stream, allow_pickle=False)
    except _BROKEN as error:
        raise TaskError(f"{where}: this is no sound npy file ({str(error)[:100]})") from error
    return array


def check_numbers(array: NDArray[Any], where: str) -> FloatArray:
    """Return ``array`` as float64; raises ``TaskError`` unless it holds real, finite numbers."""
    if array.dtype.kind not in "biuf":
        raise TaskError(f"{where} holds {array.dtype}; allowed: real numbers")
    numbers = array.astype(np.float64)
    if not np.isfinite(numbers).all():
        rows = numbers.reshape(len(numbers) if numbers.ndim else 1, -1)
        bad: NDArray[np.bool_] = np.asarray(~np.isfinite(rows).all(axis=1))
        raise TaskError(
            f"{where}: {int(bad.sum())} of {len(bad)} rows hold NaN or infinity, the first is row "
            f"{int(bad.argmax())}; remove or fill them"
        )
    return numbers


def _checked_size(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, where: str) -> int:
    with archive.open(entry) as file:
        return _check_header(file, f"{where}: array {entry.filename.removesuffix('.npy')!r}")


def _check_header(file: Any, where: str) -> int:
    """Return how many numbers the npy ``file`` promises; an array of objects is refused."""
    version = npy.read_magic(file)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(file)
    if dtype.hasobject:
        raise TaskError(
            f"{where} holds Python objects, which would have to be unpickled, and that can run code; save "
            "numbers or "
            "text instead: x.astype(float), names.astype(str)"
        )
    count = int(np.prod(shape, dtype=np.float64))
    if count * max(1, dtype.itemsize // 8) > MAX_NUMBERS:
        raise TaskError(f"{where} has shape {shape}; allowed: {MAX_NUMBERS:,} numbers in all")
    return count


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> NDArray[Any]:
    with archive.open(entry) as file:
        array: NDArray[Any] = npy.read_array(file, allow_pickle=False)
    return array
