"""Trained weights on disk: a plain npz file that carries its own checksum; NOT a store of results.

The checksum is the archive's comment, the last bytes of the file, and covers everything before it. A cut,
edited or renamed entry is thus refused before any parser sees it, and counts as absent.
"""

import hashlib
import io
import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from data.sets import FloatArray
from emulator.errors import TaskError

__all__ = ["cache_key", "default_folder", "read_weights", "write_weights"]

_CHECK_CHARS = 64
_MAX_BYTES = 1 << 26  # far above any network here; bounds what a planted file can make us read


def default_folder() -> Path:
    """Return ``$LIGHTLOOP_CACHE``, or ``.cache/lightloop`` under the current directory when it is not set."""
    return Path(os.environ.get("LIGHTLOOP_CACHE") or Path(".cache", "lightloop"))


def cache_key(*parts: object) -> str:
    """Return the name of an entry: a digest of the exact text of ``parts``."""
    return hashlib.blake2b(repr(parts).encode(), digest_size=20).hexdigest()


def read_weights(
    folder: Path, key: str, shapes: tuple[tuple[int, int], ...]
) -> tuple[FloatArray, ...] | None:
    """Return the float64 matrices of entry ``key``, or None when it is absent, damaged or of other shapes."""
    try:
        with _path(folder, key).open("rb") as file:
            content = file.read(_MAX_BYTES)
    except OSError:
        return None
    body, check = content[:-_CHECK_CHARS], content[-_CHECK_CHARS:]
    if check != _checksum(key, body):
        return None
    with np.load(io.BytesIO(content), allow_pickle=False) as npz:
        weights = tuple(npz[name] for name in npz.files)
    fits = tuple(w.shape for w in weights) == shapes and all(w.dtype == np.float64 for w in weights)
    return weights if fits else None


def write_weights(folder: Path, key: str, weights: tuple[FloatArray, ...]) -> None:
    """Write entry ``key`` whole or not at all: into a temporary file, which then takes the name.

    Raises ``TaskError`` when the folder cannot be written.
    """
    content = _packed(key, weights)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".tmp", delete=False) as file:
            temporary = Path(file.name)
        try:
            temporary.write_bytes(content)
            temporary.replace(_path(folder, key))
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise TaskError(
            f"{folder}: cannot keep trained weights ({error.strerror});"
            " set LIGHTLOOP_CACHE to a folder you may write"
        ) from error


def _path(folder: Path, key: str) -> Path:
    return folder / f"{key}.npz"


def _packed(key: str, weights: tuple[FloatArray, ...]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, *weights)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = b"0" * _CHECK_CHARS  # reserves the room; the bytes before it are final from here on
    body = buffer.getvalue()[:-_CHECK_CHARS]
    return body + _checksum(key, body)


def _checksum(key: str, body: bytes) -> bytes:
    return hashlib.blake2b(key.encode() + body, digest_size=_CHECK_CHARS // 2).hexdigest().encode()
