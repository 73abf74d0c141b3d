"""Where the time of a re-timed run goes, by the ledger's definition; it keeps no spans."""

from collections import Counter
from typing import Final

import numpy as np

from emulator.instruments.opu.spans import STAGES
from emulator.retiming.prices import Prices
from emulator.retiming.recording import Recording
from emulator.retiming.schedule import Schedule
from emulator.trace.analysis.frames import frame_table
from emulator.trace.analysis.intervals import claims
from emulator.trace.analysis.ledger import HOST, IDLE, host_stretches, span_shares_ps
from emulator.trace.plans import Step, expand_plans, merge_spans
from emulator.trace.schema import REMAINDER, Commands, Plans, Spans
from emulator.units import PS_PER_S

__all__ = ["SETTLING", "as_commands", "latency_by_span", "plan_steps", "respanned"]

SETTLING: Final = ("heaters", "settling", REMAINDER)
"""The span of a settling, as a chip records it."""


def plan_steps(prices: Prices) -> tuple[tuple[Step, ...], ...]:
    """Return the steps of every plan as the trace would hold them: an own duration is the remainder."""
    own = prices.rows.own.tolist()
    return tuple((SETTLING,) if mine else steps for steps, mine in zip(prices.steps, own, strict=True))


def latency_by_span(recording: Recording, prices: Prices, schedule: Schedule) -> dict[str, float]:
    """Return the seconds that go into each "resource.activity", ``HOST`` and ``IDLE``, as the ledger counts them.

    Raises ``TraceError`` when commands overlap and their spans are too many to be held in memory.
    """
    if recording.sequential:
        share_ps = _sequential_shares(recording, prices, schedule)
    else:
        share_ps = _overlapping_shares(recording, prices, schedule)
    return {name: ps / PS_PER_S for name, ps in share_ps.items() if ps or name == IDLE}


def _sequential_shares(recording: Recording, prices: Prices, schedule: Schedule) -> Counter[str]:
    shares: Counter[str] = Counter()
    for number, steps in enumerate(plan_steps(prices)):
        for resource, activity, duration_ps in steps:
            if duration_ps == REMAINDER:
                mine = recording.links.plan == number
                shares[f"{resource}.{activity}"] += int(recording.own_ps[mine].sum()) if mine.any() else 0
            else:
                shares[f"{resource}.{activity}"] += recording.plans[number].used * duration_ps
    times = schedule.times
    first_ps = int(times.t_issued[0]) if recording.count else schedule.elapsed_ps
    shares[HOST] += schedule.elapsed_ps - first_ps - shares.total()  # a Compute may bear this name, too
    shares[IDLE] = first_ps
    return shares


def _overlapping_shares(recording: Recording, prices: Prices, schedule: Schedule) -> Counter[str]:
    spans, plans, names = respanned(recording, prices, schedule)
    commands = as_commands(recording, schedule)
    shares = span_shares_ps(claims(spans, commands, plans), schedule.elapsed_ps)
    share_ps = Counter({
        f"{names[key >> 8]}.{names[key & 0xFF]}": int(shares[key]) for key in np.flatnonzero(shares).tolist()
    })  # fmt: skip
    host_ps = host_stretches(commands, schedule.elapsed_ps).total_ps
    share_ps[HOST] += host_ps
    share_ps[IDLE] = schedule.elapsed_ps - int(shares.sum()) - host_ps
    return share_ps


def respanned(
    recording: Recording, prices: Prices, schedule: Schedule
) -> tuple[Spans, Plans, tuple[str, ...]]:
    """Return the sorted spans of the re-timed run, its plans, and the names that resources and activities index."""
    numbers: dict[str, int] = {}
    rows = [
        (number, _number(numbers, resource), _number(numbers, activity), duration_ps)
        for number, steps in enumerate(plan_steps(prices))
        for resource, activity, duration_ps in steps
    ]
    plan, resource, activity, duration = (
        (list(column) for column in zip(*rows, strict=True)) if rows else ([],) * 4
    )
    plans = Plans(
        np.array(plan, np.uint16),
        np.array(resource, np.uint8),
        np.array(activity, np.uint8),
        np.array(duration, np.int64),
    )
    planned = expand_plans(as_commands(recording, schedule), plans)
    spans = merge_spans(_frame_spans(schedule, numbers), planned)
    return spans, plans, tuple(numbers)


def _frame_spans(schedule: Schedule, numbers: dict[str, int]) -> Spans:
    passes = [(row, times) for row, sent in schedule.sent for times in sent.passes]
    stages = [(_number(numbers, resource), _number(numbers, activity)) for resource, activity, _, _ in STAGES]
    return frame_table(passes, stages)


def as_commands(recording: Recording, schedule: Schedule) -> Commands:
    """Return the re-timed commands as a table; what no ledger asks for is zero."""
    links, times = recording.links, schedule.times
    none = np.zeros(recording.count)
    return Commands(
        links.agent, none.astype(np.uint8), none.astype(np.uint8), links.plan, links.cause.astype(np.int64),
        times.t_issued, times.t_started, times.t_done, none.astype(np.int32), none, none,
    )  # fmt: skip


def _number(numbers: dict[str, int], name: str) -> int:
    return numbers.setdefault(name, len(numbers))
