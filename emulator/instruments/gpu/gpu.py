"""The GPUs on the bench: they serve Kernel, and draw power for it; all of them march in step.

A kernel that several GPUs carry out at once lasts as long as on one of them, and each draws for it. Two kernels
are never carried out at once: what would overlap in different GPUs comes as one Kernel of ``devices``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, fields, replace
from typing import Any, Final

import numpy as np

from emulator.commands import Computed, Kernel
from emulator.errors import CommandError
from emulator.instruments.gpu.check import NEEDED, GpuDesign
from emulator.instruments.gpu.config import GpuConfig
from emulator.instruments.gpu.timing import kernel_time
from emulator.instruments.instrument import Change, Outcome, Service, Setting, Stand, State
from emulator.plan import Plan, Step, Work
from emulator.units import s_to_ps

__all__ = ["COMPONENT", "Gpu", "gpu_plan", "idle_w", "recorded_kernel"]

COMPONENT: Final = "gpu"
"""What draws the power of all GPUs."""

_MOST: Final = 2**63 - 1
_AMOUNTS: Final = tuple(field.name for field in fields(Kernel) if field.name != "activity")


def idle_w(stand: Stand) -> Mapping[str, float]:
    """Return what the GPUs draw all the time, in watts."""
    return {COMPONENT: stand.config.idle_power_w * stand.config.count}


def gpu_plan(config: GpuConfig, host: Any, kind: str, work: Mapping[str, int]) -> Plan:
    """Return the plan of a Kernel of ``work``; what computes comes first, as the command names it."""
    del host
    time, devices = kernel_time(config, work), work["devices"]
    busy_w = max(0.0, config.busy_power_w - config.idle_power_w) * devices
    steps = [Step("gpu", kind, s_to_ps(time.computing_s), COMPONENT, busy_w)]
    for resource, activity, seconds in (
        ("gpu", "launch", time.launch_s),
        ("pcie", "cross", time.pcie_s),
        ("interconnect", "reduce", time.interconnect_s),
    ):
        if ps := s_to_ps(seconds):
            steps.append(Step(resource, activity, ps))
    return Plan(tuple(steps), tuple(work.items()))


def recorded_kernel(work: Mapping[str, int], activity: str) -> Kernel:
    """Return the Kernel that a row of a trace was."""
    amounts = {name: amount for name, amount in work.items() if name in _AMOUNTS}
    return Kernel(activity, **{**amounts, "half": bool(amounts.get("half", 0))})  # type: ignore[arg-type]


class Gpu:
    """Serve one Kernel at a time."""

    pipelined = False

    def __init__(self, config: GpuConfig, design: GpuDesign | None, setting: Setting) -> None:
        self.queries = 0
        self._config = config
        self._design = design
        self._services: dict[Kernel, Service] = {}
        for component, watts in idle_w(Stand(config)).items():
            setting.meter.component(component, watts)

    @classmethod
    def build(cls, stand: Stand, setting: Setting) -> "Gpu":
        """Return the GPUs of ``stand``."""
        return cls(stand.config, stand.design, setting)

    def begin(self, command: Kernel) -> Service:
        """Check ``command`` and return its service; raise ``CommandError`` when it cannot be served."""
        known = self._services.get(command)
        if known is None:
            known = self._services[command] = self._priced(command)
        return known

    def _priced(self, command: Kernel) -> Service:
        for name, amount in zip(_AMOUNTS, astuple(command)[1:], strict=True):
            whole = bool if name == "half" else int
            if type(amount) is not whole or not 0 <= amount <= _MOST:
                raise CommandError(f"Kernel: {name}={amount!r} is not a whole number in [0, 2^63)")
        if type(command.activity) is not str or not command.activity.isidentifier():
            raise CommandError(f"Kernel: activity={command.activity!r} is not a name such as 'forward'")
        if not 1 <= command.devices <= self._config.count:
            raise CommandError(
                f"Kernel: devices={command.devices}; on the bench are {self._config.count} (gpu.count)"
            )
        work: Work = tuple((name, int(getattr(command, name))) for name in _AMOUNTS)
        plan = gpu_plan(self._config, None, "kernel", dict(work))
        named = plan.steps[0]._replace(activity=command.activity)
        return Service.of(replace(plan, steps=(named, *plan.steps[1:])))

    def run(self, command: Kernel, service: Service, start_ps: int) -> Outcome:
        """Be done with the kernel that began at ``start_ps``."""
        del start_ps
        self.queries += 1
        return Computed(service.reply_ps), -1, float(command.flops), float(command.bytes), None

    def opening_states(self) -> Sequence[State]:
        """Return nothing."""
        return ()

    def closing_states(self) -> Sequence[State]:
        """Return what each GPU had to hold, if that is known."""
        return () if self._design is None else ((NEEDED, np.array(self._design, dtype=np.int64), "B"),)

    def disturb(self, name: str, index: int, value: float) -> Change:
        """Refuse: a GPU hides nothing."""
        raise CommandError(f"Disturb: the GPU has no hidden state {name!r}")
