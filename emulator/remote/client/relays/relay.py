"""What all relays share: a command is carried out elsewhere when it starts, and leaves one row that says when."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.commands import Reply
from emulator.errors import CommandError, DivergedError
from emulator.instruments.instrument import Change, Note, Outcome, Rows, Service, Setting, State
from emulator.plan import REMAINDER, Step
from emulator.remote.client.link import Link, Mark
from emulator.remote.client.phrases import PHRASES

__all__ = ["PREFIX", "Relay", "Told"]

PREFIX = "remote."
"""What the kinds of commands begin with that were carried out elsewhere: no plan of ours tells their price."""


class Told(NamedTuple):
    """Hold what the trace keeps of a command: target, value, result, what is noted first, heaters and phases."""

    target: int = -1
    value: float = 0.0
    result: float = 0.0
    note: Note | None = None
    setpoints: tuple[NDArray[np.int64], NDArray[np.float64]] | None = None


class Relay:
    """Pass commands on over ``link``; a kind of instrument adds what its commands say, and what is kept of them."""

    pipelined = False
    resource = ""
    kinds: Mapping[type, str] = {}
    """What the trace calls each command."""

    def __init__(self, link: Link, setting: Setting) -> None:
        self.queries = 0
        self.at_once = frozenset(self.kinds)
        self.link = link
        self._handle = link.component(setting.meter)
        self._services: dict[tuple[str, str], Service] = {}

    def values(self, command: Any) -> Mapping[str, Any]:
        """Return what is said of ``command``; raises ``CommandError`` for what cannot be said."""
        raise NotImplementedError

    def told(self, command: Any, reply: Any) -> Told:
        """Return what the trace keeps of ``command``, and count its queries."""
        raise NotImplementedError

    def activity(self, command: Any) -> str:
        """Return what the instrument does meanwhile."""
        return self.kinds[type(command)].removeprefix(PREFIX)

    def expect(self, command: Any) -> None:
        """Raise ``CommandError`` unless ``command`` can be put into words."""
        self.refuse_unspoken(command)
        self.values(command)

    def refuse_unspoken(self, command: Any) -> None:
        """Raise ``CommandError`` where there are no words for ``command``."""
        self.link.refuse_unspoken(type(command))

    def exchange(self, command: Any) -> Any:
        """Return the reply to ``command``, as it is told on the wire."""
        return PHRASES[type(command)].reply(command, self.link.say(type(command), self.values(command)))

    def perform(self, command: Any, start_ps: int) -> tuple[Reply | DivergedError, Rows]:
        """Have ``command`` carried out, not before ``start_ps``; return the reply and the row that it leaves."""
        link = self.link
        link.reach(start_ps)
        before = link.mark
        note = self.prepare(command)
        reply = self.exchange(command)
        told = self.told(command, reply)
        if not np.isfinite(told.result):
            raise DivergedError(f"{self.resource}: query {self.queries} read a value that is not finite")
        return reply, self._row(command, told._replace(note=note or told.note), before, link.mark)

    def prepare(self, command: Any) -> Note | None:
        """Bring to the instrument what ``command`` needs there; return what the trace has to be told of it."""
        del command
        return None

    def _row(self, command: Any, told: Told, before: Mark, after: Mark) -> Rows:
        drawn = self.link.account()
        levels = [] if drawn is None else [drawn]
        one = np.zeros(1, dtype=np.int64)
        return Rows(
            kinds=(self.kinds[type(command)],),
            kind_of=one,
            services=(self._service(self.kinds[type(command)], self.activity(command)),),
            service_of=one,
            started_ps=np.array([before.time_ps]),
            done_ps=np.array([after.time_ps]),
            target=np.array([told.target]),
            value=np.array([told.value]),
            result=np.array([told.result]),
            handle=self._handle,
            level_ps=np.array([since_ps for since_ps, _ in levels], dtype=np.int64),
            level_w=np.array([watts for _, watts in levels], dtype=np.float64),
            level_of=np.zeros(len(levels), dtype=np.int64),
            note=told.note,
            setpoints=told.setpoints,
        )

    def _service(self, kind: str, activity: str) -> Service:
        known = self._services.get((kind, activity))
        if known is None:
            template = (Step(self.resource, activity, REMAINDER),)
            known = self._services[kind, activity] = Service(0, 0, (), (), template)
        return known

    # ------------------------------------------------------------ what an instrument has to have, and a relay not

    def begin(self, command: Any) -> Service:
        """Refuse: all commands of a relay are carried out in one go."""
        raise CommandError(f"{type(command).__name__} is not for the {self.resource} at the end of a wire")

    def run(self, command: Any, service: Service, start_ps: int) -> Outcome:
        """Refuse, as ``begin`` does."""
        del service, start_ps
        raise CommandError(f"{type(command).__name__} is not for the {self.resource} at the end of a wire")

    def opening_states(self) -> Sequence[State]:
        """Return nothing."""
        return ()

    def closing_states(self) -> Sequence[State]:
        """Return nothing."""
        return ()

    def disturb(self, name: str, index: int, value: float) -> Change:
        """Refuse: what is hidden in an instrument elsewhere is its own affair."""
        raise CommandError(f"{self.resource}.{name} is hidden state of an instrument elsewhere")
