"""The last words of a journal: how the run ended, in whatever room there is; it writes no rows."""

from collections.abc import Callable
from dataclasses import replace
from operator import index
from typing import Final

from emulator.errors import TraceError
from emulator.trace.schema import Status
from emulator.trace.writing.header import MAX_REASON, Footer
from emulator.trace.writing.journal import JournalWriter, Kind, blob_segment

__all__ = ["footer_of", "plain", "write_end"]

_SHORT: Final = "no room"


def plain(reason: str) -> str:
    """Return ``reason`` as a footer can hold it."""
    return reason.encode(errors="replace").decode().replace("\0", " ")[:MAX_REASON]


def footer_of(
    status: Status, reason: str, elapsed_ps: int, queries: int, last_done_ps: int
) -> tuple[Footer, TraceError | None]:
    """Return the footer that was asked for, or else one that says why that cannot be, and the error.

    ``last_done_ps`` is the end of a run whose end is unknown.
    """
    try:
        return Footer(status, plain(reason), index(elapsed_ps), index(queries)), None
    except (TraceError, TypeError) as error:
        why = plain(f"{error}; {reason}")
        return Footer("failed", why, last_done_ps, 0, partial=True), TraceError(str(error))


def write_end(journal: JournalWriter, footer: Footer, commit: Callable[[], None] | None) -> None:
    """Have the rest written by ``commit``, unless it is lost and there is none, and append ``footer``.

    The footer says what is missing. This may be called again after Ctrl-C: a block that is whole lands once. Raises
    ``TraceError`` where a footer finds no room.
    """
    lacked_room = journal.failed
    if commit is None:
        footer = replace(footer, partial=True)
    else:
        try:
            commit()
        except TraceError as error:
            status: Status = "disk-full" if journal.failed else "failed"
            footer = replace(footer, status=status, reason=plain(str(error)), partial=True)
        else:
            footer = replace(footer, status="disk-full") if lacked_room else footer
    try:
        journal.append(_segment(footer))
    except TraceError:  # where sentences find no room, a word may
        journal.append(_segment(replace(footer, reason=_SHORT)))


def _segment(footer: Footer) -> bytes:
    return blob_segment(Kind.FOOTER, footer.encode())
