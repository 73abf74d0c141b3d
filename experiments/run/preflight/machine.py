"""What this computer has to give at the moment; Linux says it exactly, other systems say what they have in all."""

import os
from pathlib import Path
from typing import Final

__all__ = ["available_bytes", "resident_bytes"]

_MEMINFO: Final = Path("/proc/meminfo")
_STATUS: Final = Path("/proc/self/status")
_KIB: Final = 1024
_LIMITS: Final = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ),
)
"""What a container may use and uses, by the second and the first version of control groups."""


def available_bytes() -> int | None:
    """Return the memory that can still be had without swapping, in bytes; None where nobody says."""
    found = [_field(_MEMINFO, "MemAvailable:"), *(_left(limit, used) for limit, used in _LIMITS)]
    known = [each for each in found if each is not None]
    if known:
        return min(known)
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None


def resident_bytes() -> int | None:
    """Return the most memory that this process has held at once so far, in bytes; None where nobody says."""
    return _field(_STATUS, "VmHWM:")


def _field(path: Path, name: str) -> int | None:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) * _KIB for line in lines if line.startswith(name))
    except (OSError, ValueError, StopIteration):
        return None


def _left(limit: Path, used: Path) -> int | None:
    try:
        return max(0, int(limit.read_text(encoding="ascii")) - int(used.read_text(encoding="ascii")))
    except (OSError, ValueError):  # no such group, or the word "max"
        return None
