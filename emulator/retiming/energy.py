"""The energy of a re-timed run, component by component: exact integrals of power steps; it sets no time."""

import numpy as np
from numpy.typing import NDArray

from emulator.kernel import kernel
from emulator.physics.chip.laser import electrical_power_w
from emulator.retiming.lab import Lab
from emulator.retiming.prices import Prices
from emulator.retiming.recording import Recording
from emulator.retiming.schedule import Schedule
from emulator.trace.analysis.intervals import covered_ps
from emulator.units import PS_PER_S, s_to_ps

__all__ = ["energy_by_component"]


def energy_by_component(
    recording: Recording, prices: Prices, lab: Lab, schedule: Schedule
) -> dict[str, float]:
    """Return the energy, in joules, that each component of ``lab`` draws until the re-timed run ends."""
    elapsed_ps = schedule.elapsed_ps
    host, busy_ps = lab.host, _host_busy_ps(recording, prices, lab, schedule)
    energy = {
        "host": (host.active_power_w * busy_ps + host.idle_power_w * (elapsed_ps - busy_ps)) / PS_PER_S,
    }
    if lab.chip is not None:
        chip, seconds = lab.chip, elapsed_ps / PS_PER_S
        laser_w = electrical_power_w(chip.laser.power_w, chip.laser.wall_plug_efficiency)
        energy |= {
            "chip.heaters": _heaters_j(recording, lab, schedule),
            "chip.dac": chip.dac.power_w * seconds,
            "chip.modulators": chip.inputs.power_w * seconds,
            "chip.receivers": chip.receiver.power_w * seconds,
            "chip.laser": laser_w * seconds,
        }
    if lab.opu is not None:
        energy |= {
            "opu.box": lab.opu.power_w * (elapsed_ps / PS_PER_S),
            "host.frames": _frames_j(schedule),
        }
    return energy


def _host_busy_ps(recording: Recording, prices: Prices, lab: Lab, schedule: Schedule) -> int:
    """Return how long the host thinks or computes: any number of agents at once."""
    kinds, times, plan = [facts.kind for facts in recording.plans], schedule.times, recording.links.plan
    think_ps = s_to_ps(lab.host.overhead_s)
    if recording.sequential:
        busy_ps = sum(
            facts.used * (think_ps if facts.kind == "forward" else duration)
            for facts, duration in zip(recording.plans, prices.rows.duration.tolist(), strict=True)
            if facts.kind in ("forward", "compute")
        )
        last_ps = int(times.t_done[-1] + prices.rows.think[plan[-1]]) if recording.count else 0
        return busy_ps - max(0, last_ps - schedule.elapsed_ps)
    thinks, computes = (np.array([kind == name for kind in kinds])[plan] for name in ("forward", "compute"))
    start = np.concatenate((times.t_done[thinks], times.t_started[computes]))
    end = np.concatenate((times.t_done[thinks] + think_ps, times.t_done[computes]))
    return covered_ps(start, end, schedule.elapsed_ps)


def _heaters_j(recording: Recording, lab: Lab, schedule: Schedule) -> float:
    heating, old, new = recording.heating, recording.lab.chip, lab.chip
    if heating is None or old is None or new is None:
        return 0.0
    sets = np.array([facts.kind == "set_phases" for facts in recording.plans])
    drawn = _drawn_w_ps(
        heating.initial_w,
        heating.watts,
        sets,
        recording.links.plan,
        schedule.times.t_done,
        schedule.elapsed_ps,
    )
    return drawn * (new.heaters.p_pi_w / old.heaters.p_pi_w) / PS_PER_S


def _frames_j(schedule: Schedule) -> float:
    if schedule.sender is None:
        return 0.0
    total, end_ps = 0.0, schedule.elapsed_ps
    for _, sent in schedule.sent:
        for draw in schedule.sender.draws(sent, 0):
            total += draw.watts * max(0, min(draw.end_ps, end_ps) - min(draw.start_ps, end_ps))
    return total / PS_PER_S


@kernel
def _drawn_w_ps(
    initial_w: float,
    watts: NDArray[np.float64],
    sets: NDArray[np.bool_],
    plan: NDArray[np.uint16],
    t_done: NDArray[np.int64],
    elapsed: int,
) -> float:
    """Return the integral of the heaters' power, in W ps, whose plans ``sets`` marks; compensated (Neumaier)."""
    total, lost, level, since, taken = 0.0, 0.0, initial_w, 0, 0
    for row in range(plan.size + 1):
        if row < plan.size and not sets[plan[row]]:
            continue
        until = min(t_done[row], elapsed) if row < plan.size else elapsed
        part = level * (until - since)
        grown = total + part
        lost += (total - grown) + part if total >= part else (part - grown) + total
        total, since = grown, until
        if row < plan.size:
            level = watts[taken]
            taken += 1
    return total + lost
