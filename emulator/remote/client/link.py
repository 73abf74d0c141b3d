"""What all instruments at the end of one wire, or of several, share: their talks, their time, and what they draw.

Local time follows an instrument's own, where its dialect asks for that, else the wall clock.
"""

from collections.abc import Mapping
from time import monotonic, sleep
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.commands import Forward
from emulator.errors import CommandError, ConfigError, WireError
from emulator.meter import Meter
from emulator.remote.client.talk import Talk
from emulator.units import PS_PER_S, ps_to_s, s_to_ps

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
    """Share ``talks`` between instruments; ``mark`` is where time stood after the last line.

    A command is said in the first talk that has words for it. Raises ``ConfigError`` where two of them tell time.
    """

    def __init__(self, *talks: Talk) -> None:
        self.talks = talks
        clocks = [talk for talk in talks if talk.dialect.after is not None]
        if len(clocks) > 1:
            both = " and ".join(repr(talk.dialect.name) for talk in clocks[:2])
            raise ConfigError(
                f"the dialects {both} both tell time or energy; allowed: one of a bench's dialects"
            )
        self._clock = clocks[0] if clocks else talks[0]
        after = self._clock.dialect.after
        told = {one.name for one in after.gives} if after is not None else set()
        self._has_time, self._has_energy = "time_ps" in told, "energy_j" in told
        self._handle: int | None = None
        self._began_s = monotonic()
        self._began = self.mark = self._accounted = Mark(0, 0.0)
        if after is not None:
            found = self._clock.look("after", after)
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
        """Return whether a dialect has words for ``command``."""
        return any(command in talk.dialect.commands for talk in self.talks)

    def refuse_unspoken(self, command: type) -> None:
        """Raise ``CommandError`` where no dialect has words for ``command``."""
        if not self.speaks(command):
            known = (
                ", ".join(each.__name__ for talk in self.talks for each in talk.dialect.commands) or "none"
            )
            names = ", ".join(repr(talk.dialect.name) for talk in self.talks)
            have = "dialect {} has" if len(self.talks) == 1 else "dialects {} have"
            raise CommandError(
                f"{command.__name__}: the {have.format(names)} no words for it, but for {known}"
            )

    def say(self, command: type, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answers to ``command`` with ``values``, and move ``mark``; raises what the talk raises."""
        self.refuse_unspoken(command)
        talk = next(each for each in self.talks if command in each.dialect.commands)
        found = talk.say(command.__name__, talk.dialect.commands[command], values)
        self._move(found, talk)
        return found

    @property
    def reads_one_by_one(self) -> bool:
        """Return whether outputs are told one a line, of the one sample that is on the inputs."""
        phrases = (talk.dialect.commands.get(Forward) for talk in self.talks)
        first = next((phrase for phrase in phrases if phrase is not None), None)
        return first is not None and first.each == "output"

    def devices(self) -> NDArray[np.float64] | None:
        """Return which device of the chip each channel is, or None where nobody tells."""
        for talk in self.talks:
            if (words := talk.dialect.heaters) is not None:
                found = talk.say("heaters", words, {})
                self._move(found, talk)
                return np.asarray(found["devices"])
        return None

    def phases(self, channels: NDArray[np.int64]) -> NDArray[np.float64] | None:
        """Return what ``channels``, all of them, are driven to, in radians, or None where nobody tells."""
        for talk in self.talks:
            if (words := talk.dialect.phases) is not None:
                found = talk.say("phases", words, {"channels": channels})
                self._move(found, talk)
                law = talk.dialect.config.law
                if "volts" in found and law is not None:
                    return law.radians(found["volts"], channels)
                return np.asarray(found["radians"])
        return None

    def settle(self, duration_ps: int | None) -> None:
        """Let heat settle where no dialect has words for that: for ``duration_ps``, or for as long as one says."""
        least_s = max(talk.dialect.config.wire.settle_s for talk in self.talks)
        self.reach(self.mark.time_ps + (s_to_ps(least_s) if duration_ps is None else duration_ps))

    def reach(self, local_ps: int) -> None:
        """Let the instrument's time pass until ``local_ps``; on the wall clock, sleep."""
        late_ps = local_ps - self.mark.time_ps
        if late_ps <= 0:
            return
        clock = self._clock
        if self._has_time:
            wait = clock.dialect.wait
            if wait is None:
                raise CommandError(
                    f"Wait: the dialect {clock.dialect.name!r} has no words to wait for an instant"
                )
            found = clock.say("wait", wait, {"seconds": ps_to_s(self._began.time_ps + local_ps)})
            self._move(found, clock)
        else:
            left_s = ps_to_s(local_ps) - (monotonic() - self._began_s)
            if left_s > 0:
                sleep(left_s)
            self._move({}, clock)

    def _move(self, found: Mapping[str, Any], talk: Talk) -> None:
        before = self.mark
        if talk is not self._clock and (self._has_time or self._has_energy):
            after = self._clock.dialect.after
            assert after is not None  # noqa: S101  (it tells time or energy)
            found = self._clock.look("after", after)
        if self._has_time:
            time_ps = found["time_ps"] - self._began.time_ps
            if time_ps < before.time_ps:
                raise WireError(f"the instrument's time went back, from {before.time_ps} to {time_ps} ps")
        else:
            time_ps = max(before.time_ps, int((monotonic() - self._began_s) * PS_PER_S))
        energy_j = found["energy_j"] - self._began.energy_j if self._has_energy else 0.0
        self.mark = Mark(time_ps, energy_j)
