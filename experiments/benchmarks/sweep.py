"""How much sooner two workers end a sweep of short points than one: wall time, on a quiet machine."""

import os
import tempfile
import time
from pathlib import Path

from experiments.output.tables import Column, table_of
from experiments.output.terminal import to_text
from experiments.sweep.plan import plan_of
from experiments.sweep.sweep import Manner, run_sweep

__all__ = ["measure_sweep"]

_SETTINGS = ("controller.queries=1000", "task.seed=0")  # one network, trained once and kept
_SEEDS = 5


def measure_sweep(points: int = 200) -> dict[str, float]:
    """Sweep about ``points`` short recoveries with one worker and with two; return seconds and ratio."""
    axis = f"chip.heaters.settle_s=1us:100us:{max(2, points // _SEEDS)}:log"
    plan = plan_of("vowel_recovery", (axis,), _SEEDS, _SETTINGS)
    wall_s: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        first = plan_of("vowel_recovery", ("chip.heaters.settle_s=1us,2us",), 1, _SETTINGS)
        run_sweep(first, Path(folder) / "warm", Manner(figures=False))  # compiles, and trains the network
        for workers in (1, 2):
            began_s = time.monotonic()
            run_sweep(plan, Path(folder) / str(workers), Manner(workers=workers, figures=False))
            wall_s[workers] = time.monotonic() - began_s
    rows = [(workers, seconds, seconds / len(plan.runs)) for workers, seconds in wall_s.items()]
    columns = (Column("workers"), Column("wall (s)", 1), Column("a run (s)", 3))
    note = f"{len(plan.runs)} runs of 1,000 queries; load {os.getloadavg()[0]:.1f} at the end"
    print(to_text(table_of("A sweep of short points", columns, rows, (note,))))
    return {
        "sweep.one_worker_s": wall_s[1],
        "sweep.two_workers_s": wall_s[2],
        "sweep.speedup": wall_s[1] / wall_s[2],
    }
