"""Ctrl-C and SIGTERM while a bench runs: the first one ends the run, and leaves a whole trace."""

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

from emulator.bench import Bench

__all__ = ["Interrupts"]

_Handler = Callable[[int, FrameType | None], Any] | int | None


class Interrupts:
    """Turn the first SIGINT or SIGTERM into a stop of the bench, once there is one that can obey.

    Before that nothing has been written, and the signals end the process as they always do.
    """

    def __init__(self) -> None:
        self.number = int(signal.SIGINT)
        self._before: dict[signal.Signals, _Handler] = {}
        self._bench: Bench | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._restore()

    def obey(self, bench: Bench) -> None:
        """Let the next signal stop ``bench``."""
        self._bench = bench

        def stop(number: int, frame: FrameType | None) -> None:
            del frame
            self._restore()
            self.number = number
            bench.stop("aborted", f"{signal.Signals(number).name} received")

        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, stop)

    def stop(self, reason: str) -> None:
        """Stop the bench that obeys for ``reason``, as a signal does."""
        assert self._bench is not None  # noqa: S101  (its agents work)
        self._bench.stop("aborted", reason)

    def _restore(self) -> None:
        while self._before:
            number, handler = self._before.popitem()
            signal.signal(number, handler)
