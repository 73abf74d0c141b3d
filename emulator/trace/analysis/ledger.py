"""Where the energy and the time of a run went, recomputed from its trace; nothing is estimated here.

Times are added as whole picoseconds; energies are the exact integral of the power steps, rounded once.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.arguments import shown
from emulator.errors import TraceError
from emulator.trace.analysis.excerpt import claimed_spans
from emulator.trace.analysis.frames import stored_parts
from emulator.trace.analysis.intervals import (
    NO_SPAN,
    Pieces,
    divide,
)
from emulator.trace.analysis.sums import sum_once
from emulator.trace.draws import planned_w_ps, step_ps
from emulator.trace.reading.reader import Trace
from emulator.trace.schema import Commands, Plans, Power, Spans
from emulator.units import PS_PER_S

__all__ = [
    "HOST",
    "IDLE",
    "energy_by_component",
    "integral_by_component",
    "lasting_by_span_ps",
    "latency_by_span",
    "owned_pieces",
    "plan_shares_ps",
    "span_name",
    "span_shares_ps",
]

HOST: Final = "host.think"
"""Key of the time in which the host thinks upon a reading."""

IDLE: Final = "idle"
"""Key of the time in which nothing was recorded to happen."""

_KEYS: Final = 256 * 256  # resource and activity are one byte each


def _check(what: str, trace: object) -> None:
    """Raise ``TraceError`` for what has nothing of a trace."""
    if not hasattr(trace, "elapsed_ps"):
        raise TraceError(
            f"{what}: trace = {shown(trace)} is refused; allowed: a Trace, as open_trace returns"
        )


def energy_by_component(trace: Trace) -> dict[str, float]:
    """Return the energy in joules that each component of ``trace`` drew: of its levels, and of plans above them.

    E = (fsum(P * dt_ps) + fsum(W * uses * step_ps)) / 1e12, where uses and picoseconds are multiplied and added as
    integers. Raises ``TraceError`` when the trace is damaged.
    """
    _check("energy_by_component", trace)
    components = trace.labels("power.component")
    drawn = _products_w_ps(trace.power_levels, components, trace.elapsed_ps)
    if trace.detail != "full":  # there, what plans draw is stored with the levels
        for number, products in planned_w_ps(trace.commands, trace.plans, trace.draws).items():
            drawn[components[number]] += products
    return {name: sum_once(products) / PS_PER_S for name, products in drawn.items()}


def integral_by_component(power: Power, components: Sequence[str], elapsed_ps: int) -> dict[str, float]:
    """Return the energy in joules that each of ``components`` drew between 0 and ``elapsed_ps``.

    ``power.component`` indexes ``components``. A component draws nothing before its first row; of several
    rows at one instant the last counts. Each product of power and duration is rounded to a float, their sum
    is not: E = fsum(P * dt_ps) / 1e12.
    """
    drawn = _products_w_ps(power, components, elapsed_ps)
    return {name: sum_once(products) / PS_PER_S for name, products in drawn.items()}


def _products_w_ps(power: Power, components: Sequence[str], elapsed_ps: int) -> dict[str, list[float]]:
    """Return the power times the duration of each step of each component."""
    drawn = {}
    for index, name in enumerate(components):
        mine = np.flatnonzero(power.component == index)
        mine = mine[np.argsort(power.t[mine], kind="stable")]
        edges = np.append(power.t[mine], elapsed_ps).clip(0, elapsed_ps)
        with np.errstate(over="ignore", invalid="ignore"):  # a damaged run's watts may be anything
            drawn[name] = (power.watts[mine] * np.diff(edges)).tolist()
    return drawn


def latency_by_span(trace: Trace) -> dict[str, float]:
    """Return the seconds of [0, elapsed] that went into each "resource.activity" and ``IDLE``.

    Whose an instant is, ``emulator.trace.analysis.intervals`` says. In whole picoseconds the values add up to the
    elapsed time. Raises ``TraceError`` when the trace is damaged; a trace of detail "summary" knows no spans, so
    that all of it is idle.
    """
    _check("latency_by_span", trace)
    shares = _fast_shares(trace)
    if shares is None:
        shares = span_shares_ps(claimed_spans(trace), trace.elapsed_ps)
    share_ps = {span_name(trace, key): int(shares[key]) for key in np.flatnonzero(shares).tolist()}
    share_ps[IDLE] = trace.elapsed_ps - int(shares.sum())
    return {name: ps / PS_PER_S for name, ps in share_ps.items()}


def lasting_by_span_ps(trace: Trace) -> dict[str, int]:
    """Return how long all spans of each "resource.activity" lasted together, also where they overlapped, in ps.

    It is what the bench counts while it runs. Raises ``TraceError`` when the trace is damaged.
    """
    total = np.zeros(_KEYS, dtype=np.int64)
    if trace.detail != "full":  # there, the spans of plans are stored with the others
        total += plan_shares_ps(trace.commands, trace.plans)
    for spans in stored_parts(trace):
        total += _sum_by_key(spans.resource, spans.activity, spans.t_end - spans.t_start)
    return {span_name(trace, key): int(total[key]) for key in np.flatnonzero(total).tolist()}


def span_name(trace: Trace, key: int) -> str:
    """Return the "resource.activity" of a span key (256 * resource + activity)."""
    return f"{trace.labels('spans.resource')[key >> 8]}.{trace.labels('spans.activity')[key & 0xFF]}"


def _fast_shares(trace: Trace) -> NDArray[np.int64] | None:
    commands = trace.commands
    if trace.detail == "full" or len(trace.spans.command):
        return None
    overlap = np.any(commands.t_started[1:] < commands.t_done[:-1])
    if overlap or (len(commands.t_done) and int(commands.t_done[-1]) > trace.elapsed_ps):
        return None
    return plan_shares_ps(commands, trace.plans)


def plan_shares_ps(commands: Commands, plans: Plans) -> NDArray[np.int64]:
    """Return the ps of each span key (256 * resource + activity) of ``commands`` that never overlap.

    No span is built: a plan's steps are multiplied by how often it was carried out.
    """
    return _sum_by_key(plans.resource, plans.activity, step_ps(commands, plans))


def span_shares_ps(spans: Spans, elapsed_ps: int) -> NDArray[np.int64]:
    """Return the ps of [0, ``elapsed_ps``] that each span key (256 * resource + activity) is given."""
    pieces = owned_pieces(spans, elapsed_ps)
    return _sum_by_key(
        spans.resource[pieces.span], spans.activity[pieces.span], pieces.t_end - pieces.t_start
    )


def owned_pieces(spans: Spans, elapsed_ps: int) -> Pieces:
    """Return the pieces of [0, ``elapsed_ps``] that one of ``spans`` owns, whose stages ``claims`` has cut."""
    whole = np.zeros(1, dtype=np.int64), np.full(1, elapsed_ps, dtype=np.int64)
    pieces = divide(spans, np.zeros(len(spans.t_start), dtype=np.int64), *whole)
    owned = pieces.span != NO_SPAN
    return Pieces(*(column[owned] for column in pieces))


def _sum_by_key(
    resource: NDArray[np.uint8], activity: NDArray[np.uint8], ps: NDArray[np.int64]
) -> NDArray[np.int64]:
    total = np.zeros(_KEYS, dtype=np.int64)
    np.add.at(total, resource.astype(np.int64) * 256 + activity, ps)
    return total
