"""Which energy each component drew while each span ran: what a what-if needs to stretch a run in time.

The latency ledger gives every instant to one span; here the power drawn at that instant goes the same way.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.kernel import kernel
from emulator.trace.analysis.energy_curve import EnergyCurve
from emulator.trace.analysis.ledger import HOST, IDLE
from emulator.trace.plans import expand_plans
from emulator.trace.reading.reader import Trace
from emulator.trace.schema import Commands, Spans
from emulator.units import PS_PER_S
from experiments.inspect.inspection import Inspection

__all__ = ["Attribution", "Segments", "attribute_energy", "exclusive_segments"]

_KEYS: Final = 256 * 256  # resource and activity are one byte each
_CHUNK: Final = 250_000
"""Commands whose spans are held in memory at a time, where the trace lets itself be cut."""


@dataclass(frozen=True, eq=False)
class Attribution:
    """Hold the energy of each component in each span.

    Attributes
    ----------
    spans : tuple of str
        The names of the latency ledger, ``HOST`` and ``IDLE`` among them.
    components : tuple of str
        The names of the energy ledger.
    time_s : array (spans,)
        The latency ledger.
    energy_j : array (spans, components)
        Its columns add up to the energy ledger.
    measured : bool
        False when the trace holds no power or no spans: each component's mean power stands in.
    """

    spans: tuple[str, ...]
    components: tuple[str, ...]
    time_s: NDArray[np.float64]
    energy_j: NDArray[np.float64]
    measured: bool


@dataclass(frozen=True, eq=False)
class Segments:
    """Stretches of time (ps), each of which belongs to one span key (256 * resource + activity)."""

    key: NDArray[np.int64]
    t_start: NDArray[np.int64]
    t_end: NDArray[np.int64]


def attribute_energy(trace: Trace, found: Inspection) -> Attribution:
    """Return the energy of each component of ``found`` in each span of its latency ledger.

    What no span covers is shared between ``HOST`` and ``IDLE`` in proportion to the ledger's times, which is
    exact when one of them is 0. Raises ``TraceError`` when the trace is damaged.
    """
    spans, components = tuple(found.latency_by_span_s), tuple(found.energy_by_component_j)
    time_s = np.array([found.latency_by_span_s[name] for name in spans])
    total_j = np.array([found.energy_by_component_j[name] for name in components])
    if len(trace.power.t) == 0 or len(trace.commands.t_done) + len(trace.spans.t_start) == 0:
        share = time_s / time_s.sum() if time_s.sum() else np.zeros(len(spans))
        return Attribution(spans, components, time_s, np.outer(share, total_j), False)
    covered_ps, drawn_j = _totals_by_key(trace, components)
    resources, activities = trace.labels("spans.resource"), trace.labels("spans.activity")
    energy_j = np.zeros((len(spans), len(components)))
    rest_s = np.where(np.isin(spans, (HOST, IDLE)), time_s, 0.0)
    for key in np.flatnonzero(covered_ps).tolist():
        row = spans.index(f"{resources[key >> 8]}.{activities[key & 0xFF]}")
        energy_j[row] += drawn_j[key]
        rest_s[row] = max(0.0, rest_s[row] - covered_ps[key] / PS_PER_S)
    if rest_s.sum() > 0:
        energy_j += np.outer(rest_s / rest_s.sum(), total_j - energy_j.sum(axis=0))
    return Attribution(spans, components, time_s, energy_j, True)


def exclusive_segments(spans: Spans, elapsed_ps: int) -> Segments:
    """Cut [0, ``elapsed_ps``] so that each instant belongs to the covering span that started last.

    Of several, to the one that ends first, and of those to the one of the last row: the rule of the latency
    ledger. What no span covers is in no segment; the segments are in order of time.
    """
    t_start, t_end = spans.t_start.clip(0, elapsed_ps), spans.t_end.clip(0, elapsed_ps)
    order = np.lexsort((-spans.t_end, spans.t_start))
    order = order[t_end[order] > t_start[order]]
    owner, start, end = _cut(t_start[order], t_end[order])
    key = spans.resource[order].astype(np.int64) * 256 + spans.activity[order]
    return Segments(key[owner], start, end)


def _totals_by_key(
    trace: Trace, components: tuple[str, ...]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return how long (ps) the segments of each span key last, and the joules (keys, components) drawn then."""
    known = trace.labels("power.component")
    curves = [EnergyCurve.of(trace.power, known.index(name)) for name in components]
    covered_ps = np.zeros(_KEYS, dtype=np.int64)
    drawn_j = np.zeros((_KEYS, len(curves)))
    for spans in _pieces(trace):
        segments = exclusive_segments(spans, trace.elapsed_ps)
        np.add.at(covered_ps, segments.key, segments.t_end - segments.t_start)
        for column, curve in enumerate(curves):
            joules = curve.at_j(segments.t_end) - curve.at_j(segments.t_start)
            drawn_j[:, column] += np.bincount(segments.key, joules, minlength=_KEYS)
    return covered_ps, drawn_j


def _pieces(trace: Trace) -> Iterator[Spans]:
    """Yield all spans, in pieces between which nothing was at work where only plans stand for them."""
    commands = trace.commands
    if trace.detail == "full" or len(trace.spans.command):
        yield trace.all_spans()
        return
    first = 0
    for row in (*_quiet_rows(commands), len(commands.t_done)):
        part = Commands(*(getattr(commands, field.name)[first:row] for field in fields(Commands)))
        yield expand_plans(part, trace.plans)
        first = row


def _quiet_rows(commands: Commands) -> list[int]:
    """Return rows, a chunk apart, before which all earlier commands were done when the later ones started."""
    if len(commands.t_done) <= _CHUNK:
        return []
    done = np.maximum.accumulate(commands.t_done)[:-1]
    ahead = np.minimum.accumulate(commands.t_started[::-1])[::-1][1:]
    quiet = np.flatnonzero(done <= ahead) + 1
    wanted = np.arange(_CHUNK, len(commands.t_done), _CHUNK)
    found = np.searchsorted(quiet, wanted)
    return [int(row) for row in np.unique(quiet[found[found < len(quiet)]])]


@kernel
def _cut(
    t_start: NDArray[np.int64], t_end: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return (owner, start, end) of the segments of spans in the order in which later ones take precedence.

    The spans at work lie on a stack, the latest on top: one that ends below the top is dropped when it
    surfaces.
    """
    count = t_start.shape[0]
    owner = np.empty(2 * count, dtype=np.int64)
    start = np.empty(2 * count, dtype=np.int64)
    end = np.empty(2 * count, dtype=np.int64)
    stack = np.empty(count, dtype=np.int64)
    depth = cuts = 0
    now = np.int64(0)
    for position in range(count + 1):
        # After the last span, time runs on until the stack is empty.
        until = t_start[position] if position < count else np.int64(2**62)
        while depth > 0 and now < until:
            top = stack[depth - 1]
            stop = min(t_end[top], until)
            if stop > now:
                owner[cuts], start[cuts], end[cuts] = top, now, stop
                cuts += 1
                now = stop
            if t_end[top] <= now:
                depth -= 1
        if position < count:
            now = until
            stack[depth] = position
            depth += 1
    return owner[:cuts], start[:cuts], end[:cuts]
