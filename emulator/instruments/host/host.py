"""The host on the bench: it serves Compute, thinks between commands, and draws power for both.

Time is the slower of arithmetic and memory traffic (a roofline), plus a start-up cost. Not modelled: caches, and
contention between computing, thinking and the grabbing of camera frames, each of which has cores of its own.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from emulator.commands import Compute, Computed
from emulator.errors import CommandError
from emulator.instruments.chip.config import HostConfig
from emulator.instruments.instrument import Outcome, Service, State
from emulator.meter import Meter
from emulator.trace import AnyRecorder
from emulator.trace.plans import Step, Work
from emulator.units import s_to_ps

__all__ = ["Host", "compute_s", "compute_steps"]

_MOST: Final = 2**63 - 1


def compute_s(config: HostConfig, flops: float, bytes_moved: float) -> float:
    """Return the seconds that ``flops`` operations on ``bytes_moved`` bytes take, without the start-up cost.

    The roofline of S. Williams et al., Communications of the ACM 52(4), 2009: max(flops/peak, bytes/bandwidth).
    """
    return max(flops / config.flops_per_s, bytes_moved / config.bytes_per_s)


def compute_steps(config: HostConfig, activity: str, work: Mapping[str, int]) -> tuple[Step, ...]:
    """Return the spans of a Compute of ``work`` ("flops", "bytes")."""
    seconds = config.launch_s + compute_s(config, work["flops"], work["bytes"])
    return (("host", activity, s_to_ps(seconds)),)


class Host:
    """Serve one Compute at a time; ``begin_thought`` and ``rest`` frame the time between an agent's commands."""

    name = "host"
    pipelined = False
    kinds: Mapping[type, str] = {Compute: "compute"}

    def __init__(self, config: HostConfig, meter: Meter, recorder: AnyRecorder) -> None:
        self.queries = 0
        self._config = config
        self._meter = meter
        self._recorder = recorder
        self._idle_w, self._active_w = config.idle_power_w, config.active_power_w
        self._component = meter.component("host", config.idle_power_w)
        self._at_work = 0
        self._thought_ps = 0
        self._services: dict[tuple[str, int, int], Service] = {}

    def begin_thought(self, t_ps: int, duration_ps: int) -> None:
        """Be active from ``t_ps`` on, for ``duration_ps`` as far as the ledger is concerned."""
        self._thought_ps += duration_ps
        self.commence(t_ps)

    def commence(self, start_ps: int) -> None:
        """Be active from ``start_ps`` on."""
        self._at_work += 1
        if self._at_work == 1:
            self._meter.set(self._component, start_ps, self._active_w)

    def rest(self, t_ps: int) -> None:
        """Be idle from ``t_ps`` on, unless something else is still to do."""
        self._at_work -= 1
        if self._at_work == 0:
            self._meter.set(self._component, t_ps, self._idle_w)

    def begin(self, command: Compute) -> Service:
        """Check ``command`` and return its service; raise ``CommandError`` when it cannot be served."""
        for name, amount in (("flops", command.flops), ("bytes", command.bytes)):
            if type(amount) is not int or not 0 <= amount <= _MOST:
                raise CommandError(f"Compute: {name}={amount!r} is not a whole number in [0, 2^63)")
        if type(command.activity) is not str or not command.activity.isidentifier():
            raise CommandError(f"Compute: activity={command.activity!r} is not a name such as 'forward'")
        key = (command.activity, command.flops, command.bytes)
        known = self._services.get(key)
        if known is not None:
            return known
        work: Work = (("flops", command.flops), ("bytes", command.bytes))
        steps = compute_steps(self._config, command.activity, dict(work))
        service = Service(steps[0][2], self._recorder.plan(steps, work), steps)
        self._services[key] = service
        return service

    def finish(self, command: Compute, start_ps: int, end_ps: int) -> Outcome:
        """Be done at ``end_ps`` with the work that began at ``start_ps``."""
        self.rest(end_ps)
        self.queries += 1
        return Computed(end_ps - start_ps), -1, float(command.flops), float(command.bytes)

    def busy_ps(self) -> dict[str, int]:
        """Return the time spent on each activity; thinking is "host.compute"."""
        busy = {"host.compute": self._thought_ps}
        for service in self._services.values():
            name = f"host.{service.steps[0][1]}"
            busy[name] = busy.get(name, 0) + service.uses * service.duration_ps
        return busy

    def opening_states(self) -> Sequence[State]:
        """Return nothing: a host has no state of its own."""
        return ()

    def closing_states(self) -> Sequence[State]:
        """Return nothing."""
        return ()
