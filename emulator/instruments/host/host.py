"""The host on the bench: it serves Compute, thinks upon readings, and draws power for both.

Time is the slower of arithmetic and memory traffic (a roofline), plus a start-up cost. Computing, thinking and the
grabbing of camera frames have cores of their own: they do not wait for each other, and their powers add up. Not
modelled: caches, and what cores share.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from emulator.commands import Compute, Computed
from emulator.errors import CommandError
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Change, Outcome, Service, Setting, Stand, State
from emulator.plan import Plan, Step
from emulator.units import s_to_ps

__all__ = ["COMPONENT", "Host", "compute_s", "host_plan", "thought"]

COMPONENT: Final = "host"
"""What draws the host's power."""

_MOST: Final = 2**63 - 1


def compute_s(config: HostConfig, flops: float, bytes_moved: float) -> float:
    """Return the seconds that ``flops`` operations on ``bytes_moved`` bytes take, without the start-up cost.

    The roofline of S. Williams et al., Communications of the ACM 52(4), 2009: max(flops/peak, bytes/bandwidth).
    """
    return max(flops / config.flops_per_s, bytes_moved / config.bytes_per_s)


def host_plan(config: HostConfig, host: HostConfig, kind: str, work: Mapping[str, int]) -> Plan:
    """Return the plan of a Compute of ``work`` ("flops", "bytes"); a command names its activity itself."""
    seconds = config.launch_s + compute_s(config, work["flops"], work["bytes"])
    return Plan((_at_work(config, kind, s_to_ps(seconds)),), tuple(work.items()))


def thought(config: HostConfig) -> tuple[Step, ...]:
    """Return the step in which the host computes what a reading means, if that takes time; it holds nothing."""
    ps = s_to_ps(config.overhead_s)
    return (_at_work(config, "think", ps)._replace(held=False),) if ps else ()


def _at_work(config: HostConfig, activity: str, ps: int) -> Step:
    return Step(COMPONENT, activity, ps, COMPONENT, max(0.0, config.active_power_w - config.idle_power_w))


class Host:
    """Serve one Compute at a time."""

    pipelined = False

    def __init__(self, config: HostConfig, setting: Setting) -> None:
        self.queries = 0
        self._config = config
        self._services: dict[tuple[str, int, int], Service] = {}
        setting.meter.component(COMPONENT, config.idle_power_w)

    @classmethod
    def build(cls, stand: Stand, setting: Setting) -> "Host":
        """Return the host of ``stand``."""
        return cls(stand.config, setting)

    def begin(self, command: Compute) -> Service:
        """Check ``command`` and return its service; raise ``CommandError`` when it cannot be served."""
        for name, amount in (("flops", command.flops), ("bytes", command.bytes)):
            if type(amount) is not int or not 0 <= amount <= _MOST:
                raise CommandError(f"Compute: {name}={amount!r} is not a whole number in [0, 2^63)")
        if type(command.activity) is not str or not command.activity.isidentifier():
            raise CommandError(f"Compute: activity={command.activity!r} is not a name such as 'forward'")
        key = (command.activity, command.flops, command.bytes)
        known = self._services.get(key)
        if known is None:
            work = {"flops": command.flops, "bytes": command.bytes}
            plan = host_plan(self._config, self._config, "compute", work)
            named = (plan.steps[0]._replace(activity=command.activity),)
            known = self._services[key] = Service.of(replace(plan, steps=named))
        return known

    def run(self, command: Compute, service: Service, start_ps: int) -> Outcome:
        """Be done with the work that began at ``start_ps``."""
        self.queries += 1
        return Computed(service.reply_ps), -1, float(command.flops), float(command.bytes), None

    def opening_states(self) -> Sequence[State]:
        """Return nothing: a host has no state of its own."""
        return ()

    def closing_states(self) -> Sequence[State]:
        """Return nothing."""
        return ()

    def disturb(self, name: str, index: int, value: float) -> Change:
        """Refuse: a host hides nothing."""
        raise CommandError(f"Disturb: the host has no hidden state {name!r}")
