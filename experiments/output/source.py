"""Which source made a run: a digest of code and presets; NOT a version that someone must raise.

Numba's cache on disk looks at the file of a kernel only. When a kernel it calls, in another file, has changed,
stale machine code is used without a word. So compiled code is kept by the digest of all sources.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["ROOT", "source_digest"]

ROOT: Final = Path(__file__).resolve().parents[2]
"""The folder that holds the packages."""

_FOLDERS: Final = (
    "emulator",
    "controllers",
    "data",
    "experiments/agents",
    "experiments/models",
    "experiments/run",
    "experiments/tasks",
)
_SUFFIXES: Final = frozenset({".py", ".toml", ".npz"})


@cache
def source_digest() -> str:
    """Return 16 hexadecimal digits for everything that can change the numbers of a run."""
    paths = [path for folder in _FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in _SUFFIXES]
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(paths):
        digest.update(f"{path.relative_to(ROOT).as_posix()}\0".encode())
        digest.update(hashlib.blake2b(path.read_bytes()).digest())
    return digest.hexdigest()
