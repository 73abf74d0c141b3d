"""What a re-timing of a recorded run has to know of an instrument beyond the plans of its commands."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from emulator.instruments.effects import Effect

__all__ = ["Asked", "Level", "Reloop", "Resender", "Resent", "Retiming", "Stage"]


class Level(NamedTuple):
    """Say that ``component`` draws a new level from the end of each step ``after`` (resource, activity) on.

    A recorded level becomes ``factor(old, new)`` times as much where the configuration ``old`` becomes ``new``.
    """

    component: str
    after: tuple[str, str]
    factor: Callable[[Any, Any], float]


class Stage(NamedTuple):
    """Name a resource and what it does, and from when to when it did that for each frame: (frames,), ps."""

    resource: str
    activity: str
    t_start: NDArray[np.int64]
    t_end: NDArray[np.int64]


class Resent(Protocol):
    """What became of a command of a pipelined instrument that was sent again."""

    @property
    def issued_ps(self) -> int:
        """Return when it was asked for."""

    @property
    def started_ps(self) -> int:
        """Return when it began."""

    @property
    def done_ps(self) -> int:
        """Return when its reply was there."""


class Resender(Protocol):
    """The pipeline of an instrument without its physics; it sends the commands of a recording again, in order."""

    @property
    def binds(self) -> str:
        """Return the name of the stage that sets the pace."""

    def send(self, issued_ps: int, work: Mapping[str, int]) -> Resent:
        """Send the command that asked for ``work``, behind all that were sent before."""

    def draws(self, resent: Any) -> Sequence[tuple[int, int, float]]:
        """Return from when to when (ps) the command makes the component draw so many watts more."""

    def stages(self, resent: Any) -> Iterator[Stage]:
        """Yield what each stage did; a trace keeps a span for each, or one for all frames."""

    def counts(self, resent: Any, work: Mapping[str, int]) -> Any:
        """Return the ledger of the command's frames."""

    def value(self, resent: Any, work: Mapping[str, int]) -> float:
        """Return what the trace keeps as the command's value."""

    def cautions(self, recorded: Any, sent: Sequence[tuple[int, Any]]) -> Iterator[str]:
        """Yield why the readings might have been others, where ``sent``, by row, is not what was ``recorded``."""


def _never(work: Mapping[str, int]) -> bool:
    del work
    return False


def _as_recorded(kind: str, value: float, result: float, held_ps: int, factor: float) -> tuple[float, float]:
    del kind, held_ps, factor
    return value, result


def _no_cautions(old: Any, new: Any, kinds: frozenset[str]) -> Iterator[str]:
    del old, new, kinds
    return iter(())


class Asked(NamedTuple):
    """Hold what rows asked of an instrument: kind and work of each plan, plan and target (m,) of each row."""

    kinds: tuple[str, ...]
    works: tuple[Mapping[str, int], ...]
    plan: NDArray[np.int64]
    target: NDArray[np.int64]


class Reloop(NamedTuple):
    """Hold what the same rows ask for when somebody else closes the loop, and what to keep in mind then."""

    asked: Asked
    cautions: tuple[str, ...]


@dataclass(frozen=True)
class Retiming:
    """Say what a re-timing has to know of a kind of instrument.

    Attributes
    ----------
    effects
        What each parameter decides, by dotted path below the section.
    level
        The component whose level follows the commands.
    sender
        Makes the pipeline of an instrument that begins a command before the one before is done: of a stand, the
        host's configuration and the run's seed.
    sending
        The component that draws while such commands are under way.
    names_itself
        Whether a command gives the first step of its plan its activity.
    goes_on
        Whether a row of some work goes on with the command of its instrument's row before: it was not asked for
        by itself.
    loops
        Who may close a controller's loop, and what makes of a controller's rows those of that loop: of the
        configuration, the rows, and how many parts of the last iteration were never come to. Raises ``ConfigError``
        for rows that are no such loop's.
    numbers
        The value and result that a row of a kind keeps, from the recorded ones, the time for which its instrument
        is held (ps), and the level's factor.
    untold
        Hidden states whose changes decide what its commands take, which a re-timing does not know: a run in which
        an agent changed them is not re-timed.
    cautions
        Why readings might have been others, where the configuration ``old`` becomes ``new`` and commands of
        ``kinds`` were recorded.
    """

    effects: Mapping[str, Effect] = field(default_factory=dict)
    level: Level | None = None
    sender: Callable[[Any, Any, int], Resender] | None = None
    sending: str = ""
    names_itself: bool = False
    goes_on: Callable[[Mapping[str, int]], bool] = _never
    loops: Mapping[str, Callable[[Any, Asked, int], Reloop]] = field(default_factory=dict)
    numbers: Callable[[str, float, float, int, float], tuple[float, float]] = _as_recorded
    untold: frozenset[str] = frozenset()
    cautions: Callable[[Any, Any, frozenset[str]], Iterator[str]] = _no_cautions
