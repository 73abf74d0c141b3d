"""What an agent is, and how its errors come out of the simulation as they were raised."""

from collections.abc import Generator, Mapping, Sequence

from emulator.arguments import shown
from emulator.commands import Controller
from emulator.errors import CommandError, TraceError
from emulator.trace.schema import MAX_NAMES
from emulator.trace.writing.header import Label

__all__ = ["Failed", "check_observers", "checked_agents", "in_use"]

_WHAT = "an agent is a generator that yields commands: call a generator function to get one"


class Failed(Exception):  # noqa: N818  (carries an error; it is none itself)
    """Carry ``error``, which the agent ``name`` raised or met, out of the simulation.

    SimPy raises the errors of processes anew, as ``type(error)(*error.args)``; this class bears it.
    """

    def __init__(self, name: str, error: BaseException) -> None:
        super().__init__(name, error)
        self.name = name
        self.error = error

    @classmethod
    def of(cls, name: str, error: BaseException) -> "Failed":
        """Return what carries ``error``, which has a note of the agent; what is carried already stays."""
        if isinstance(error, cls):
            return error
        error.add_note(f"This was raised by the agent {name!r}.")
        return cls(name, error)


def checked_agents(agents: Mapping[str, Controller]) -> Mapping[str, Controller]:
    """Return ``agents``; raise ``CommandError`` unless each is a generator of its own under a name."""
    if not isinstance(agents, Mapping):
        raise CommandError(
            f"agents: {_short(agents)} is no mapping; allowed: agents by name, such as {{'mine': mine()}}; {_WHAT}"
        )
    if not 0 < len(agents) <= MAX_NAMES["agent"]:
        raise CommandError(
            f"agents: {len(agents)} were given; allowed: 1 to {MAX_NAMES['agent']}, the main one first; {_WHAT}"
        )
    seen: dict[int, str] = {}
    for name, agent in agents.items():
        _check_name(name)
        if not isinstance(agent, Generator):
            raise CommandError(f"agents: {name!r} is {_short(agent)}; {_WHAT}")
        if id(agent) in seen:
            raise CommandError(f"agents: {name!r} and {seen[id(agent)]!r} are one and the same; {_WHAT}")
        seen[id(agent)] = name
    return agents


def _check_name(name: object) -> None:
    if not isinstance(name, str):
        raise CommandError(f"agents: the name {_short(name)} is no text; allowed: printable text")
    try:
        Label("agent", 0, name)
    except TraceError as error:
        raise CommandError(f"agents: {error}") from error


def _short(thing: object) -> str:
    return f"{type(thing).__name__} {repr(thing)[:60]}"


def check_observers(observers: object) -> None:
    """Raise ``CommandError`` for what are no observers."""
    allowed = "a list of observers, each with every_queries and observe(bench)"
    if not isinstance(observers, Sequence) or isinstance(observers, str):
        raise CommandError(f"bench: observers = {shown(observers)} is refused; allowed: {allowed}")
    for observer in observers:
        if not (callable(getattr(observer, "observe", None)) and hasattr(observer, "every_queries")):
            raise CommandError(f"bench: the observer {shown(observer)} is refused; allowed: {allowed}")


def in_use() -> CommandError:
    """Return the refusal of a second caller."""
    return CommandError(
        "bench: it is in use already, by another thread or by an agent or observer that it runs; allowed: one "
        "caller at a time, so give each thread a bench of its own, or share a lock"
    )
