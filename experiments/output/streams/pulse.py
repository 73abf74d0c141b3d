"""A line now and then about work that lasts, for logs and pipes; it knows nothing of the work."""

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Event, Thread
from time import monotonic
from typing import Final, Self

from experiments.output.streams.standard import visible

__all__ = ["Pulse", "beat", "duration", "pauses"]

_FIRST_S: Final = 10.0
_GROWTH: Final = 1.5
_LONGEST_S: Final = 300.0
_MINUTES_FROM_S: Final = 120.0


def pauses() -> Iterator[float]:
    """Yield the seconds before each line: soon at first, then ever longer, at most five minutes."""
    pause_s = _FIRST_S
    while True:
        yield pause_s
        pause_s = min(_GROWTH * pause_s, _LONGEST_S)


def duration(seconds: float) -> str:
    """Return ``seconds`` in words."""
    return f"{seconds:.0f} s" if seconds < _MINUTES_FROM_S else f"{seconds / 60:,.0f} min"


def beat(line: Callable[[float], str], wait: Callable[[float], bool], clock: Callable[[], float]) -> None:
    """Write ``line(seconds since the beginning)`` on stderr after each pause, until ``wait`` says that all is done.

    ``wait`` takes the seconds of a pause and returns True if the work ended meanwhile.
    """
    began_s = clock()
    for pause_s in pauses():
        if wait(pause_s):
            return
        with suppress(OSError, ValueError):  # a closed or full stderr ends no work
            sys.stderr.write(f"{visible(line(clock() - began_s), lines=False)}\n")
            sys.stderr.flush()


class Pulse:
    """Say a line about a block of code while it lasts, if ``shown``; the block itself is not touched.

    ``line`` is called in a thread of its own, and reads no more than plain numbers.
    """

    def __init__(self, line: Callable[[float], str], shown: bool = True) -> None:
        self._over = Event()
        self._thread = Thread(target=beat, args=(line, self._over.wait, monotonic), daemon=True)
        self._shown = shown

    def __enter__(self) -> Self:
        if self._shown:
            self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        if self._shown:
            self._thread.join()
