"""The door to a trace: whatever a run has left at its place is made a trace first, and then read."""

import os
import tempfile
from pathlib import Path

from emulator.arguments import checked_flag, checked_path
from emulator.errors import TraceError
from emulator.trace.reading.reader import Trace
from emulator.trace.writing.journal import journal_path
from emulator.trace.writing.recover import copy_journal, is_live, recover

__all__ = ["open_so_far", "open_trace"]


def open_trace(path: Path | str, verify: bool = True) -> Trace:
    """Open the trace at ``path``, converting first the journal that a killed run may have left in its place.

    Where its folder may not be written, the journal is read by way of a folder of temporary files, and stays.

    ``verify=False`` trusts the bytes of the datasets (HDF5 still checks its own checksums). Raises
    ``TraceError`` when nothing is there, the run is still live, or the file is damaged, of another version or
    not a trace.
    """
    path = checked_path("open_trace: path", path, TraceError)
    checked_flag("open_trace: verify", verify, TraceError)
    if not path.exists() and journal_path(path).exists():
        if not os.access(path.absolute().parent, os.W_OK | os.X_OK):
            return _read_elsewhere(path, verify)
        recover(path)
    return Trace(path, verify)


def open_so_far(path: Path) -> Trace:
    """Open the trace at ``path`` as ``open_trace`` does; of a run that goes on, what it has recorded so far.

    Its status is "running" then: what is read is a copy, and the run is not disturbed. Raises ``TraceError`` when
    nothing is there, or the file is damaged, of another version or not a trace.
    """
    if path.exists() or not is_live(path):
        return open_trace(path)
    try:
        return _read_elsewhere(path, verify=True, lives=True)
    except TraceError:
        if not path.exists():
            raise
        return open_trace(path)  # it has ended meanwhile


def _read_elsewhere(path: Path, verify: bool, lives: bool = False) -> Trace:
    with tempfile.TemporaryDirectory(prefix="lightloop-") as folder:
        copy = Path(folder) / path.name
        copy_journal(path, copy, lives)
        trace = Trace(recover(copy), verify)
        trace.path = path
        if lives:
            trace.mark_as_running()
        return trace  # its file stays open when its folder goes
