"""A sweep's folder: one lock, a record a point, and the traces; it knows no statistics.

A record is written beside and renamed, so that a killed sweep leaves whole records or none.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emulator.errors import ConfigError
from emulator.trace.writing.journal import lock
from experiments.output.files import check_new, new_file
from experiments.output.json import to_json
from experiments.sweep.engine import FINISHED
from experiments.sweep.worker import FAILED, Outcome

__all__ = ["Folder", "Record", "locked"]

_LOCK: Final = ".lock"
_POINTS: Final = "points"
_TRACES: Final = "traces"
_KNOWN: Final = frozenset({*FINISHED, FAILED})


@dataclass(frozen=True)
class Record:
    """Hold how a point ended, after how many attempts, and its numbers; ``said`` is a traceback or empty."""

    status: str
    reason: str
    attempts: int
    numbers: dict[str, float]
    said: str = ""

    @property
    def finished(self) -> bool:
        """Tell whether the point needs no further attempt."""
        return self.status in FINISHED


@dataclass(frozen=True)
class Folder:
    """Say where things lie under ``path``."""

    path: Path

    def trace(self, name: str) -> Path:
        """Return where the trace of the point ``name`` lies, if it is kept."""
        return self.path / _TRACES / f"{name}.h5"

    def read(self, name: str, with_trace: bool) -> Record | None:
        """Return the record of the point ``name``; None if there is none, it is damaged, or lacks its trace."""
        try:
            tree = json.loads((self.path / _POINTS / f"{name}.json").read_text(encoding="utf-8"))
            numbers = {str(key): _number(value) for key, value in tree["numbers"].items()}
            record = Record(
                str(tree["status"]), str(tree["reason"]), int(tree["attempts"]), numbers, str(tree["said"])
            )
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None
        lacks = record.finished and with_trace and not self.trace(name).is_file()
        return None if lacks or record.status not in _KNOWN else record

    def write(self, name: str, outcome: Outcome, attempts: int) -> Record:
        """Keep ``outcome`` as the record of the point ``name``, and return it."""
        record = Record(outcome.status, outcome.reason, attempts, dict(outcome.numbers), outcome.said)
        self.write_text(f"{_POINTS}/{name}.json", to_json(record) + "\n")
        return record

    def write_text(self, name: str, text: str) -> Path:
        """Write ``text`` whole or not at all, over what lies there."""
        path = self.path / name
        with new_file(path, force=True) as part:
            part.write_text(text, encoding="utf-8")
        return path


def _number(value: object) -> float:
    """Return a number of a record; null stands for one that was not finite."""
    return float(value) if isinstance(value, int | float) else float("nan")


@contextmanager
def locked(path: Path) -> Iterator[Folder]:
    """Make the folder ``path`` and hold it for one sweep; raises ``ConfigError`` when another one does."""
    check_new(path / _LOCK, force=True)
    try:
        path.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise ConfigError(f"{path}: it cannot be written: {error.strerror}") from error
    try:
        if not lock(descriptor):
            holder = os.read(descriptor, 20).decode(errors="replace").strip() or "unknown"
            raise ConfigError(
                f"{path}: another sweep works here (process {holder}); wait until it ends, or name another folder "
                "with --out"
            )
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield Folder(path)
    finally:
        os.close(descriptor)
