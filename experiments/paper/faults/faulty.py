"""The faults of the experiment: a bench, a controller and what breaks, as points of studies; nothing runs here."""

import re
from dataclasses import dataclass
from typing import Final

from experiments.sweep.points import Point

__all__ = ["CHIP", "FAULTS", "LIGHT", "Faulty", "points"]

CHIP: Final = "chip"
LIGHT: Final = "light"


@dataclass(frozen=True)
class Faulty:
    """One fault: its name in files and tables, the bench that it is on, what it is, and the agents that play it.

    AT stands in ``agents`` for when it begins, MENDED for 5 ms later, RUN and PART for a run and a third of it.
    """

    name: str
    bench: str
    what: str
    agents: str

    def played(self, run_s: float) -> str:
        """Return the agents in a run of about ``run_s`` seconds; faults come early in it."""
        at_s = _EARLY * run_s
        times = {"AT": at_s, "MENDED": at_s + 5e-3, "RUN": run_s, "PART": run_s / 3}
        return re.sub("|".join(times), lambda found: f"{times[found[0]]:.6g}", self.agents)


_EARLY: Final = 0.08
_QUERY_S: Final = 12.5e-6  # of this chip, a little less than it takes: a run is over later than is counted on

_LIGHT_NOISE: Final = 'kind="laser_noise", instrument="opu", rin_db_per_hz=-71.0, high_hz=1250.0'
"""Of an exposure of 0.4 ms: 1 % in its band."""

FAULTS: Final = (
    Faulty("none", CHIP, "nothing", ""),
    Faulty("stuck1", CHIP, "1 heater stuck at the rail", 'kind="stuck_heater", at_s=AT'),
    Faulty("stuck10", CHIP, "10 heaters stuck at the rail", 'kind="stuck_heater", count=10, at_s=AT'),
    Faulty("open10", CHIP, "10 heaters open", 'kind="open_heater", count=10, at_s=AT'),
    Faulty("channel10", CHIP, "10 DAC channels lost", 'kind="lost_channel", count=10, at_s=AT'),
    Faulty("dead", CHIP, "1 output's detector dead", 'kind="dead_detector", indices=[32], at_s=AT'),
    Faulty(
        "dead-5ms", CHIP, "the same, mended after 5 ms",
        'kind="dead_detector", indices=[32], at_s=AT, until_s=MENDED',
    ),
    Faulty(
        "saturated", CHIP, "1 output's detector saturated",
        'kind="saturated_detector", indices=[32], at_s=AT',
    ),
    Faulty(
        "saturated-5ms", CHIP, "the same, mended after 5 ms",
        'kind="saturated_detector", indices=[32], at_s=AT, until_s=MENDED',
    ),
    Faulty("laser", CHIP, "laser: -5 % drift", 'kind="laser_drift", change=-0.05, tau_s=PART'),
    Faulty("rin", CHIP, "laser: 1 % intensity noise", 'kind="laser_noise", rin_db_per_hz=-120.0'),
    Faulty(
        "both", CHIP, "laser: both",
        'kind="laser_drift", change=-0.05, tau_s=PART}, {kind="laser_noise", rin_db_per_hz=-120.0',
    ),
    Faulty(
        "ageing", CHIP, "10 heaters age by 5 %",
        'kind="gamma_ageing", count=10, change=-0.05, after_s=RUN',
    ),
    Faulty("substrate", CHIP, "1 K across the chip", 'kind="substrate_drift", kelvin=1.0, tau_s=PART'),
    Faulty("jitter", CHIP, "link: 20 us held every 0.2 ms", 'kind="link_jitter", mean_s=2e-5, every_s=2e-4'),
    Faulty(
        "loss", CHIP, "link: 2 % lost, 1 ms each",
        'kind="link_loss", probability=0.02, timeout_s=1e-3, every_s=2e-4',
    ),
    Faulty("none", LIGHT, "nothing", ""),
    Faulty("dropped5", LIGHT, "5 % of frames dropped", 'kind="dropped_frames", share=0.05'),
    Faulty("dropped20", LIGHT, "20 % of frames dropped", 'kind="dropped_frames", share=0.2'),
    Faulty("torn10", LIGHT, "10 % of frames torn", 'kind="torn_frames", share=0.1'),
    Faulty("late", LIGHT, "trigger late by 0.2 ms (mean)", 'kind="late_trigger", mean_s=2e-4'),
    Faulty(
        "warm-up", LIGHT, "medium warms up in 2 s",
        'kind="medium_warm_up", spread_rad=1.5, tau_s=2.0, every_s=0.05',
    ),
    Faulty("drift", LIGHT, "medium forgets in 10 s", 'kind="medium_drift", tau_s=10.0, every_s=0.05'),
    Faulty(
        "laser", LIGHT, "laser: -5 % drift",
        'kind="laser_drift", instrument="opu", change=-0.05, tau_s=2.0, every_s=0.05',
    ),
    Faulty("rin", LIGHT, "laser: 1 % intensity noise", _LIGHT_NOISE),
    Faulty(
        "both", LIGHT, "laser: both",
        'kind="laser_drift", instrument="opu", change=-0.05, tau_s=2.0, every_s=0.05}, {' + _LIGHT_NOISE,
    ),
    Faulty("pixels", LIGHT, "13 of 128 outputs dead", 'kind="dead_pixels", count=13, at_s=1.0'),
    Faulty(
        "link", LIGHT, "link: 20 ms held every 0.5 s",
        'kind="link_jitter", instrument="opu", mean_s=20e-3, every_s=0.5',
    ),
)  # fmt: skip
"""Every fault, each bench beginning with none; numbers are chosen to be seen in a short run."""

_STUDIES: Final = {
    CHIP: (
        "task.name=vowel", "chip.preset=doped_si", "chip.dac.bits=16", "host.preset=workstation",
        "deployment.alpha=0.15", "controller.sparsity=0.6", "controller.epoch_iterations=8",
        "controller.power_awareness=1.0",
    ),
    LIGHT: (
        "task.name=mnist8x8", "task.hidden=[128]", "opu.preset=light_in_the_loop", "host.preset=workstation",
        "controller.kind=odfa", "controller.align_every=50",
    ),
}  # fmt: skip

_GUARDS: Final = {
    CHIP: ("guard.enabled=true",),
    LIGHT: (
        "guard.enabled=true", "guard.pause_s=0.5", "guard.patience_s=20", "guard.check_every=10",
        "guard.min_correlation=0.95",
    ),
}  # fmt: skip


def points(queries: int) -> tuple[Point, ...]:
    """Return every fault without and with a guard; ``queries`` are those of a run of the chip."""
    found = []
    for fault in FAULTS:
        size = (
            (f"controller.queries={queries}", f"evaluation.every_queries={max(1, queries // 50)}")
            if fault.bench == CHIP
            else ("controller.epochs=1",)
        )
        agents = (f"agents=[{{{fault.played(queries * _QUERY_S)}}}]",) if fault.agents else ()
        for guard, words in (("alone", ()), ("guarded", _GUARDS[fault.bench])):
            name = f"{fault.bench}-{fault.name}-{guard}"
            found.append(Point(name, (*_STUDIES[fault.bench], *size, *words, *agents)))
    return tuple(found)
