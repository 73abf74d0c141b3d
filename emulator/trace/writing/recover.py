"""From a journal to a trace: converts in a child process, takes over from dead writers; reads no row.

HDF5 may crash the process that writes it when the disk fills up. The child takes that risk: whatever happens
to it, the journal stays whole until the trace is in place.
"""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
from pathlib import Path
from typing import BinaryIO, Final

from emulator.errors import TraceError
from emulator.processes import child_environment, module_command
from emulator.trace.writing.header import Opening
from emulator.trace.writing.journal import JournalReader, Kind, journal_path, lock, wait_for_lock

__all__ = ["copy_journal", "finalize_in_child", "is_live", "part_path", "recover"]

_FINALIZE: Final = f"{__package__}.finalize"  # imported by the child alone: it needs h5py


def part_path(out: Path) -> Path:
    """Return where the trace ``out`` grows until it is complete."""
    return out.with_name(out.name + ".part")


def finalize_in_child(journal: Path, out: Path, descriptor: int) -> None:
    """Convert ``journal`` to the trace ``out`` in a child process and delete it.

    The child inherits ``descriptor`` and with it the lock of the journal, so that it stays locked if this
    process dies meanwhile. Raises ``TraceError`` when the child failed or died; the journal is then
    untouched.
    """
    try:
        child = subprocess.run(
            module_command(_FINALIZE, str(journal), str(out)),
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=[descriptor],
            process_group=0,  # Ctrl-C goes to the terminal's foreground group: it must not reach the child
            check=False,
        )
    except OSError as error:
        raise TraceError(
            f"{out}: no process could be started to convert the journal: {error}; everything is safe in {journal}: "
            f"open {out.name} again"
        ) from error
    if child.returncode == 0:
        return
    with contextlib.suppress(OSError):
        part_path(out).unlink()
    said = child.stderr.decode(errors="replace").strip().splitlines()
    how = f"died of {_signal(-child.returncode)}" if child.returncode < 0 else f"failed ({child.returncode})"
    raise TraceError(
        f"{out}: the conversion {how}: {said[-1] if said else 'it said nothing'}; "
        f"everything is safe in {journal}: open {out.name} again once there is room"
    )


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def recover(path: Path) -> Path:
    """Convert the journal that a dead writer left beside ``path``, if there is one, and return ``path``.

    Raises ``TraceError`` when the writer is still alive, when the journal holds no whole header, when the
    conversion fails, or when neither a trace nor a journal is there.
    """
    path = Path(path)
    journal = journal_path(path)
    try:
        file = journal.open("rb")
    except FileNotFoundError as error:
        if path.exists():
            return path
        raise TraceError(f"{path}: there is no trace, nor a journal of one") from error
    except OSError as error:
        raise TraceError(f"{journal}: cannot be read: {error.strerror}") from error
    with file:
        if not lock(file.fileno()):
            _refuse_live(path, file)
            wait_for_lock(file.fileno())  # another process is converting it
        if not _is_same(file, journal):  # another process has just converted it
            return recover(path)
        finalize_in_child(journal, path, file.fileno())
    return path


def is_live(path: Path) -> bool:
    """Tell whether a run that is recorded at ``path`` goes on."""
    try:
        with journal_path(path).open("rb") as file:
            return not lock(file.fileno()) and _holder(file) is not None
    except OSError:
        return False


def copy_journal(path: Path, to: Path, lives: bool = False) -> None:
    """Copy the journal beside ``path`` to the place of one beside ``to``; its writer is dead, unless it ``lives``.

    Raises ``TraceError`` when the writer is alive and should not be, or a file cannot be read or written.
    """
    try:
        with journal_path(path).open("rb") as file:
            if not lives and not lock(file.fileno()):
                _refuse_live(path, file)
            file.seek(0)
            with journal_path(to).open("wb") as copy:
                shutil.copyfileobj(file, copy)
    except OSError as error:
        raise TraceError(f"{journal_path(path)}: cannot be read by way of {to.parent}: {error}") from error


def _refuse_live(path: Path, file: BinaryIO) -> None:
    """Raise ``TraceError`` if the run whose journal is ``file`` goes on; a locked journal may also be converted."""
    pid = _holder(file)
    if pid is not None:
        raise TraceError(
            f"{path}: the run is live: process {pid or '(unknown)'} holds {journal_path(path).name}; wait until it "
            f"ends; lightloop inspect {shlex.quote(str(path))} shows what there is, and lightloop tail follows it"
        )


def _holder(file: BinaryIO) -> int | None:
    """Return the process that records the locked journal ``file``, 0 if it is unknown, None if it has ended."""
    pid, ended = 0, False
    for block in JournalReader(file, "journal"):
        for segment in block:
            if segment.kind is Kind.HEADER:
                pid = Opening.decode(segment.body, "journal").pid
            ended = ended or segment.kind is Kind.FOOTER
    return pid if not ended and (pid == 0 or _is_alive(pid)) else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's
        return True
    return True


def _is_same(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
