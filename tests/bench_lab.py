"""A bench with a small chip that keeps every row, and controllers to run on it; no test lives here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from emulator.bench import Bench, Observer, RunResult
from emulator.bench_config import BudgetConfig, ClockConfig
from emulator.commands import Controller, Forward, SetPhases, Settle
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import Stand
from tests.builders import NotingRecorder, random_batch, random_design

SIZES = (6, 5, 3)
BATCH = random_batch(12, SIZES[0])
HASTY_HOST = HostConfig(overhead_s=0.0, idle_power_w=0.0, active_power_w=0.0)
AGENT, KIND, PLAN, CAUSE, ISSUED, STARTED, DONE, RESULT = 0, 2, 3, 4, 5, 6, 7, 10
"""Columns of a command's row."""


@dataclass(frozen=True)
class Outing:
    """What is left of a run: its result, its rows, and the bench."""

    result: RunResult
    rows: NotingRecorder
    bench: Bench


@dataclass(frozen=True)
class SmallLab:
    """Build benches with a 6-5-3 chip; every run gets a bench of its own."""

    chip: ChipConfig
    host: HostConfig
    active: float = 1.0

    def unattended(
        self, seed: int = 0, budget: BudgetConfig | None = None, clock: ClockConfig | None = None
    ) -> Bench:
        """Return a bench to which no recorder is attached."""
        design = random_design(SIZES, 0, active=self.active)
        return Bench({"chip": Stand(self.chip, design), "host": Stand(self.host)}, seed, budget, clock)

    def bench(self, seed: int = 0, budget: BudgetConfig | None = None) -> Bench:
        bench = self.unattended(seed, budget)
        bench.attach(NotingRecorder())
        return bench

    def still_w(self, *others: str) -> float:
        """Return what the bench draws when nothing is driven, without heaters and the components ``others``."""
        names = set(self.unattended().meter.names) - {"chip.heaters", *others}
        return self.unattended().meter.power_w(names)

    def run(
        self,
        *controllers: Callable[[], Controller],
        seed: int = 0,
        budget: BudgetConfig | None = None,
        observers: Sequence[Observer] = (),
    ) -> Outing:
        """Run the controllers as agents a, b, c … on a fresh bench."""
        bench = self.bench(seed, budget)
        agents = {chr(ord("a") + number): each() for number, each in enumerate(controllers)}
        result = bench.run(agents, observers)
        assert isinstance(bench.recorder, NotingRecorder)
        return Outing(result, bench.recorder, bench)


def queries(count: int, phase: float = 0.1) -> Controller:
    """Set a phase, let it settle, look: the life of a zeroth-order controller."""
    for number in range(count):
        yield SetPhases([number % 45], [phase * (number + 1)])
        yield Settle()
        yield Forward(BATCH)


def rows_of(outing: Outing) -> list[tuple[Any, ...]]:
    return outing.rows.commands


def exact_energy_j(watts: list[tuple[int, int, float]], until_ps: int) -> Fraction:
    """Integrate recorded power rows without rounding."""
    total, level = Fraction(), dict[int, tuple[int, Fraction]]()
    for component, t_ps, power_w in watts:
        since, before = level.get(component, (t_ps, Fraction()))
        total += before * (t_ps - since)
        level[component] = (t_ps, Fraction(power_w))
    total += sum((power * (until_ps - since) for since, power in level.values()), Fraction())
    return total / 10**12


def exact_run_energy_j(outing: Outing, until_ps: int | None = None) -> Fraction:
    """Integrate the levels, and add what the plans of the commands up to ``until_ps`` drew, without rounding."""
    end_ps = elapsed_ps(outing.result) if until_ps is None else until_ps
    levels = [level for level in outing.rows.watts if level[1] <= end_ps]
    steps = [step for row in rows_of(outing) if row[DONE] <= end_ps for step in outing.rows.plans[row[PLAN]]]
    return (
        exact_energy_j(levels, end_ps) + sum((Fraction(s.watts) * s.ps for s in steps), Fraction()) / 10**12
    )


def elapsed_ps(result: RunResult) -> int:
    return round(result.elapsed_s * 1e12)


def settler(count: int) -> Controller:
    for number in range(count):
        yield Settle(1_000_000 + number)


def looks(count: int) -> Controller:
    for _ in range(count):
        yield Forward(BATCH)
