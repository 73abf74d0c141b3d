"""The trace: records a run so that no crash loses a committed row, and reads it back; it knows no instrument.

``emulator.trace.open`` opens a trace and needs h5py for it; a recording process does without.
"""

from emulator.trace.schema import NO_COMMAND, NO_PLAN, REMAINDER, Detail, Status
from emulator.trace.writing.header import Header, Origin
from emulator.trace.writing.null import NullRecorder
from emulator.trace.writing.recorder import Recorder

__all__ = [
    "NO_COMMAND",
    "NO_PLAN",
    "REMAINDER",
    "AnyRecorder",
    "Detail",
    "Header",
    "NullRecorder",
    "Origin",
    "Recorder",
    "Status",
]

AnyRecorder = Recorder | NullRecorder
"""What a bench records with."""
