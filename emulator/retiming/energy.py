"""The energy of a re-timed run: levels for as long as they hold, and what steps and frames draw above them.

It sets no time. What a component draws all the time its kind says; commands under way at the end draw nothing, as
in a real run, whose meter counts what is done.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.instruments.registry import INSTRUMENTS
from emulator.plan import REMAINDER
from emulator.retiming.lab import Laboratory
from emulator.retiming.levels import integral_w_ps, set_instants
from emulator.retiming.prices import Prices
from emulator.retiming.recording import Recording
from emulator.retiming.schedule import Schedule
from emulator.trace.analysis.intervals import running
from emulator.units import PS_PER_S

__all__ = ["Course", "courses", "energy_by_component", "energy_until", "level_factor"]


class Course(NamedTuple):
    """Tell what a component draws by itself in the course of time: ``watts`` (k,) from ``t`` (k,), ps, on."""

    component: str
    t: NDArray[np.int64]
    watts: NDArray[np.float64]


class _Run(NamedTuple):
    """Hold a re-timed run as far as its energy depends on it."""

    recording: Recording
    prices: Prices
    laboratory: Laboratory
    schedule: Schedule


def energy_by_component(
    recording: Recording, prices: Prices, laboratory: Laboratory, schedule: Schedule
) -> dict[str, float]:
    """Return the joules that each component draws until the re-timed run ends, in the order of a bench."""
    run, elapsed_ps = _Run(recording, prices, laboratory, schedule), schedule.elapsed_ps
    parts: dict[str, list[float]] = {}
    for place, (kind, stand) in enumerate(laboratory.standing()):
        rule = kind.retiming.level
        if rule is not None:
            drawn = integral_w_ps(recording.levels[rule.component], _set_ps(run, place), elapsed_ps)
            parts[rule.component] = [drawn * level_factor(recording, laboratory, kind.name)]
        for component, watts in kind.idle_w(stand).items():
            parts[component] = [watts * elapsed_ps]
        if kind.retiming.sending:
            parts[kind.retiming.sending] = _sent(run, place)
    for component, steps in _planned_w_ps(run).items():
        parts[component] += steps
    return {component: math.fsum(products) / PS_PER_S for component, products in parts.items()}


def level_factor(recording: Recording, laboratory: Laboratory, name: str) -> float:
    """Return by how much the recorded levels of the instrument ``name`` grow in ``laboratory``."""
    level = INSTRUMENTS[name].retiming.level
    old = recording.laboratory.lab.get(name)
    return 1.0 if level is None or old is None else level.factor(old.config, laboratory.lab[name].config)


def courses(
    recording: Recording, prices: Prices, laboratory: Laboratory, schedule: Schedule
) -> Iterator[Course]:
    """Yield the levels of every component, in the order of the bench; what steps draw comes on top."""
    run, none = _Run(recording, prices, laboratory, schedule), np.zeros(1, dtype=np.int64)
    for place, (kind, stand) in enumerate(laboratory.standing()):
        rule = kind.retiming.level
        if rule is not None:
            levels, factor = recording.levels[rule.component], level_factor(recording, laboratory, kind.name)
            t = _set_ps(run, place)
            order = np.argsort(t, kind="stable")
            level_w = np.append(levels.initial_w, levels.watts[order]) * factor
            yield Course(rule.component, np.append(0, t[order]), level_w)
        for component, watts in kind.idle_w(stand).items():
            yield Course(component, none, np.full(1, watts))
        if kind.retiming.sending:
            yield Course(kind.retiming.sending, *_sent_course(run, place))


def energy_until(
    recording: Recording, prices: Prices, laboratory: Laboratory, schedule: Schedule, t: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the energy of all components, in joules, until each instant of ``t`` (k,), ps."""
    run = _Run(recording, prices, laboratory, schedule)
    total_w_ps = np.zeros(len(t))
    for course in courses(*run):
        before = np.append(0.0, np.cumsum(course.watts[:-1] * np.diff(course.t)))
        last = np.maximum(np.searchsorted(course.t, t, side="right") - 1, 0)
        total_w_ps += before[last] + course.watts[last] * (t - course.t[last])
    done = np.sort(schedule.times.t_done)
    order = np.argsort(schedule.times.t_done, kind="stable")
    drawn = np.append(0.0, np.cumsum(_drawn_of(run)[order]))
    return np.asarray((total_w_ps + drawn[np.searchsorted(done, t, side="right")]) / PS_PER_S)


def _set_ps(run: _Run, place: int) -> NDArray[np.int64]:
    return set_instants(run.recording.links, run.schedule.times, run.prices.rows, place)


def _planned_w_ps(run: _Run) -> dict[str, list[float]]:
    """Return what steps of plans drew, in W ps: by component, one product for each power."""
    lasted_ps: dict[tuple[str, float], int] = defaultdict(int)
    uses = _uses(run)
    for number, steps in enumerate(run.prices.steps):
        for step in steps:
            if step.watts and uses[number]:
                ps = int(_own_ps(run, number).sum()) if step.ps == REMAINDER else int(uses[number]) * step.ps
                lasted_ps[step.component, step.watts] += ps
    drawn: dict[str, list[float]] = defaultdict(list)
    for (component, watts), ps in lasted_ps.items():
        drawn[component].append(watts * ps)
    return drawn


def _uses(run: _Run) -> NDArray[np.int64]:
    """Return how many commands of each plan are done when the run ends."""
    recording, done = run.recording, run.schedule.times.t_done
    if recording.sequential:
        return np.array([facts.used for facts in recording.plans], dtype=np.int64)
    within = recording.links.plan[done <= run.schedule.elapsed_ps]
    return np.asarray(np.bincount(within, minlength=len(recording.plans)))


def _own_ps(run: _Run, number: int) -> NDArray[np.int64]:
    return np.asarray(run.recording.own_ps[run.recording.links.plan == number])


def _drawn_of(run: _Run) -> NDArray[np.float64]:
    """Return what the steps of each command draw, in W ps; durations of their own draw nothing."""
    each = [
        math.fsum(step.watts * step.ps for step in steps if step.ps != REMAINDER)
        for steps in run.prices.steps
    ]
    return np.array(each)[run.recording.links.plan] if each else np.empty(0)


def _sent(run: _Run, place: int) -> list[float]:
    """Return what the pipelined commands of an instrument draw before the end, in W ps."""
    end_ps = run.schedule.elapsed_ps
    return [
        watts * max(0, min(end, end_ps) - min(start, end_ps)) for start, end, watts in _sent_draws(run, place)
    ]


def _sent_draws(run: _Run, place: int) -> list[tuple[int, int, float]]:
    sender, server = run.schedule.senders.get(place), run.prices.rows.server
    if sender is None:
        return []
    plan = run.recording.links.plan
    mine = (shot for row, shot in run.schedule.sent if server[plan[row]] == place)
    return [draw for shot in mine for draw in sender.draws(shot)]


def _sent_course(run: _Run, place: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    draws = _sent_draws(run, place)
    start, end = (np.array([draw[i] for draw in draws], dtype=np.int64) for i in (0, 1))
    t, watts = running(start, end, np.array([draw[2] for draw in draws]))
    return np.append(0, t), np.append(0.0, watts)
