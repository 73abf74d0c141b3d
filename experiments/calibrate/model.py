"""What a trace's command latencies are made of: numbers of its configuration, each counted so many times.

The time for which a command holds its instrument is linear in times: a latency, a conversion, the inverse of a
rate. How often each counts is the derivative of the command's plan. Time that no number of the configuration stands
for stays as it was recorded. It reads traces and fits nothing.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.config.difference import leaves
from emulator.config.models import build, parse_toml
from emulator.errors import TraceError
from emulator.instruments.effects import Effect, effect_in
from emulator.instruments.host.kind import KIND as HOST
from emulator.instruments.instrument import InstrumentKind, Stand
from emulator.instruments.registry import INSTRUMENTS
from emulator.plan import REMAINDER
from emulator.trace.plans import freed_ps
from emulator.trace.reading.reader import Trace
from emulator.units import PS_PER_S

__all__ = ["LatencyModel", "Parameter", "latency_model"]

_RATES: Final = ("_hz", "_per_s")
_TIMES: Final = (*_RATES, "_s")
_ROUNDED_S: Final = 1e-11
"""Ten steps of a plan, each of which is a whole number of picoseconds."""

_STRETCH: Final = 1e6
"""All times grow so much before a derivative is taken: there, picoseconds are too small to matter."""

_STEP: Final = 2.0**-10
"""By which share of itself a time grows for a derivative."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number of the configuration: its dotted path, its recorded value, and whether time goes as its inverse."""

    path: str
    value: float

    @property
    def is_rate(self) -> bool:
        """Tell whether the number is a rate, so that the inverse of it is a time."""
        return self.path.endswith(_RATES)

    @property
    def seconds(self) -> float:
        """Return the time that the recorded value stands for."""
        return 1.0 / self.value if self.is_rate else self.value

    def at(self, seconds: float) -> float:
        """Return the value that stands for ``seconds``; an infinite rate for none."""
        if not self.is_rate:
            return seconds
        return 1.0 / seconds if seconds > 0 else math.inf


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


class _Type(NamedTuple):
    """What distinguishes one type of command from another; ``frames`` is -1 for one that sends none."""

    instrument: str
    kind: str
    work: Mapping[str, int]
    held_ps: int
    frames: int


def latency_model(trace: Trace) -> LatencyModel:
    """Return what the commands of ``trace`` take, as a function of its configuration.

    Raises ``TraceError`` when it holds no commands, or does not say what they asked for, and ``ConfigError`` when
    its configuration is none.
    """
    if len(trace.commands.t_done) == 0:
        raise TraceError(
            f"{trace.path}: it holds no commands (detail {trace.detail!r}), so nothing can be compared"
        )
    types, type_of = _types(trace)
    lab = _lab(trace)
    counts = [_counts(lab, one) for one in types]
    paths = sorted({path for row in counts for path in row})
    values: dict[str, Any] = {}
    for name, stand in lab.items():
        values |= leaves(stand.config, f"{name}.")
    parameters = tuple(Parameter(path, float(values[path])) for path in paths)
    design = np.array([[row.get(path, 0.0) for path in paths] for row in counts]).reshape(
        len(types), len(paths)
    )
    held_s = np.array([one.held_ps for one in types]) / PS_PER_S
    rest_s = held_s - design @ np.array([parameter.seconds for parameter in parameters])
    return LatencyModel(
        parameters,
        type_of,
        tuple(one.kind for one in types),
        np.array([one.work.get("heaters", -1) for one in types]),
        np.array([one.work.get("samples", -1) for one in types]),
        np.bincount(type_of, minlength=len(types)),
        design,
        np.where(np.abs(rest_s) <= _ROUNDED_S + 1e-9 * held_s, 0.0, rest_s),
    )


def _lab(trace: Trace) -> dict[str, Stand]:
    """Return the configurations of the instruments that ``trace`` embeds, by name."""
    where = str(trace.path)
    tree = parse_toml(trace.config_text, where)
    sections = {name: tree.get(name, {} if name == HOST.name else None) for name in INSTRUMENTS}
    return {
        name: Stand(build(INSTRUMENTS[name].config, INSTRUMENTS[name].moved(section), where))
        for name, section in sections.items()
        if isinstance(section, dict)
    }


def _types(trace: Trace) -> tuple[list[_Type], NDArray[np.int64]]:
    """Return the types of command that differ, and the type of each command."""
    commands, work = trace.commands, trace.work
    held_ps = freed_ps(commands, trace.plans) - commands.t_started
    frames = np.full(len(held_ps), -1, dtype=np.int64)
    frames[trace.frames.command] = trace.frames.sent
    facts = np.stack([commands.instrument, commands.kind, commands.plan, held_ps, frames], axis=1)
    different, type_of = np.unique(facts.astype(np.int64), axis=0, return_inverse=True)
    instruments, kinds = trace.labels("commands.instrument"), trace.labels("commands.kind")
    quantities = trace.labels("work.quantity")
    asked: dict[int, dict[str, int]] = {}
    for plan, quantity, value in zip(
        work.plan.tolist(), work.quantity.tolist(), work.value.tolist(), strict=True
    ):
        asked.setdefault(plan, {})[quantities[quantity]] = value
    if trace.schema_version == 1:
        raise TraceError(
            f"{trace.path}: a trace of schema version 1 does not say what its commands asked for"
        )
    return [
        _Type(instruments[instrument], kinds[kind], asked.get(plan, {}), held, sent)
        for instrument, kind, plan, held, sent in different.tolist()
    ], type_of.ravel()


def _counts(lab: Mapping[str, Stand], one: _Type) -> dict[str, float]:
    """Return how often each number of the configuration counts in the time for which ``one`` holds its place."""
    kind = INSTRUMENTS.get(one.instrument)
    if kind is None or kind.name not in lab or one.kind not in kind.commands.values():
        return {}
    if one.frames >= 0:
        terms = kind.frame_terms(lab[kind.name].config, one.frames) if kind.frame_terms is not None else {}
        return {f"{kind.name}.{path}": times for path, times in terms.items()}
    found: dict[str, float] = {}
    for name in dict.fromkeys((kind.name, HOST.name)):
        for path, value in leaves(lab[name].config, f"{name}.").items():
            if isinstance(value, float | int) and _is_timing(path):
                times = _counted(lab, one, kind, Parameter(path, float(value)))
                found |= {path: times} if times > 0 else {}
    return found


def _counted(lab: Mapping[str, Stand], one: _Type, kind: InstrumentKind, number: Parameter) -> float:
    """Return how often ``number`` counts: the derivative of the plan, a whole number where it is one."""
    step_s = _STEP * (number.seconds or _ROUNDED_S)
    before_ps, after_ps = (_held_ps(lab, one, kind, number.path, more_s) for more_s in (0.0, step_s))
    times = (after_ps - before_ps) / PS_PER_S / (_STRETCH * step_s)
    whole = round(times)
    return float(whole) if abs(times - whole) <= 1e-6 * max(1.0, times) else times


def _is_timing(path: str) -> bool:
    """Tell whether the number at ``path`` is a time, or a rate, that commands take."""
    section, _, below = path.partition(".")
    if not path.endswith(_TIMES):
        return False
    effect = effect_in(INSTRUMENTS[section].retiming.effects, below)
    return effect is not None and Effect.TIMING in effect


def _held_ps(lab: Mapping[str, Stand], one: _Type, kind: InstrumentKind, path: str, more_s: float) -> int:
    """Return how long ``one`` would hold its instrument, all times stretched, that at ``path`` by more."""
    configs = {name: _stretched(stand.config, name, path, more_s) for name, stand in lab.items()}
    steps = kind.plan(configs[kind.name], configs[HOST.name], one.kind, one.work).steps
    return sum(step.ps for step in steps if step.held and step.ps != REMAINDER)


def _stretched(config: Any, prefix: str, path: str, more_s: float) -> Any:
    """Return ``config`` with every time ``_STRETCH`` times as long, and that at ``path`` by ``more_s`` before."""
    changed: dict[str, object] = {}
    for name in type(config).model_fields:
        value, whole = getattr(config, name), f"{prefix}.{name}"
        if hasattr(value, "model_copy"):
            changed[name] = _stretched(value, whole, path, more_s)
        elif isinstance(value, float | int) and _is_timing(whole):
            number = Parameter(whole, float(value))
            seconds = number.seconds + (more_s if whole == path else 0.0)
            changed[name] = number.at(_STRETCH * seconds)
    return config.model_copy(update=changed)
