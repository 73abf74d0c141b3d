"""The whole of Fashion-MNIST, read where the Debian package dataset-fashion-mnist puts it; NOT shipped or fetched.

Four gzip files in the IDX format: two zero bytes, the type (8 is an unsigned byte), the number of dimensions, each
dimension as a big-endian 32-bit word, then the values. The package compresses the files anew, so no checksum of
them is known; their headers and lengths are checked instead.
"""

import gzip
import hashlib
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.sets import GARMENTS, DataSet
from emulator.errors import TaskError

__all__ = ["FOLDER", "PACKAGE", "installed", "load_fashion_mnist"]

PACKAGE = "dataset-fashion-mnist"
"""The Debian package."""

FOLDER = Path("/usr/share/datasets/fashion-mnist")
"""Where that package puts its files."""

_TRAIN, _TEST = 60_000, 10_000
_SIDE = 28
_UNSIGNED_BYTE = 8


def installed(folder: Path | None = None) -> bool:
    """Tell whether ``folder``, or the package's own when that is None, is there; not whether it is sound."""
    return (folder or FOLDER).is_dir()


def load_fashion_mnist(folder: Path | None = None) -> DataSet:
    """Load 60,000 training and 10,000 test images, 28x28 grey levels 0..255, from the package's folder.

    The inputs take 0.44 GB as float64. Raises ``TaskError`` when a file is missing, damaged or of another shape.
    """
    where = folder or FOLDER
    train_x = _read(where / "train-images-idx3-ubyte.gz", (_TRAIN, _SIDE, _SIDE))
    train_y = _read(where / "train-labels-idx1-ubyte.gz", (_TRAIN,))
    test_x = _read(where / "t10k-images-idx3-ubyte.gz", (_TEST, _SIDE, _SIDE))
    test_y = _read(where / "t10k-labels-idx1-ubyte.gz", (_TEST,))
    digest = hashlib.sha256()
    for part in (train_x, train_y, test_x, test_y):
        digest.update(part.data)
    return DataSet(
        name="fashion_mnist",
        title="Fashion-MNIST, 60,000 training and 10,000 test images, 28x28 grey levels 0..255",
        inputs=np.concatenate([train_x, test_x]).reshape(_TRAIN + _TEST, -1).astype(np.float64),
        labels=np.concatenate([train_y, test_y]).astype(np.int64),
        train=np.arange(_TRAIN, dtype=np.int64),
        test=np.arange(_TRAIN, _TRAIN + _TEST, dtype=np.int64),
        class_names=GARMENTS,
        image_shape=(_SIDE, _SIDE),
        groups=None,
        source=f"Copyright 2017 Zalando SE (Fashion-MNIST), MIT; Debian package {PACKAGE}",
        sha256=digest.hexdigest(),
    )


def _read(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return the values of an IDX file, which must hold unsigned bytes of ``shape`` and nothing else."""
    header = struct.pack(f">4B{len(shape)}I", 0, 0, _UNSIGNED_BYTE, len(shape), *shape)
    length = len(header) + int(np.prod(shape))
    try:
        with gzip.open(path, "rb") as file:
            content = file.read(length + 1)  # bounds what a planted file can make us read
    except (OSError, EOFError, zlib.error) as error:
        raise TaskError(f"{path}: cannot be read ({error}); reinstall the package {PACKAGE}") from error
    if content[: len(header)] != header:
        raise TaskError(
            f"{path}: the IDX header is {content[: len(header)].hex()}, must be {header.hex()}"
            f" (unsigned bytes of shape {shape}); reinstall the package {PACKAGE}"
        )
    if len(content) != length:
        found = "more" if len(content) > length else str(len(content))
        raise TaskError(f"{path}: holds {found} bytes, must hold {length}; reinstall the package {PACKAGE}")
    return np.frombuffer(content, dtype=np.uint8, offset=len(header)).reshape(shape)
