"""Paths as people write them, and the folder that the user gives to caches."""

import os
from pathlib import Path
from typing import Final

__all__ = ["cache_folder", "expanded"]

_VARIABLE: Final = "LIGHTLOOP_CACHE"


def expanded(path: Path | str) -> Path:
    """Return ``path`` with the home folder for a ``~`` that it begins with, as a shell would have it.

    A shell leaves the ``~`` of ``--out=~/x.h5`` as it is, and so does a file. It stays where no home is known.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def cache_folder(default: Path) -> Path:
    """Return ``$LIGHTLOOP_CACHE``, or ``default`` where it is not set or empty."""
    named = os.environ.get(_VARIABLE)
    return expanded(named) if named else default
