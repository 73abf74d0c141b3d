"""Where the time of a re-timed run goes, by the ledger's definition; it keeps no spans."""

from collections import Counter

import numpy as np

from emulator.plan import REMAINDER
from emulator.retiming.prices import Prices
from emulator.retiming.recording import Recording
from emulator.retiming.schedule import Schedule
from emulator.trace.analysis.intervals import claims
from emulator.trace.analysis.ledger import IDLE, span_shares_ps
from emulator.trace.plans import expand_plans, merge_spans
from emulator.trace.schema import Commands, Plans, Spans
from emulator.units import PS_PER_S

__all__ = ["as_commands", "latency_by_span", "respanned"]


def latency_by_span(recording: Recording, prices: Prices, schedule: Schedule) -> dict[str, float]:
    """Return the seconds that go into each "resource.activity" and ``IDLE``, as the ledger counts them.

    Raises ``TraceError`` when commands overlap and their spans are too many to be held in memory.
    """
    if recording.sequential:
        share_ps = _sequential_shares(recording, prices)
    else:
        share_ps = _overlapping_shares(recording, prices, schedule)
    share_ps[IDLE] = schedule.elapsed_ps - share_ps.total()
    return {name: ps / PS_PER_S for name, ps in share_ps.items() if ps or name == IDLE}


def _sequential_shares(recording: Recording, prices: Prices) -> Counter[str]:
    shares: Counter[str] = Counter()
    for number, steps in enumerate(prices.steps):
        used = recording.plans[number].used
        for step in steps if used else ():
            name = f"{step.resource}.{step.activity}"
            if step.ps == REMAINDER:
                shares[name] += int(recording.own_ps[recording.links.plan == number].sum())
            else:
                shares[name] += used * step.ps
    return shares


def _overlapping_shares(recording: Recording, prices: Prices, schedule: Schedule) -> Counter[str]:
    spans, plans, names = respanned(recording, prices, schedule)
    commands = as_commands(recording, schedule)
    shares = span_shares_ps(claims(spans, commands, plans), schedule.elapsed_ps)
    return Counter({
        f"{names[key >> 8]}.{names[key & 0xFF]}": int(shares[key]) for key in np.flatnonzero(shares).tolist()
    })  # fmt: skip


def respanned(
    recording: Recording, prices: Prices, schedule: Schedule
) -> tuple[Spans, Plans, tuple[str, ...]]:
    """Return the sorted spans of the re-timed run, its plans, and the names that resources and activities index."""
    numbers: dict[str, int] = {}
    rows = [
        (number, _number(numbers, step.resource), _number(numbers, step.activity), step.ps, step.held)
        for number, steps in enumerate(prices.steps)
        for step in steps
    ]
    plan, resource, activity, duration, held = (
        (list(column) for column in zip(*rows, strict=True)) if rows else ([],) * 5
    )
    plans = Plans(
        np.array(plan, np.uint16),
        np.array(resource, np.uint8),
        np.array(activity, np.uint8),
        np.array(duration, np.int64),
        np.array(held, np.uint8),
    )
    planned = expand_plans(as_commands(recording, schedule), plans)
    return merge_spans(_sent_spans(recording, prices, schedule, numbers), planned), plans, tuple(numbers)


def _sent_spans(recording: Recording, prices: Prices, schedule: Schedule, numbers: dict[str, int]) -> Spans:
    """Return the spans of every frame that was sent again, in every stage."""
    parts = [(np.empty(0, dtype=np.int64),) * 5]
    for row, shot in schedule.sent:
        sender = schedule.senders[int(prices.rows.server[recording.links.plan[row]])]
        for stage in sender.stages(shot):
            names = _number(numbers, stage.resource), _number(numbers, stage.activity), row
            resource, activity, command = (np.full(len(stage.t_start), number) for number in names)
            parts.append((resource, activity, stage.t_start, stage.t_end, command))
    resource, activity, t_start, t_end, command = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    return Spans(resource.astype(np.uint8), activity.astype(np.uint8), t_start, t_end, command)


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
