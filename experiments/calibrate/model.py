"""What a trace's command latencies are made of: numbers of its configuration, each counted so many times.

The service time of a command is linear in times: a latency, a conversion, the inverse of a rate. How often each
counts follows from the command's spans, which are known for the recorded values. Time that no number of the
configuration stands for stays as it was recorded. It reads traces and fits nothing.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.trace.reading.reader import Trace
from emulator.trace.schema import REMAINDER
from emulator.units import PS_PER_S
from experiments.calibrate.terms import CHIP_SPANS, ROUNDED_S, Count, Parameter, RecordedConfig

__all__ = ["LatencyModel", "latency_model"]


@dataclass(frozen=True, eq=False)
class LatencyModel:
    """Say what each type of command takes: ``design @ seconds of the parameters + rest_s``.

    Attributes
    ----------
    parameters : tuple of Parameter
        The numbers that at least one command depends on.
    type_of : array of int, (commands,)
        The type of each command of the trace.
    kinds, heaters, samples : (types,)
        Kind of command, and how many heaters it sets and samples it reads; -1 where that means nothing.
    uses : array of int, (types,)
        How many commands of the trace are of the type.
    design : array, (types, parameters)
        How often each parameter counts.
    rest_s : array, (types,)
        What no parameter stands for, in seconds.
    """

    parameters: tuple[Parameter, ...]
    type_of: NDArray[np.int64]
    kinds: tuple[str, ...]
    heaters: NDArray[np.int64]
    samples: NDArray[np.int64]
    uses: NDArray[np.int64]
    design: NDArray[np.float64]
    rest_s: NDArray[np.float64]

    @property
    def seconds(self) -> NDArray[np.float64]:
        """Return the times that the recorded values stand for, (parameters,)."""
        return np.array([parameter.seconds for parameter in self.parameters])


class _Kind(NamedTuple):
    """What distinguishes one type of command from another."""

    instrument: int
    kind: int
    plan: int
    service_ps: int
    heaters: int
    samples: int
    frames: int


def latency_model(trace: Trace) -> LatencyModel:
    """Return what the commands of ``trace`` take, as a function of its configuration.

    Raises ``TraceError`` when it holds no commands, and ``ConfigError`` when its configuration is not TOML.
    """
    if len(trace.commands.t_done) == 0:
        raise TraceError(
            f"{trace.path}: it holds no commands (detail {trace.detail!r}), so nothing can be compared"
        )
    config = RecordedConfig(trace)
    kinds, type_of = _types(trace)
    counts = [_counts(trace, config, kind) for kind in kinds]
    paths = sorted({count.path for row in counts for count in row})
    found = [config.parameter(path) for path in paths]
    parameters = tuple(parameter for parameter in found if parameter is not None)
    design = np.zeros((len(kinds), len(parameters)))
    for row, counted in zip(design, counts, strict=True):
        for path, times in counted:
            row[paths.index(path)] += times
    service_s = np.array([kind.service_ps for kind in kinds]) / PS_PER_S
    seconds = np.array([parameter.seconds for parameter in parameters])
    names = trace.labels("commands.kind")
    return LatencyModel(
        parameters,
        type_of,
        tuple(names[kind.kind] for kind in kinds),
        np.array([kind.heaters for kind in kinds]),
        np.array([kind.samples for kind in kinds]),
        np.bincount(type_of, minlength=len(kinds)),
        design,
        _snap(service_s - design @ seconds, service_s),
    )


def _snap(rest_s: NDArray[np.float64], service_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``rest_s`` without what rounding to picoseconds has left."""
    return np.where(np.abs(rest_s) <= 10 * ROUNDED_S + 1e-9 * service_s, 0.0, rest_s)


def _types(trace: Trace) -> tuple[list[_Kind], NDArray[np.int64]]:
    """Return the types of command that differ, and the type of each command."""
    commands = trace.commands
    service_ps = commands.t_done - commands.t_started
    facts = (
        commands.instrument, commands.kind, commands.plan, service_ps, _heaters(trace), _samples(trace),
        _frames(trace),
    )  # fmt: skip
    code, first = np.zeros(len(service_ps), dtype=np.int64), np.zeros(1, dtype=np.int64)
    for fact in facts:
        values, at = np.unique(fact, return_inverse=True)
        if len(values) > 1:
            _, first, code = np.unique(code * len(values) + at, return_index=True, return_inverse=True)
    return [_Kind(*(int(fact[row]) for fact in facts)) for row in first.tolist()], code


def _is(trace: Trace, kind: str) -> NDArray[np.bool_]:
    names = trace.labels("commands.kind")
    return np.asarray(trace.commands.kind == (names.index(kind) if kind in names else -1))


def _heaters(trace: Trace) -> NDArray[np.int64]:
    """Return how many heaters each command sets, -1 for other commands."""
    commands, setpoints = trace.commands, trace.setpoints
    several = np.bincount(setpoints.command, minlength=len(commands.t_done))[: len(commands.t_done)]
    return np.where(_is(trace, "set_phases"), np.where(commands.target >= 0, 1, several), -1)


def _samples(trace: Trace) -> NDArray[np.int64]:
    """Return how many samples each command reads, -1 for other commands and unknown batches."""
    commands, batches = trace.commands, trace.batches
    order = np.argsort(batches.key, kind="stable")
    keys, counts = batches.key[order], batches.count[order].astype(np.int64)
    if len(keys) == 0:
        return np.full(len(commands.t_done), -1, dtype=np.int64)
    at = np.searchsorted(keys, commands.target).clip(0, len(keys) - 1)
    known = _is(trace, "forward") & (keys[at] == commands.target)
    return np.where(known, counts[at], -1)


def _frames(trace: Trace) -> NDArray[np.int64]:
    """Return how many frames each command sent, -1 for commands that send none."""
    frames = np.full(len(trace.commands.t_done), -1, dtype=np.int64)
    frames[trace.frames.command] = trace.frames.sent
    return frames


def _counts(trace: Trace, config: RecordedConfig, kind: _Kind) -> list[Count]:
    """Return how often each number of the configuration counts in the service time of ``kind``."""
    instrument = trace.labels("commands.instrument")[kind.instrument]
    name = trace.labels("commands.kind")[kind.kind]
    if instrument == "host" and name == "compute":
        return _compute_counts(trace, config, kind)
    if kind.frames >= 0:
        return _projection_counts(config, kind)
    counts: list[Count] = []
    for activity, seconds in _steps(trace, kind):
        if instrument == "chip" and activity in CHIP_SPANS:
            counts += CHIP_SPANS[activity](config, seconds)
    return counts


def _steps(trace: Trace, kind: _Kind) -> Iterable[tuple[str, float]]:
    """Yield "resource.activity" and seconds of each span of the plan."""
    plans = trace.plans
    resources, activities = trace.labels("plans.resource"), trace.labels("plans.activity")
    mine = np.flatnonzero(plans.plan == kind.plan)
    fixed_ps = int(plans.duration_ps[mine][plans.duration_ps[mine] != REMAINDER].sum())
    for step in mine.tolist():
        lasting_ps = int(plans.duration_ps[step])
        ps = kind.service_ps - fixed_ps if lasting_ps == REMAINDER else lasting_ps
        yield f"{resources[plans.resource[step]]}.{activities[plans.activity[step]]}", ps / PS_PER_S


def _projection_counts(config: RecordedConfig, kind: _Kind) -> list[Count]:
    """Count what a projection takes a frame, an acquisition after the first, and once.

    All else stays as it was recorded: exposure and readout, and the wait for frames of the command before.
    """
    most = config.parameter("opu.batch_patterns")
    acquisitions = math.ceil(kind.frames / most.value) if most is not None else 1
    counts = [
        *([Count(path, float(kind.frames)) for path in config.frame_clock()]),
        Count("opu.acquisition_s", float(acquisitions - 1)),
        Count("opu.pcie.latency_s", 1.0 if kind.frames else 0.0),
    ]
    return [count for count in counts if count.times > 0 and config.parameter(count.path) is not None]


def _compute_counts(trace: Trace, config: RecordedConfig, kind: _Kind) -> list[Count]:
    """Count the start-up cost once, and the operations or the bytes, whichever took longer when recorded."""
    work, names = trace.work, trace.labels("work.quantity")
    mine = work.plan == kind.plan
    asked = [
        (path, float(work.value[mine & (work.quantity == names.index(quantity))].sum()))
        for path, quantity in (("host.flops_per_s", "flops"), ("host.bytes_per_s", "bytes"))
        if quantity in names and config.parameter(path) is not None
    ]
    slowest = max(asked, key=lambda pair: _taken_s(config, *pair), default=None)
    once = [Count("host.launch_s", 1.0)] if config.parameter("host.launch_s") is not None else []
    return [*once, *([] if slowest is None or not slowest[1] else [Count(*slowest)])]


def _taken_s(config: RecordedConfig, path: str, times: float) -> float:
    parameter = config.parameter(path)
    return 0.0 if parameter is None else times * parameter.seconds
