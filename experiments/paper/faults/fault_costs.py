"""``lightloop paper fault_costs``: accuracy, seconds and joules that faults cost, with a guard and without.

A fault's cost is the difference from the run of the same seed without a fault and without a guard.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.trace.open import open_trace
from experiments.output.publishing import folder_of
from experiments.output.statistics import accuracy_stat, stat
from experiments.output.tables import Cell, Column, Table
from experiments.paper.faults.faulty import CHIP, FAULTS, LIGHT, points
from experiments.paper.findings import Findings, run_plan
from experiments.paper.outcome import LATE
from experiments.paper.plots import figure
from experiments.sweep.points import jobs_of
from experiments.sweep.trial import Quick, Size, Trial

__all__ = ["FAULT_COSTS", "FaultRun", "read_fault_run", "run_fault_costs"]

_TITLES: Final = {
    CHIP: "vowels on doped silicon, SZO-SCD",
    LIGHT: "MNIST 8x8 on 64-128-10, ODFA with light, one epoch",
}
_PANELS: Final = {CHIP: "chip: vowels, SZO-SCD", LIGHT: "light: MNIST 8x8, ODFA, one epoch"}


@dataclass(frozen=True)
class FaultRun:
    """One finished run: accuracy as a fraction of the test set, seconds, joules, and what the guard logged.

    ``loss`` is that of the validation samples; accuracy and loss are means of the last tenth of the looks.
    """

    seed: int
    status: str
    created: str
    accuracy: float
    elapsed_s: float
    energy_j: float
    logged: int
    test_samples: int
    loss: float


def read_fault_run(path: Path) -> FaultRun:
    """Read the trace at ``path``; raises ``TraceError`` when it is damaged."""
    with open_trace(path) as trace:
        metrics = trace.metrics()
        return FaultRun(
            trace.seed, trace.status, trace.created, _late(metrics["test_accuracy"].value), trace.elapsed_s,
            math.fsum(trace.totals()["energy_j"].values()),
            sum(len(metrics[name].value) for name in metrics if name.startswith("guard_")),
            int(metrics["test_samples"].value[-1]), _late(metrics["val_loss"].value),
        )  # fmt: skip


def _late(values: NDArray[np.float64]) -> float:
    """Return the mean of the last tenth of the looks."""
    return float(values[-max(1, round(LATE * len(values))) :].mean())


def run_fault_costs(out: Path, seeds: int, queries: int, jobs: int) -> Findings:
    """Run what is not finished of every fault under ``out``, and tell what each costs."""
    folder = folder_of(FAULT_COSTS.name, out)
    plan = jobs_of(f"paper {FAULT_COSTS.name}", points(queries), seeds, folder)
    runs = run_plan(FAULT_COSTS.name, plan, jobs, read_fault_run)
    found = runs.by_point
    tables = tuple(_table(bench, found, queries) for bench in (CHIP, LIGHT))
    return Findings(folder, tables, partial(_draw, found), runs.provenance, runs.failure)


def _table(bench: str, found: Mapping[str, Sequence[FaultRun]], queries: int) -> Table:
    columns = (
        Column("fault", words=True), Column("guard", words=True), Column("n"), Column("accuracy %", 1, 100.0),
        Column("cost (points)", 1, 100.0), Column("loss ratio", 2), Column("s", 3), Column("cost (s)", 3),
        Column("J", 2), Column("cost (J)", 2), Column("guard's logs", 1),
    )  # fmt: skip
    base = {one.seed: one for one in found.get(f"{bench}-none-alone", ())}
    rows: list[tuple[Cell, ...]] = []
    for fault in (each for each in FAULTS if each.bench == bench):
        for guard in ("alone", "guarded"):
            runs = found.get(f"{bench}-{fault.name}-{guard}", [])
            if not runs:
                continue
            pairs = [(one, base[one.seed]) for one in runs if one.seed in base]
            rows.append(
                (
                    fault.what, "no" if guard == "alone" else "yes", len(runs),
                    accuracy_stat((one.accuracy for one in runs), runs[0].test_samples),
                    stat(whole.accuracy - one.accuracy for one, whole in pairs),
                    stat(one.loss / whole.loss for one, whole in pairs),
                    stat(one.elapsed_s for one in runs),
                    stat(one.elapsed_s - whole.elapsed_s for one, whole in pairs),
                    stat(one.energy_j for one in runs),
                    stat(one.energy_j - whole.energy_j for one, whole in pairs),
                    stat(one.logged for one in runs),
                )
            )  # fmt: skip
    size = f"{queries:,} queries" if bench == CHIP else "8,000 images"
    notes = (
        "mean ± standard deviation over seeds; accuracy: test set, mean of the last tenth of the looks",
        "cost: against the run of the same seed without fault and guard, in accuracy what was lost",
        "loss ratio: validation loss over that run's, both the mean of the last tenth of the looks",
    )
    return Table(f"What faults cost: {_TITLES[bench]}, {size}", columns, tuple(rows), notes)


def _draw(found: Mapping[str, Sequence[FaultRun]], path: Path, label: str) -> None:
    with figure(path, 2, "Accuracy with a fault, without a guard and with one", label) as axes:
        for panel, bench in zip(axes, (CHIP, LIGHT), strict=True):
            faults = [
                each for each in FAULTS if each.bench == bench and f"{bench}-{each.name}-alone" in found
            ]
            for guard, colour, shift in (("alone", "tab:red", -0.15), ("guarded", "tab:blue", 0.15)):
                for place, fault in enumerate(faults):
                    values = [100 * one.accuracy for one in found[f"{bench}-{fault.name}-{guard}"]]
                    label_once = {"alone": "no guard", "guarded": "guard"}[guard] if place == 0 else None
                    panel.plot(
                        values, [place + shift] * len(values), "o", color=colour, ms=3, label=label_once
                    )
            panel.set_yticks(range(len(faults)), [fault.what for fault in faults], fontsize=6)
            panel.invert_yaxis()
            panel.set(xlabel="test accuracy (%)", title=_PANELS[bench])
            if bench == CHIP:
                panel.legend(loc="best", fontsize=6)


FAULT_COSTS: Final = Trial(
    "fault_costs", "what faults cost in accuracy, seconds and joules, with a guard and without",
    Size("queries", "queries of a run of the chip", 20_000), run_fault_costs, Quick(1, 1_000),
)  # fmt: skip
