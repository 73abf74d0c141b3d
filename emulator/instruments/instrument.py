"""What an instrument on the bench is, and what it says of a command it serves; no instrument is defined here."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple, Protocol, TypeGuard

import numpy as np
from numpy.typing import NDArray

from emulator.commands import Incumbent, Reply, Served
from emulator.config.models import StrictModel, Tree
from emulator.errors import DivergedError
from emulator.instruments.again import Recorded
from emulator.instruments.retiming import Retiming
from emulator.instruments.wire import SILENT, Words
from emulator.meter import Meter
from emulator.physics.chip.patches import Patches
from emulator.plan import Plan, Step, Work
from emulator.trace import AnyRecorder

__all__ = [
    "Admission",
    "Atomic",
    "Change",
    "Draw",
    "Instrument",
    "InstrumentKind",
    "Judged",
    "Lab",
    "Outcome",
    "Pipelined",
    "Rows",
    "Scale",
    "Service",
    "Setting",
    "Stand",
    "State",
    "by_name",
    "is_atomic",
    "is_pipelined",
    "no_memory",
]


@dataclass(slots=True, eq=False)
class Service:
    """Hold a plan as the bench serves it: how long it lasts, its number in the trace, and how often it was used.

    ``number`` is that of the plan in the trace, or -1 until the recorder has been asked. ``template`` are the steps
    as the trace knows them, where a duration that varies is the ``REMAINDER``.
    """

    reply_ps: int
    free_ps: int
    steps: tuple[Step, ...]
    work: Work
    template: tuple[Step, ...]
    number: int = -1
    uses: int = 0

    @classmethod
    def of(cls, plan: Plan, template: tuple[Step, ...] | None = None) -> "Service":
        """Return ``plan`` to be served; ``template`` is what the trace knows of it, if not its steps."""
        return cls(
            plan.reply_ps, plan.free_ps, plan.steps, plan.work, plan.steps if template is None else template
        )


Note = Callable[[AnyRecorder], None]
"""What an instrument still has to tell the recorder, just before a command's own row."""

Outcome = tuple[Any, int, float, float, Note | None]
"""The reply to a command, which a new kind may define itself, what the trace keeps of it (target, value, result),
and what else is to be noted. A tuple: one is made in every query."""

Change = Callable[[int], int | None]
"""What changes hidden state, at an instant in ps; it may return until when the instrument takes no command then."""

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


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Hold the rows that one command of many probes leaves, in order of time, and the levels that it sets.

    ``kind_of`` and ``service_of`` (n,) index ``kinds`` (names in the trace) and ``services``; a row lasts from
    ``started_ps`` to ``done_ps`` (n,) and leaves ``target``, ``value`` and ``result`` (n,). The component behind
    ``handle`` draws ``level_w`` (m,) from ``level_ps`` (m,) on, set by the rows ``level_of`` (m,). ``note`` is told
    before the first row; ``setpoints`` are the heaters and phases, (n, k) each, of rows that drive several.
    """

    kinds: tuple[str, ...]
    kind_of: NDArray[np.int64]
    services: tuple[Service, ...]
    service_of: NDArray[np.int64]
    started_ps: NDArray[np.int64]
    done_ps: NDArray[np.int64]
    target: NDArray[np.int64]
    value: NDArray[np.float64]
    result: NDArray[np.float64]
    handle: int
    level_ps: NDArray[np.int64]
    level_w: NDArray[np.float64]
    level_of: NDArray[np.int64]
    note: Note | None = None
    setpoints: tuple[NDArray[np.int64], NDArray[np.float64]] | None = None

    def until(self, row: int) -> "Rows":
        """Return the rows before ``row``, and the levels that they set."""
        levels = int(np.searchsorted(self.level_of, row))
        return replace(
            self,
            **{name: getattr(self, name)[:row] for name in _A_ROW},
            **{name: getattr(self, name)[:levels] for name in _A_LEVEL},
        )


_A_ROW: Final = ("kind_of", "service_of", "started_ps", "done_ps", "target", "value", "result")
_A_LEVEL: Final = ("level_ps", "level_w", "level_of")


class Instrument(Protocol):
    """Serve commands: the bench asks ``begin`` what a command takes, lets the time pass, and has it ``run``.

    Commands are begun in the order in which they come, and run in that order.
    """

    pipelined: bool
    """Whether it is ``Pipelined``."""
    queries: int
    """How many of its answers count as a query."""

    def begin(self, command: Any) -> Service:
        """Check ``command`` and return its service; raise ``CommandError`` when it cannot be served."""

    def run(self, command: Any, service: Service, start_ps: int) -> Outcome:
        """Carry out the physics of ``command``, which was served from ``start_ps`` on."""

    def opening_states(self) -> Sequence[State]:
        """Return what the trace keeps of the instrument before the run."""

    def closing_states(self) -> Sequence[State]:
        """Return what the trace keeps of the instrument after the run."""

    def disturb(self, name: str, index: int, value: float) -> Change:
        """Return what changes the hidden state ``name`` that the kind declares, of the part ``index``.

        It is called when no command is under way. Raises ``CommandError`` when it cannot be.
        """


class Pipelined(Instrument, Protocol):
    """An instrument that begins a command before it has finished the one before."""

    def admit(self, command: Any, now_ps: int) -> Admission:
        """Take the command that ``begin`` has checked into the pipeline, behind all that were taken before."""

    def busy_ps(self) -> dict[str, int]:
        """Return the time that each "resource.activity" has taken so far, which no plan tells."""


class Atomic(Instrument, Protocol):
    """An instrument that carries out some commands, of the types ``at_once``, in one go when they start.

    How long such a command lasts depends on what is found; nothing comes in between.
    """

    at_once: frozenset[type]

    def expect(self, command: Any) -> None:
        """Take ``command`` to be performed behind all that were begun or expected before.

        Raises ``CommandError`` where it cannot be, and nothing has changed then.
        """

    def perform(self, command: Any, start_ps: int) -> tuple[Reply | DivergedError, Rows]:
        """Carry out ``command``, the next that is expected, from ``start_ps`` on; return its reply and its rows.

        Where it diverges, the error takes the reply's place, and the rows are those before, at least one; raises
        ``DivergedError`` where there is none before.
        """


def is_pipelined(instrument: Instrument) -> TypeGuard[Pipelined]:
    """Return whether ``instrument`` is ``Pipelined``."""
    return instrument.pipelined


def is_atomic(instrument: Instrument) -> TypeGuard[Atomic]:
    """Return whether ``instrument`` is ``Atomic``."""
    return hasattr(instrument, "at_once")


class Judged(Instrument, Protocol):
    """An instrument whose state is what a search looks for, so that an agent may name the best it knows."""

    def name_incumbent(self, command: Incumbent) -> tuple[int, Note]:
        """Take the state by which it is judged from now on; return its size, and what the trace keeps of it.

        Raises ``CommandError`` for a state that it could not be brought to.
        """


class Setting(NamedTuple):
    """Hold what an instrument is built into: the run's seed, the host's configuration, and the meter."""

    seed: int
    host: Any
    meter: Meter


class Stand(NamedTuple):
    """Say what stands on the bench under a kind's name: its configuration and, if it has one, its design."""

    config: Any
    design: Any = None


class Scale(NamedTuple):
    """Say how large the work of an instrument will be, before it or the work exists.

    ``layers`` are the shapes (outputs, inputs) of the matrices that are taped out, ``feeds`` what they are fed with
    where it is not whole vectors, and ``sizes`` those that an instrument is built to; ``batch`` is how many samples
    come at once, ``watched`` how many a watcher sends.
    """

    layers: tuple[tuple[int, int], ...] = ()
    sizes: tuple[int, ...] = ()
    batch: int = 1
    watched: int = 0
    feeds: tuple[Patches, ...] = ()


def no_memory(config: Any, scale: Scale) -> Mapping[str, int]:
    """Return that nothing worth a word is kept."""
    del config, scale
    return {}


Lab = Mapping[str, Stand]
"""What stands on a bench, by the name of its kind."""


def _no_cautions(config: Any) -> Iterable[str]:
    del config
    return ()


def _never_refused(stand: Stand, host: Any) -> None:
    del stand, host


def _no_parts(instrument: Any, state: str) -> NDArray[np.int64]:
    del instrument, state
    return np.empty(0, dtype=np.int64)


def _nothing_hidden(instrument: Any, state: str, index: int) -> None:
    del instrument, state, index


def _no_time(stand: Stand, host: Any) -> float:
    del stand, host
    return 0.0


@dataclass(frozen=True)
class InstrumentKind:
    """Say what a kind of instrument is: everything that the house outside its own folder needs to know of it.

    Attributes
    ----------
    name
        Its name in a trace, and the section of a study that configures it.
    config
        The model of that section.
    commands
        The commands that it serves, and their kinds in the trace.
    plan
        The plan of a kind of command for some work, under a configuration and a host; pure.
    idle_w
        What each component of a stand draws all the time; raises ``ConfigError`` where that needs a design that
        is not known.
    build
        Makes the instrument; raises ``ConfigError`` or ``PhysicsError`` for what cannot be.
    counts
        Of the kinds of command that are queries, the column of /commands that holds how many each one is, or
        "" for one.
    retiming
        What a re-timing has to know of it beyond its plans.
    again
        The command that a row of a trace was; None where no replay can ask for it again.
    frame_terms
        Of a configuration and a number of frames, how often each of its times counts in what they take; None where
        plans tell.
    disturbs
        Hidden state that an agent may change by ``Disturb``: name, and what it is.
    parts
        Of an instrument that was built and a hidden state, the indices (n,) of the parts that have it; none where
        the state has no parts.
    hidden
        Of an instrument that was built, a hidden state and the index of a part (-1: it has none), the value that it
        has; None of what passes by itself. Operators of a served bench see it, and nobody else.
    deaf
        Hidden states in which commands are not heard, while they are not 0.
    sized
        Makes the design of an instrument that is built to its controller's measure, from the sizes asked for and
        the word for what entries it will be asked to show.
    told
        As much of its design as a re-timing needs, of its configuration, the states that a trace keeps, by name,
        and the design that recorded commands tell, if they do.
    check
        Raises ``ConfigError`` or ``PhysicsError`` for a stand, of as much design as ``told`` gives, that cannot be
        built beside the host or not do what it is for; a run asks before it is built, and a re-timing, too.
    least_s
        Of a stand beside a host, the least time of a query in seconds, as far as it can be told before a run; a run
        whose queries would last beyond the range of time is refused for it.
    cautions
        What to keep in mind of readings by an instrument so configured, in words.
    moved
        Its section as an older trace has it, with every key where it stands today.
    memory
        Of a configuration and a scale, the bytes of what it will keep in memory, by what that is; pure and quick.
    named
        What a trace calls the rows in which an agent names its incumbent; the instrument is ``Judged`` then.
    words
        How it is spoken to over a wire; a kind without words is not served there.
    """

    name: str
    config: type[StrictModel]
    commands: Mapping[type, str]
    plan: Callable[[Any, Any, str, Mapping[str, int]], Plan]
    idle_w: Callable[[Stand], Mapping[str, float]]
    build: Callable[[Stand, Setting], Instrument]
    counts: Mapping[str, str]
    retiming: Retiming = field(default_factory=Retiming)
    again: Callable[[Recorded], Served] | None = None
    frame_terms: Callable[[Any, int], Mapping[str, float]] | None = None
    disturbs: Mapping[str, str] = field(default_factory=dict)
    parts: Callable[[Any, str], NDArray[np.int64]] = _no_parts
    hidden: Callable[[Any, str, int], float | None] = _nothing_hidden
    deaf: frozenset[str] = frozenset()
    sized: Callable[[tuple[int, ...], str], Any] | None = None
    told: Callable[[Any, Mapping[str, NDArray[Any]], Any], Any] | None = None
    check: Callable[[Stand, Any], None] = _never_refused
    least_s: Callable[[Stand, Any], float] = _no_time
    cautions: Callable[[Any], Iterable[str]] = _no_cautions
    moved: Callable[[Mapping[str, object]], Tree] = dict
    memory: Callable[[Any, Scale], Mapping[str, int]] = no_memory
    named: str = ""
    words: Words = SILENT

    @property
    def disturbances(self) -> Mapping[str, str]:
        """Return what a trace calls the changes of its hidden states, and the states; they take no time."""
        return {f"disturb.{name}": name for name in self.disturbs}

    @property
    def at_once(self) -> frozenset[str]:
        """Return what a trace calls the rows that take no time and wait for nobody, and so have no price."""
        return frozenset({*self.disturbances, *filter(None, (self.named,))})


def by_name(*kinds: InstrumentKind) -> Mapping[str, InstrumentKind]:
    """Return ``kinds`` by their names, in order."""
    return {kind.name: kind for kind in kinds}
