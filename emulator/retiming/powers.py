"""The power steps of a re-timed run, fed to a meter in order of time; steps that last no time are left out."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.meter import Meter, PowerSink
from emulator.physics.chip.laser import electrical_power_w
from emulator.retiming.retime import Retimed
from emulator.trace.analysis.intervals import running

__all__ = ["Metered", "heater_factor", "meter_run"]


class Metered(NamedTuple):
    """Hold the energies at the end, by component, and the total (J) at each instant that was asked for."""

    energy_by_component_j: dict[str, float]
    totals_j: NDArray[np.float64]


class _Step(NamedTuple):
    """One component's power in the course of time: from ``t`` (ps) on it draws ``watts``."""

    handle: int
    t: NDArray[np.int64]
    watts: NDArray[np.float64]


def meter_run(found: Retimed, sink: PowerSink, instants: NDArray[np.int64]) -> Metered:
    """Let a meter follow the re-timed run into ``sink``, with components in the order in which a bench names them.

    ``instants`` (k,), ps, are those at which the total is read.
    """
    meter = Meter(sink)
    steps = list(_steps(found, meter))
    t = np.concatenate([step.t for step in steps])
    order = np.argsort(t, kind="stable")
    handle = np.concatenate([np.full(len(step.t), step.handle) for step in steps])[order]
    watts, t = np.concatenate([step.watts for step in steps])[order], t[order]
    inside = t <= found.elapsed_ps
    totals = np.zeros(len(instants))
    asked = np.argsort(instants, kind="stable")
    reached = np.searchsorted(t[inside], instants[asked], side="right")
    at = 0
    changes = zip(handle[inside].tolist(), t[inside].tolist(), watts[inside].tolist(), strict=True)
    for number, (component, instant, level) in enumerate((*changes, (-1, 0, 0.0))):
        while at < len(asked) and reached[at] <= number:
            totals[asked[at]] = meter.total_j(int(instants[asked[at]]))
            at += 1
        if component >= 0:
            meter.set(component, instant, level)
    return Metered(meter.energy_j(found.elapsed_ps), totals)


def _steps(found: Retimed, meter: Meter) -> Iterator[_Step]:
    """Yield the steps of every component that changes; the others have their one level already."""
    lab, times = found.lab, found.times
    yield _host(found, meter)
    heating = found.recording.heating
    if lab.chip is not None and heating is not None:
        chip = lab.chip
        factor = heater_factor(found)
        handle = meter.component("chip.heaters", heating.initial_w * factor)
        sets = np.array([facts.kind == "set_phases" for facts in found.recording.plans], dtype=np.bool_)
        rows = np.flatnonzero(sets[found.recording.links.plan]) if len(sets) else np.empty(0, dtype=np.int64)
        yield _Step(handle, times.t_done[rows], heating.watts * factor)
        meter.component("chip.dac", chip.dac.power_w)
        meter.component("chip.modulators", chip.inputs.power_w)
        meter.component("chip.receivers", chip.receiver.power_w)
        laser_w = electrical_power_w(chip.laser.power_w, chip.laser.wall_plug_efficiency)
        meter.component("chip.laser", laser_w)
    if lab.opu is not None:
        meter.component("opu.box", lab.opu.power_w)
        yield _frames(found, meter.component("host.frames"))


def heater_factor(found: Retimed) -> float:
    """Return the ratio of the new heater powers to the recorded ones."""
    old, new = found.recording.lab.chip, found.lab.chip
    return 1.0 if old is None or new is None else new.heaters.p_pi_w / old.heaters.p_pi_w


def _host(found: Retimed, meter: Meter) -> _Step:
    """Return the steps of the host: active while at least one thought or computation is under way."""
    host, plan, times = found.lab.host, found.recording.links.plan, found.times
    kinds = [facts.kind for facts in found.recording.plans]
    handle = meter.component("host", host.idle_power_w)
    thinks, computes = (_rows(plan, [kind == name for kind in kinds]) for name in ("forward", "compute"))
    start = np.concatenate((times.t_done[thinks], times.t_started[computes]))
    end = np.concatenate(
        (times.t_done[thinks] + found.prices.rows.think[plan[thinks]], times.t_done[computes])
    )
    lasting = end > start
    t, at_work = running(start[lasting], end[lasting], np.ones(int(lasting.sum())))
    return _Step(handle, t, np.where(at_work > 0.5, host.active_power_w, host.idle_power_w))


def _frames(found: Retimed, handle: int) -> _Step:
    sender = found.schedule.sender
    draws = (
        [] if sender is None else [d for _, sent in found.schedule.sent for d in sender.draws(sent, handle)]
    )
    start, end = (np.array([draw[i] for draw in draws], dtype=np.int64) for i in (1, 2))
    t, watts = running(start, end, np.array([draw.watts for draw in draws]))
    return _Step(handle, t, watts)


def _rows(plan: NDArray[np.uint16], mask: Sequence[bool]) -> NDArray[np.int64]:
    return np.flatnonzero(np.array(mask, dtype=np.bool_)[plan]) if mask else np.empty(0, dtype=np.int64)
