"""Trained weights on disk: plain npz files; NOT a store of results.

An entry whose checksums, names or shapes are not as they should be counts as absent: it is trained again.
"""

import hashlib
import zipfile
import zlib
from pathlib import Path

import numpy as np

from data.sets import FloatArray
from emulator.config.places import cache_folder
from emulator.errors import ConfigError, TaskError
from experiments.output.files import new_file

__all__ = ["cache_key", "default_folder", "read_weights", "write_weights"]


def default_folder() -> Path:
    """Return ``$LIGHTLOOP_CACHE``, or ``.cache/lightloop`` under the current directory when it is not set."""
    return cache_folder(Path(".cache", "lightloop"))


def cache_key(*parts: object) -> str:
    """Return the name of an entry: a digest of the exact text of ``parts``."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=20).hexdigest()


def read_weights(
    folder: Path, key: str, shapes: tuple[tuple[int, int], ...]
) -> tuple[FloatArray, ...] | None:
    """Return the float64 matrices of entry ``key``, or None when it is absent, damaged or of other shapes."""
    path = folder / f"{key}.npz"
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.testzip() is not None:  # the checksums first: a damaged header reaches no parser
                return None
        with np.load(path, allow_pickle=False) as npz:
            weights = tuple(npz[f"{key}.{number}"] for number in range(len(npz.files)))
    except (OSError, EOFError, KeyError, RuntimeError, ValueError, zipfile.BadZipFile, zlib.error):
        return None
    fits = tuple(w.shape for w in weights) == shapes and all(w.dtype == np.float64 for w in weights)
    return weights if fits else None


def write_weights(folder: Path, key: str, weights: tuple[FloatArray, ...]) -> None:
    """Write entry ``key`` whole or not at all; raises ``TaskError`` when the folder cannot be written."""
    try:
        with new_file(folder / f"{key}.npz", force=True) as part:
            np.savez(part, allow_pickle=False, **{f"{key}.{n}": matrix for n, matrix in enumerate(weights)})
    except ConfigError as error:
        raise TaskError(
            f"trained weights cannot be kept: {error}; set LIGHTLOOP_CACHE to a folder you may write"
        ) from error
