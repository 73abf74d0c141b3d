"""Why a real run under the new parameters might differ from a re-timed one, in words; it decides nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from emulator.budgets import counted
from emulator.errors import ConfigError
from emulator.retiming.lab import Change, Laboratory
from emulator.retiming.parameters import Effect, effect_of
from emulator.retiming.recording import Recording
from emulator.retiming.schedule import Schedule
from emulator.units import PS_PER_S

__all__ = ["cautions", "refuse_other_choices"]

_TOLERANCE: Final = 1e-9
_BROKEN_OFF: Final = ("aborted", "diverged", "failed", "killed", "disk-full")


def refuse_other_choices(changed: Sequence[Change]) -> None:
    """Raise ``ConfigError`` when a parameter of ``changed`` decides which commands there are."""
    for change in changed:
        if effect_of(change.path) & Effect.CHOICES:
            raise ConfigError(
                f"{change.path} = {change.new!r} cannot be re-timed: it was {change.old!r}, and another value "
                "makes another run; run the study with it instead"
            )


def cautions(
    recording: Recording,
    laboratory: Laboratory,
    schedule: Schedule,
    energy_by_component_j: Mapping[str, float],
    changed: Sequence[Change],
) -> tuple[str, ...]:
    """Return what to keep in mind about ``recording`` re-timed into ``laboratory``; nothing is a clear case."""
    return (
        *recording.cautions,
        *_physics(changed),
        *_readings(recording, laboratory),
        *_sent(recording, schedule),
        *_order(schedule, changed),
        *_waits(recording, changed),
        *_ends(recording, schedule, changed),
        *_budgets(recording, laboratory, schedule, energy_by_component_j, changed),
    )


def _physics(changed: Sequence[Change]) -> Iterator[str]:
    for change in changed:
        if effect_of(change.path) & Effect.PHYSICS:
            yield (
                f"{change.path} changes what would have been read; the recorded readings, and what the controller "
                "made of them, are kept"
            )


def _readings(recording: Recording, laboratory: Laboratory) -> Iterator[str]:
    """Yield what the kinds of instrument say of the readings of their recorded commands."""
    old = recording.laboratory.lab
    for kind, stand in laboratory.standing():
        recorded = frozenset(
            facts.kind for facts in recording.plans if facts.used and facts.instrument == kind.name
        )
        if kind.name in old:
            yield from kind.retiming.cautions(old[kind.name].config, stand.config, recorded)


def _sent(recording: Recording, schedule: Schedule) -> Iterator[str]:
    for sender in schedule.senders.values():
        yield from sender.cautions(recording.frames, schedule.sent)


def _order(schedule: Schedule, changed: Sequence[Change]) -> Iterator[str]:
    if schedule.disordered:
        yield (
            f"{schedule.disordered} commands would reach their instrument before one that they followed in the "
            "recording; the recorded order is kept"
        )
    if changed and schedule.tied:
        yield (
            f"{schedule.tied} commands reach their instrument at the instant at which another agent's does; the "
            "recorded order is kept"
        )


def _waits(recording: Recording, changed: Sequence[Change]) -> Iterator[str]:
    if changed and recording.waits:
        yield (
            f"{recording.waits} commands were issued later than the replies before them explain (the agent waited, "
            "or a command was refused); each wait is kept as long as it was"
        )


def _ends(recording: Recording, schedule: Schedule, changed: Sequence[Change]) -> Iterator[str]:
    if recording.status in _BROKEN_OFF:
        yield f"the recorded run has status {recording.status!r}: what it would still have done is not known"
    if recording.unexplained:
        yield (
            f"{', '.join(recording.unexplained)} drew for commands that were under way when the recorded run "
            "ended, and of which there is no record"
        )
    late = int(np.count_nonzero(recording.links.late))
    if late:
        yield (
            f"{late} commands queued behind others that were under way when the recorded run ended, and of which "
            "there is no record; they are kept as late"
        )
    beyond = int((schedule.times.t_done > schedule.elapsed_ps).sum())
    if beyond:
        yield f"{beyond} commands of other agents end after the main one has ended the run; they are kept"
    if changed and len(recording.agents) > 1:
        yield (
            f"the run ends with its main agent, {recording.agents[recording.main]!r}: what the others would have "
            "done after their last recorded command, if anything, is not known"
        )


def _budgets(
    recording: Recording,
    laboratory: Laboratory,
    schedule: Schedule,
    energy_by_component_j: Mapping[str, float],
    changed: Sequence[Change],
) -> Iterator[str]:
    budget = laboratory.budget
    of = counted(budget.components, tuple(energy_by_component_j))
    old_j, new_j = (
        sum(drawn_j for name, drawn_j in each.items() if of is None or name in of)
        for each in (recording.energy_by_component_j, energy_by_component_j)
    )
    spent = (
        ("time_s", budget.time_s, recording.elapsed_ps / PS_PER_S, schedule.elapsed_ps / PS_PER_S),
        ("energy_j", budget.energy_j, old_j, new_j),
        ("queries", budget.queries, float(recording.queries), float(recording.queries)),
    )
    for name, limit, then, now in spent:
        stopped = recording.status == "budget" and recording.reason.startswith(f"budget.{name}")
        moved = abs(now - then) > _TOLERANCE * abs(then)
        changed_limit = any(change.path == f"budget.{name}" for change in changed)
        if stopped and (moved or changed_limit):
            yield f"the recorded run was stopped by budget.{name}; under these parameters it would stop elsewhere"
        elif limit is not None and not stopped and now >= limit and (moved or changed_limit):
            yield f"budget.{name} = {limit:g} would stop the run before its end: {now:.6g} is spent there"
    timed = any(effect_of(change.path) & (Effect.ENERGY | Effect.LIMIT) for change in changed)
    if budget.peak_power_w is not None and timed:
        yield "budget.peak_power_w is not watched by a re-timing"
