"""``lightloop check retiming`` asks whether a closed re-timing is a real run, and whether a rerun is the run.

For random parameters that change times and powers but not what the controller chooses, the recorded run is re-timed
and the study is run for real; every instant of every command must be equal. That is asked of runs in which the host
probes, in which the chip's sequencer does, in which each step is a command of its own, and in which the world
interferes. Then every shipped study, shortened, is run again from its trace; every table must be equal.
"""

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from controllers.kind import Setting
from emulator.commands import Controller, Forward, SetPhases, Settle
from emulator.errors import TaskError
from emulator.retiming.retime import retime
from emulator.streams import stream
from emulator.trace.analysis.ledger import energy_by_component
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import Trace
from experiments.output.publishing import folder_of, publish, source_note
from experiments.output.source import source_digest
from experiments.output.tables import Column, Table
from experiments.replay.modes import replay
from experiments.replay.rerun import Rerun
from experiments.run.laboratory import altered_laboratory, laboratory, open_recording, study_of
from experiments.run.launch import open_study, shipped_studies
from experiments.run.run import OwnController, run_study
from experiments.run.study import Study
from experiments.sweep.trial import Size, Trial

__all__ = ["CASES", "RETIMING", "Agreement", "Case", "compared", "run_retiming", "step_by_step"]

_SETS: Final = 20
_TOLERANCE: Final = 1e-12
"""Relative difference of a component's energy that rounding may make."""

_QUERIES: Final = 500
_SHORT: Final = {
    "szo_scd": (f"controller.queries={_QUERIES}",),
    "odfa": ("controller.epochs=1", "task.name=mnist", "task.hidden=[32]"),
}
"""What is enough of a study, by its kind of controller."""

Draw = tuple[str, float, float]
"""A dotted path, and the ends of a range that is even in the logarithm."""

_CHIP: Final[tuple[Draw, ...]] = (
    ("chip.link.latency_s", 1e-7, 1e-4), ("chip.link.rate_bit_per_s", 1e8, 1e11),
    ("chip.dac.update_s", 1e-7, 1e-3), ("chip.heaters.settle_s", 1e-7, 1e-3),
    ("chip.inputs.symbol_rate_hz", 1e7, 1e10), ("chip.receiver.detection_s", 1e-9, 1e-6),
    ("chip.receiver.adc_s", 1e-9, 1e-5), ("host.overhead_s", 1e-7, 1e-3), ("host.active_power_w", 50.0, 500.0),
    ("chip.heaters.p_pi_w", 1e-3, 0.1), ("chip.dac.shared_power_w", 0.1, 10.0),
    ("chip.sequencer.decision_s", 1e-8, 1e-5),
)  # fmt: skip

_LIGHT: Final[tuple[Draw, ...]] = (
    ("opu.camera.frame_rate_hz", 100.0, 2000.0), ("opu.camera.exposure_s", 1e-5, 4e-4),
    ("opu.pcie.rate_bit_per_s", 1e9, 1e11), ("opu.pcie.latency_s", 1e-7, 1e-3), ("opu.power_w", 3.0, 300.0),
    ("host.flops_per_s", 1e9, 1e13), ("host.bytes_per_s", 1e9, 1e12), ("host.launch_s", 1e-7, 1e-3),
    ("host.active_power_w", 50.0, 500.0), ("host.frame_power_w", 1.0, 100.0),
)  # fmt: skip


def step_by_step(setting: Setting) -> Controller:
    """Set a phase, let it settle and look, each as a command of its own; nothing is decided."""
    batches = setting.batches(32)
    choices = setting.stream("controller/choices")
    for _ in range(_QUERIES):
        heater, phase = choices.choice(setting.heaters), choices.uniform(0.0, 2.0 * np.pi)
        yield SetPhases([int(heater)], [float(phase)])
        yield Settle()
        yield Forward(next(batches))


class Case(NamedTuple):
    """A study with ``overrides``, whose controller may be one's ``own``, and what is drawn for it."""

    study: str
    draws: tuple[Draw, ...]
    overrides: tuple[str, ...] = ()
    own: OwnController | None = None


_WORLD: Final = 'agents=[{kind="disturb", target="chip.gamma", value=1.0, index=0, at_s=1e-5}]'
"""Another agent, which changes a device to what it is; all runs last longer."""

CASES: Final = {
    "probes": Case("vowel_recovery", _CHIP),
    "sequences": Case("vowel_recovery", _CHIP, ("controller.loop=sequencer",)),
    "three commands": Case("vowel_recovery", _CHIP, (), step_by_step),
    "two agents": Case("vowel_recovery", _CHIP, ("deployment.alpha=1.0", _WORLD)),
    "projections": Case("mnist_light", _LIGHT),
}
"""Runs that are re-timed, by what they are made of."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Compare a re-timing with a real run: the largest differences of an instant, and of a component's energy."""

    elapsed_s: float
    instant_ps: int
    energy: float

    @property
    def exact(self) -> bool:
        """Tell whether the two are the same run."""
        return self.instant_ps == 0 and self.energy <= _TOLERANCE


def compared(
    recorded: Path, overrides: tuple[str, ...], real: Path, own: OwnController | None = None
) -> Agreement:
    """Re-time the trace ``recorded`` under ``overrides``, run its study so into ``real``, and compare.

    ``own`` is the controller that was run, where it was not the study's.
    """
    with open_trace(recorded) as trace:
        old, new = study_of(trace), study_of(trace, overrides)
        lab = altered_laboratory(laboratory(old, trace), old, new)
        found = retime(open_recording(trace, old), lab)
        run_study(new, real, own=own)
        with open_trace(real) as ran:
            return Agreement(
                ran.elapsed_s,
                _largest_ps(trace, ran, [found.times.t_issued, found.times.t_started, found.times.t_done]),
                _energy_difference(ran, found.energy_by_component_j),
            )


def _largest_ps(trace: Trace, ran: Trace, times: list[NDArray[np.int64]]) -> int:
    """Return the largest difference of an instant; an agent's rows on one instrument lie in order of replies."""
    there = [ran.commands.t_issued, ran.commands.t_started, ran.commands.t_done]
    if len(there[0]) != len(times[0]):
        return sys.maxsize
    largest = 0
    mine, theirs = (256 * each.commands.agent.astype(int) + each.commands.instrument for each in (trace, ran))
    for whose in np.unique(theirs).tolist():
        ours, others = mine == whose, theirs == whose
        if ours.sum() != others.sum():
            return sys.maxsize
        for here, real in zip(times, there, strict=True):
            largest = max(largest, int(np.abs(here[ours] - real[others]).max()))
    return largest


def _energy_difference(ran: Trace, found: Mapping[str, float]) -> float:
    real = energy_by_component(ran)
    return max(abs(found[name] - joules) / (joules or 1.0) for name, joules in real.items())


def _sets(name: str, count: int) -> Iterator[tuple[str, ...]]:
    rng = stream(0, f"check/retiming/{name}")
    for _ in range(count):
        drawn = ((path, rng.uniform(np.log(low), np.log(high))) for path, low, high in CASES[name].draws)
        yield tuple(f"{path}={float(np.exp(value))!r}" for path, value in drawn)


def run_retiming(out: Path, seeds: int, sets: int, jobs: int) -> None:
    """Compare and print under ``out``/retiming; ``seeds`` and ``jobs`` are not used.

    Raises ``TaskError`` after the tables when anything differs.
    """
    del seeds, jobs
    folder = folder_of("retiming", out)
    with tempfile.TemporaryDirectory() as place:
        closed = {name: _agreements(name, Path(place), sets) for name in CASES}
        reruns = {study: _is_identical(study, Path(place)) for study in shipped_studies()}
    publish("retiming", (_closed_table(closed), _rerun_table(reruns)), source_note([source_digest()]), folder)
    if not (all(reruns.values()) and all(one.exact for found in closed.values() for one in found)):
        raise TaskError("check retiming: a re-timing or a rerun differs from the run; see the tables")


def _agreements(name: str, folder: Path, count: int) -> list[Agreement]:
    case, recorded = CASES[name], folder / f"{name}.h5"
    run_study(_shortened(case.study, case.overrides, instant=True), recorded, own=case.own)
    found = []
    for number, overrides in enumerate(_sets(name, count), start=1):
        found.append(compared(recorded, overrides, folder / f"{name}-{number}.h5", case.own))
        print(f"check retiming: {name}: {number} of {count} sets", file=sys.stderr, flush=True)
    return found


def _is_identical(study: str, folder: Path) -> bool:
    path = folder / f"{study}-again.h5"
    run_study(_shortened(study), path)
    found = replay(path, "rerun")
    print(f"check retiming: {study}: run again", file=sys.stderr, flush=True)
    return isinstance(found, Rerun) and found.identical


def _shortened(study: str, overrides: tuple[str, ...] = (), instant: bool = False) -> Study:
    """Return the shipped ``study``, shortened; with heaters that settle at once, no reading depends on time."""
    kind = open_study(study).controller.kind
    extra = ("chip.heaters.dynamics=instant",) if instant and kind == "szo_scd" else ()
    return open_study(study, (*_SHORT[kind], *overrides, *extra))


def _closed_table(closed: Mapping[str, Sequence[Agreement]]) -> Table:
    columns = (
        Column("run of"), Column("parameter sets"), Column("exact"),
        Column("largest difference of an instant (ps)"),
        Column("of a component's energy (relative, 1e-16)", 1, 1e16), Column("emulated time, from (s)", 4),
        Column("to (s)", 4),
    )  # fmt: skip
    rows = tuple(
        (
            study,
            len(found),
            sum(one.exact for one in found),
            max(one.instant_ps for one in found),
            max(one.energy for one in found),
            min(one.elapsed_s for one in found),
            max(one.elapsed_s for one in found),
        )
        for study, found in closed.items()
    )
    notes = tuple(f"{name}: {', '.join(path for path, _, _ in CASES[name].draws)}" for name in closed)
    return Table("Closed re-timing against real runs", columns, rows, notes)


def _rerun_table(reruns: Mapping[str, bool]) -> Table:
    rows = tuple((study, "yes" if identical else "no") for study, identical in reruns.items())
    return Table("Reruns from the trace, shortened", (Column("study"), Column("identical")), rows)


RETIMING: Final = Trial(
    "retiming",
    "is a re-timing the real run, and a rerun the run",
    Size("sets", "parameter sets for each study", _SETS),
    run_retiming,
)
