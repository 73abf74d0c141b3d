"""CIFAR-10 as its authors publish it in binary, read from a folder of the user's; NOT shipped or fetched.

Five files of training images and one of test images. Each holds 10,000 records of one byte that is the label and
3,072 that are the picture: 1,024 of red, then green, then blue, row by row. Their lengths and labels are checked.

Source: A. Krizhevsky, *Learning Multiple Layers of Features from Tiny Images* (2009); the page that offers the
files describes the layout.
"""

import hashlib
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.sets import DataSet
from emulator.errors import TaskError

__all__ = ["CLASSES", "FILES", "load_cifar10"]

CLASSES: Final = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
"""The classes, in the order of the labels."""

FILES: Final = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")
"""The files of the folder cifar-10-batches-bin; the last holds the test images."""

_RECORDS: Final = 10_000
_SIDE: Final = 32
_PIXELS: Final = 3 * _SIDE * _SIDE


def load_cifar10(folder: Path, digest: str | None = None) -> DataSet:
    """Load 50,000 training and 10,000 test images, 32x32 in three colours 0..255, from ``folder``.

    The inputs take 1.5 GB as float64. Raises ``TaskError`` when a file is missing or of another layout, or when all
    six together have another SHA-256 than ``digest``.
    """
    found = hashlib.sha256()
    parts = [_read(folder / name, found) for name in FILES]
    if digest is not None and found.hexdigest() != digest:
        raise TaskError(
            f"task.file: {folder} holds other files than the study was made with: their SHA-256 is "
            f"{found.hexdigest()}, must be {digest}"
        )
    records, train = np.concatenate(parts), sum(map(len, parts[:-1]))
    return DataSet(
        name="cifar10",
        title="CIFAR-10, 50,000 training and 10,000 test images, 32x32 in three colours 0..255",
        inputs=records[:, 1:].astype(np.float64),
        labels=records[:, 0].astype(np.int64),
        train=np.arange(train, dtype=np.int64),
        test=np.arange(train, len(records), dtype=np.int64),
        class_names=CLASSES,
        image_shape=(_SIDE, _SIDE),
        groups=None,
        source=f"A. Krizhevsky (CIFAR-10), {folder}, SHA-256 {found.hexdigest()}",
        sha256=found.hexdigest(),
    )


def _read(path: Path, digest: "hashlib._Hash") -> NDArray[np.uint8]:
    """Return the records of one file, (records, 1 + pixels)."""
    length = _RECORDS * (1 + _PIXELS)
    try:
        with path.open("rb") as file:
            content = file.read(length + 1)  # bounds what another file can make us read
    except OSError as error:
        raise TaskError(
            f"task.file: {path} cannot be read ({error.strerror}); allowed: the folder cifar-10-batches-bin of the "
            "official binary version, unpacked"
        ) from error
    if len(content) != length:
        size = "more" if len(content) > length else f"{len(content):,}"
        raise TaskError(
            f"task.file: {path} holds {size} bytes, must hold {length:,}: the binary version has so many"
        )
    digest.update(content)
    records = np.frombuffer(content, dtype=np.uint8).reshape(_RECORDS, 1 + _PIXELS)
    if records[:, 0].max() >= len(CLASSES):
        raise TaskError(
            f"task.file: {path} has a label {records[:, 0].max()}, must be 0..{len(CLASSES) - 1}: it is no file of "
            "CIFAR-10's binary version (CIFAR-100 has two labels a record)"
        )
    return records
