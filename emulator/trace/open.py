"""The door to a trace: whatever a run has left at its place is made a trace first, and then read."""

from pathlib import Path

from emulator.trace.reading.reader import Trace
from emulator.trace.writing.journal import journal_path
from emulator.trace.writing.recover import recover

__all__ = ["open_trace"]


def open_trace(path: Path | str, verify: bool = True) -> Trace:
    """Open the trace at ``path``, converting first the journal that a killed run may have left in its place.

    ``verify=False`` trusts the bytes of the datasets (HDF5 still checks its own checksums). Raises
    ``TraceError`` when nothing is there, the run is still live, or the file is damaged, of another version or
    not a trace.
    """
    path = Path(path)
    if not path.exists() and journal_path(path).exists():
        recover(path)
    return Trace(path, verify)
