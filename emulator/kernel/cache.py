"""Where the machine code of kernels is kept: a folder that nobody else can write, and files that carry a checksum.

Numba keeps code and index as pickles, which run what they hold when they are read. So they are read only from a
folder of this user's (or, where it cannot be written, from a copy of one of the administrator's), and only where
their checksum is right. A cache that is missing, damaged, full or forbidden costs time and nothing else.
"""

import gc
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from numba.core.caching import FunctionCache, IndexDataCacheFile

__all__ = ["KernelCache", "prepared"]

_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_ADMINISTRATOR: Final = 0
_DIGEST_BYTES: Final = 32


def prepared(base: Path, name: str) -> Path | None:
    """Return the folder ``name`` in ``base``, which this user alone can write, or None where there is none.

    Where ``base`` cannot be written a folder of this user's among the temporary files takes its place, and begins
    with a copy of what ``base`` holds, if that is this user's or the administrator's alone to write.
    """
    wanted = base / name
    if _is_own(wanted):
        return wanted
    home = Path(tempfile.gettempdir()) / f"lightloop-{os.geteuid()}"
    spare = home / name
    known = spare.exists()
    if not (_is_own(home) and _is_own(spare)):
        return None
    if not known and _is_safe(wanted, {_ADMINISTRATOR, os.geteuid()}):
        try:
            shutil.copytree(wanted, spare, dirs_exist_ok=True)
        except (OSError, shutil.Error):
            return spare
    return spare


def _is_own(folder: Path) -> bool:
    """Make ``folder`` unless it is there; return whether this user, and nobody else, can write it."""
    try:
        folder.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
        if _is_safe(folder, {os.geteuid()}, but_for=_OTHERS_WRITE) and folder.stat().st_mode & _OTHERS_WRITE:
            folder.chmod(stat.S_IRWXU)
        return _is_safe(folder, {os.geteuid()}) and os.access(folder, os.R_OK | os.W_OK | os.X_OK)
    except OSError:
        return False


def _is_safe(folder: Path, owners: set[int], but_for: int = 0) -> bool:
    """Return whether ``folder`` is a folder, no link, of one of ``owners``, whom nobody else can write for."""
    try:
        facts = folder.lstat()
    except OSError:
        return False
    return (
        stat.S_ISDIR(facts.st_mode)
        and facts.st_uid in owners
        and not facts.st_mode & _OTHERS_WRITE & ~but_for
    )


class KernelCache(FunctionCache):
    """Keep the code of one kernel; what cannot be read is compiled again, and what cannot be kept is not."""

    def __init__(self, function: Callable[..., object]) -> None:
        """Raise ``RuntimeError`` where numba finds no place to write."""
        super().__init__(function)
        self._cache_file = _CheckedFile(
            self._cache_path, self._impl.filename_base, self._impl.locator.get_source_stamp()
        )

    def load_overload(self, signature: Any, target: Any) -> Any:
        """Return the code for ``signature``, or None."""
        try:
            with _collected_later():
                return super().load_overload(signature, target)
        except Exception:  # noqa: BLE001  (whatever is wrong with it, code can be compiled again)
            return None

    def save_overload(self, signature: Any, code: Any) -> None:
        """Keep ``code`` for ``signature`` if that can be done."""
        try:
            super().save_overload(signature, code)
        except Exception:  # noqa: BLE001  (a full disk, a folder that is gone: the code is in memory)
            return


@contextmanager
def _collected_later() -> Iterator[None]:
    """Let Python look for garbage afterwards: the first kernel brings all that numba knows, which nobody drops.

    Looking through it again and again while it grows would take two fifths of the time.
    """
    looking = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looking:
            gc.enable()


class _CheckedFile(IndexDataCacheFile):
    """The index and the files of one kernel as numba has them, each with a checksum at its end, which it skips."""

    def _load_index(self) -> Any:
        try:
            _check(self._index_path)
        except OSError:
            return {}
        return super()._load_index()

    def _load_data(self, name: str) -> Any:
        _check(self._data_path(name))
        return super()._load_data(name)

    @contextmanager
    def _open_for_write(self, path: str) -> Iterator[BytesIO]:
        body = BytesIO()
        with super()._open_for_write(path) as file:
            yield body
            file.write(body.getvalue() + _digest(body.getvalue()))


def _digest(body: bytes) -> bytes:
    return blake2b(body, digest_size=_DIGEST_BYTES).digest()


def _check(path: str) -> None:
    """Raise ``OSError`` unless the file at ``path`` ends with the checksum of what comes before."""
    content = Path(path).read_bytes()
    if _digest(content[:-_DIGEST_BYTES]) != content[-_DIGEST_BYTES:]:
        raise OSError(f"{path} is damaged")
