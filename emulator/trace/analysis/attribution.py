"""Which energy each component drew while each span ran: what a what-if needs to stretch a run in time.

The latency ledger gives every instant to one span, to the host or to nobody, as ``analysis.intervals`` says; here
the power drawn at that instant goes the same way.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.trace.analysis.energy_curve import EnergyCurve
from emulator.trace.analysis.excerpt import claimed_spans
from emulator.trace.analysis.ledger import IDLE, owned_pieces, span_name
from emulator.trace.plans import expand_plans
from emulator.trace.reading.reader import Trace
from emulator.trace.schema import Commands, Spans

__all__ = ["Attribution", "attribute_energy"]

_KEYS: Final = 256 * 256  # resource and activity are one byte each
_CHUNK: Final = 250_000
"""Commands whose spans are held in memory at a time, where the trace lets itself be cut."""


@dataclass(frozen=True, eq=False)
class Attribution:
    """Hold the energy of each component in each span.

    Attributes
    ----------
    spans : tuple of str
        The names of the latency ledger, ``IDLE`` among them.
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


@np.errstate(over="ignore", invalid="ignore")
def attribute_energy(
    trace: Trace, latency_by_span_s: Mapping[str, float], energy_by_component_j: Mapping[str, float]
) -> Attribution:
    """Return the energy of each component in each span of the two ledgers of ``trace``.

    Raises ``TraceError`` when the trace is damaged.
    """
    spans, components = tuple(latency_by_span_s), tuple(energy_by_component_j)
    time_s = np.array([latency_by_span_s[name] for name in spans])
    total_j = np.array([energy_by_component_j[name] for name in components])
    if len(trace.power.t) == 0 or len(trace.commands.t_done) + len(trace.spans.t_start) == 0:
        share = time_s / time_s.sum() if time_s.sum() else np.zeros(len(spans))
        return Attribution(spans, components, time_s, np.outer(share, total_j), False)
    curves = _curves(trace, components)
    drawn_j = _drawn_by_key(trace, curves)
    row = {name: number for number, name in enumerate(spans)}
    energy_j = np.zeros((len(spans), len(components)))
    for key in np.flatnonzero(drawn_j.any(axis=1)).tolist():
        energy_j[row[span_name(trace, key)]] += drawn_j[key]
    if latency_by_span_s.get(IDLE):
        energy_j[row[IDLE]] += total_j - energy_j.sum(axis=0)
    return Attribution(spans, components, time_s, energy_j, True)


def _curves(trace: Trace, components: Sequence[str]) -> list[EnergyCurve]:
    known = trace.labels("power.component")
    return [EnergyCurve.of(trace.power, known.index(name)) for name in components]


def _drawn_by_key(trace: Trace, curves: Sequence[EnergyCurve]) -> NDArray[np.float64]:
    """Return the joules (keys, components) that were drawn while the spans of each key (``span_name``) ran."""
    drawn_j = np.zeros((_KEYS, len(curves)))
    for spans in _claimed(trace):
        pieces = owned_pieces(spans, trace.elapsed_ps)
        key = spans.resource[pieces.span].astype(np.int64) * 256 + spans.activity[pieces.span]
        for column, curve in enumerate(curves):
            joules = curve.at_j(pieces.t_end) - curve.at_j(pieces.t_start)
            drawn_j[:, column] += np.bincount(key, joules, minlength=_KEYS)
    return drawn_j


def _claimed(trace: Trace) -> Iterator[Spans]:
    """Yield all spans, pipelined stages cut; where plans stand for all, in parts between instants without work."""
    commands = trace.commands
    if trace.detail == "full" or len(trace.spans.command):
        yield claimed_spans(trace)
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
