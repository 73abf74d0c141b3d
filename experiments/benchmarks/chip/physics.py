"""What the chip's physics costs a query, without bench and controller: step by step, probe by probe, in sequences.

All three make the same visits to the same heaters of the same chip, in the order in which SZO-SCD makes them.
"""

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from emulator.instruments.chip.state import ChipCore, Visits
from emulator.physics.chip.kernels.sequence import Pace
from emulator.physics.chip.loss import cross_entropy
from emulator.streams import stream
from experiments.benchmarks.chip.plant import Plant
from experiments.benchmarks.timing import Cost, Stopwatch, Workload

__all__ = ["physics_workloads"]

PACE = Pace(8_000_000, 3_500_000, 7_000_000, 3_500_000, 8_000_000)
"""About what the preset "doped_si" and a host without thought make of an iteration."""

_STEP_RAD = 0.0247  # one step of an 8-bit DAC


def physics_workloads(plant: Plant, iterations: int) -> dict[str, Workload]:
    """Return one workload for each way to make queries; every round goes on where the last has ended."""
    return {
        "steps": _steps(plant, iterations),
        "probes": _probes(plant, iterations),
        "sequences": _sequences(plant, iterations),
    }


class _Iterations:
    """One chip, and the iterations that are asked of it."""

    def __init__(self, plant: Plant) -> None:
        self.core = ChipCore(plant.chip, plant.design, plant.study.seed)
        batch = plant.first_batch()
        self.inputs, self.labels = batch.inputs, batch.labels
        self.heaters: NDArray[np.int64] = plant.deployment.heaters
        self.count = max(1, round(plant.options.sparsity * self.heaters.size))
        self.rng = stream(plant.study.seed, "benchmarks/physics")
        self.draw = 0

    def next(self) -> Visits:
        """Load the batch anew and return the visits of one iteration."""
        self.core.load(self.inputs)
        heaters = np.sort(self.rng.choice(self.heaters, self.count, replace=False))
        home = self.core.driven_phases()[heaters]
        never = np.zeros(self.count, dtype=np.bool_)
        return Visits(heaters[:, None], (home + _STEP_RAD)[:, None], home - _STEP_RAD, home, never)

    def settings(self, visits: Visits) -> Generator[tuple[int, float], None, None]:
        """Yield what a host that steps back every second time would set."""
        for i, heater in enumerate(visits.heaters[:, 0].tolist()):
            yield heater, float(visits.try_rad[i, 0])
            if i % 2:
                yield heater, float(visits.back_rad[i])


def _steps(plant: Plant, iterations: int) -> Workload:
    run = _Iterations(plant)

    def workload() -> Cost:
        watch, before, core = Stopwatch(), run.draw, run.core
        one_heater, one_phase = np.zeros(1, dtype=np.int64), np.zeros(1)
        with watch:
            for _ in range(iterations):
                for one_heater[0], one_phase[0] in run.settings(run.next()):
                    core.drive(one_heater, one_phase, PACE.set_ps)
                    cross_entropy(core.read(run.draw, PACE.light_ps)[0], run.labels)
                    run.draw += 1
        return watch.per(run.draw - before)

    return workload


def _probes(plant: Plant, iterations: int) -> Workload:
    run = _Iterations(plant)

    def workload() -> Cost:
        watch, before, core = Stopwatch(), run.draw, run.core
        with watch:
            for _ in range(iterations):
                for heater, radian in run.settings(run.next()):
                    core.probe(heater, radian, PACE.set_ps, PACE.light_ps, run.draw)
                    run.draw += 1
        return watch.per(run.draw - before)

    return workload


def _sequences(plant: Plant, iterations: int) -> Workload:
    run = _Iterations(plant)

    def workload() -> Cost:
        watch, before, core = Stopwatch(), run.draw, run.core
        with watch:
            for _ in range(iterations):
                done = core.sequence(run.next(), "step_back", run.labels, PACE, run.draw)
                run.draw += done.readings
        return watch.per(run.draw - before)

    return workload
