"""What an instrument on the bench is, and what it says of a command it serves; no instrument is defined here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from numpy.typing import NDArray

from emulator.commands import Reply
from emulator.trace.plans import Step

__all__ = ["Admission", "Draw", "Instrument", "Outcome", "Pipelined", "Service", "State"]


@dataclass(slots=True, eq=False)
class Service:
    """Say how long a kind of command occupies the instrument, span by span, and how often it was served.

    ``plan`` is the number under which the trace knows the spans ``steps``.
    """

    duration_ps: int
    plan: int
    steps: tuple[Step, ...]
    uses: int = 0


Outcome = tuple[Reply, int, float, float]
"""The reply to a command, and what the trace keeps of it: target, value, result. A tuple: it is made three times
a query."""

State = tuple[str, NDArray[Any], str]
"""Name, array and units of a state that the trace keeps."""


class Draw(NamedTuple):
    """Say that the component behind ``handle`` draws ``watts`` more from ``start_ps`` to ``end_ps``."""

    handle: int
    start_ps: int
    end_ps: int
    watts: float


class Admission(NamedTuple):
    """Say when a pipelined instrument begins a command, when its reply is there, and what that draws."""

    started_ps: int
    done_ps: int
    draws: tuple[Draw, ...]


class Instrument(Protocol):
    """Serve commands: the bench calls ``begin`` and ``commence``, lets the time pass, and calls ``finish``."""

    name: str
    kinds: Mapping[type, str]
    """The commands that it serves, and their names in the trace."""
    pipelined: bool
    """Whether it is ``Pipelined``."""
    queries: int
    """How many of its answers count as a query."""

    def begin(self, command: Any) -> Service:
        """Check ``command`` and return its service; raise ``CommandError`` when it cannot be served."""

    def commence(self, start_ps: int) -> None:
        """Note that the command that was begun last occupies the instrument from ``start_ps`` on."""

    def finish(self, command: Any, start_ps: int, end_ps: int) -> Outcome:
        """Carry out the physics of ``command``, served from ``start_ps`` to ``end_ps``."""

    def busy_ps(self) -> dict[str, int]:
        """Return the time that each "resource.activity" has taken so far."""

    def opening_states(self) -> Sequence[State]:
        """Return what the trace keeps of the instrument before the run."""

    def closing_states(self) -> Sequence[State]:
        """Return what the trace keeps of the instrument after the run."""


class Pipelined(Instrument, Protocol):
    """An instrument that begins a command before it has finished the one before."""

    def admit(self, command: Any, now_ps: int) -> Admission:
        """Take the command that ``begin`` has checked into the pipeline, behind all that were taken before."""
