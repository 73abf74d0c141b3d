"""An agent that never asks again: after so much wall time its run is ended, as by the second Ctrl-C."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

from emulator.commands import Command, Controller
from emulator.errors import CommandError, ConfigError

__all__ = ["Say", "check_silence", "heard_from"]

Say = Callable[[str], None]
"""Take in words why a run shall end."""

_LONGEST_S: Final = 1e7


class _SilenceError(KeyboardInterrupt):
    """An agent has been silent for too long; like Ctrl-C it passes by what catches errors."""


def check_silence(silence_s: float) -> None:
    """Raise ``ConfigError`` for a time that nobody can be silent for, and where alarms cannot ring."""
    if not 0.0 < silence_s <= _LONGEST_S:
        raise ConfigError(f"--silence-s {silence_s:g} is refused; allowed: seconds in (0, {_LONGEST_S:g}]")
    if not hasattr(signal, "setitimer"):
        raise ConfigError("--silence-s is refused: this system has no alarms; allowed: to leave it away")


def heard_from(name: str, agent: Controller, silence_s: float, say: Say) -> Controller:
    """Pass on what ``agent`` asks; where it asks nothing for ``silence_s`` of wall time, ``say`` so and end it.

    Only the time counts in which the agent itself works, not that of the bench. The alarm rings between two steps
    of Python, in the main thread: what never comes back from compiled code is not ended.
    """
    advance: Callable[[Any], Command] = agent.send
    message: Any = None
    try:
        while True:
            try:
                with _alarm(silence_s):
                    command = advance(message)
            except StopIteration:
                return
            except _SilenceError:
                signal.setitimer(signal.ITIMER_REAL, 0.0)  # it may have rung while it was being taken back
                say(f"the agent {name!r} asked nothing for {silence_s:g} s of wall time")
                return
            advance = agent.send
            try:
                message = yield command
            except CommandError as error:  # the agent gets it where it yielded the command
                advance, message = agent.throw, error
    finally:
        agent.close()


@contextmanager
def _alarm(silence_s: float) -> Iterator[None]:
    """Raise ``_SilenceError`` in the main thread where the block lasts ``silence_s``, and again if it goes on."""

    def ring(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise _SilenceError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, silence_s, silence_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
