"""What all instruments at the end of one wire share: its talk, its time, and what it draws.

Local time follows the instrument's own, where its dialect asks for that, else the wall clock.
"""

from collections.abc import Mapping
from time import monotonic, sleep
from typing import Any, Final, NamedTuple

from emulator.errors import CommandError, WireError
from emulator.meter import Meter
from emulator.remote.client.dialect import Phrased
from emulator.remote.client.talk import Talk
from emulator.units import PS_PER_S, ps_to_s

__all__ = ["Link", "Mark"]

METERED: Final = "bench"
"""The component that draws what the instrument says that it draws."""

NOT_METERED: Final = "bench.not_metered"
"""The component of an instrument that says nothing of it: 0 W stands for what nobody knows."""


class Mark(NamedTuple):
    """Hold local time, and joules since the talk began."""

    time_ps: int
    energy_j: float


class Link:
    """Share ``talk`` between instruments; ``mark`` is where it stood after the last line."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        after = talk.dialect.after
        told = {one.name for one in after.gives} if after is not None else set()
        self._has_time, self._has_energy = "time_ps" in told, "energy_j" in told
        self._handle: int | None = None
        self._began_s = monotonic()
        self._began = self.mark = self._accounted = Mark(0, 0.0)
        if after is not None:
            found = talk.look("after", after)
            self._began = Mark(found.get("time_ps", 0), found.get("energy_j", 0.0))

    def account(self) -> tuple[int, float] | None:
        """Return since when, and how many watts, the instrument drew in the mean; None where no time passed."""
        since, mark = self._accounted, self.mark
        if not self._has_energy or mark.time_ps == since.time_ps:
            return None
        self._accounted = mark
        drawn_j = max(0.0, mark.energy_j - since.energy_j)
        return since.time_ps, drawn_j * PS_PER_S / (mark.time_ps - since.time_ps)

    def component(self, meter: Meter) -> int:
        """Return the handle of what draws the instrument's power in ``meter``, the same for all that share it."""
        if self._handle is None:
            self._handle = meter.component(METERED if self._has_energy else NOT_METERED)
        return self._handle

    def speaks(self, command: type) -> bool:
        """Return whether the dialect has words for ``command``."""
        return command in self.talk.dialect.commands

    def refuse_unspoken(self, command: type) -> None:
        """Raise ``CommandError`` where the dialect has no words for ``command``."""
        if not self.speaks(command):
            known = ", ".join(each.__name__ for each in self.talk.dialect.commands) or "none"
            raise CommandError(
                f"{command.__name__}: the dialect {self.talk.dialect.name!r} has no words for it, but for {known}"
            )

    def say(self, command: type, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answers to ``command`` with ``values``, and move ``mark``; raises what the talk raises."""
        self.refuse_unspoken(command)
        found = self.talk.say(command.__name__, self.talk.dialect.commands[command], values)
        self._move(found)
        return found

    def ask(self, what: str, words: Phrased) -> dict[str, Any]:
        """Return the answers to a look-up, and move ``mark``."""
        found = self.talk.say(what, words, {})
        self._move(found)
        return found

    def reach(self, local_ps: int) -> None:
        """Let the instrument's time pass until ``local_ps``; on the wall clock, sleep."""
        late_ps = local_ps - self.mark.time_ps
        if late_ps <= 0:
            return
        if self._has_time:
            wait = self.talk.dialect.wait
            if wait is None:
                raise CommandError(
                    f"Wait: the dialect {self.talk.dialect.name!r} has no words to wait for an instant"
                )
            self._move(self.talk.say("wait", wait, {"seconds": ps_to_s(self._began.time_ps + local_ps)}))
        else:
            left_s = ps_to_s(local_ps) - (monotonic() - self._began_s)
            if left_s > 0:
                sleep(left_s)
            self._move({})

    def _move(self, found: Mapping[str, Any]) -> None:
        before = self.mark
        if self._has_time:
            time_ps = found["time_ps"] - self._began.time_ps
            if time_ps < before.time_ps:
                raise WireError(f"the instrument's time went back, from {before.time_ps} to {time_ps} ps")
        else:
            time_ps = max(before.time_ps, int((monotonic() - self._began_s) * PS_PER_S))
        energy_j = found["energy_j"] - self._began.energy_j if self._has_energy else 0.0
        self.mark = Mark(time_ps, energy_j)
