"""Traces of runs whose bench stood elsewhere: what was carried out there has no price and no physics here."""

from typing import Final

from emulator.errors import TraceError
from emulator.trace.reading.reader import Trace

__all__ = ["BENCH", "refuse_elsewhere"]

BENCH: Final = "bench"
"""What a trace calls, among its versions, the bench that it was made on, where that stood elsewhere."""


def refuse_elsewhere(trace: Trace, what: str) -> None:
    """Raise ``TraceError`` when ``trace`` was made on a bench at the end of a wire, which ``what`` cannot do."""
    identity = dict(trace.versions).get(BENCH)
    if identity is not None:
        raise TraceError(
            f"{trace.path}: it was made on a bench at the end of a wire, {identity[:80]!r}, whose prices and "
            f"physics are not known here; {what} takes traces of emulated benches, also those that were served"
        )
