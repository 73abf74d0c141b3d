"""What ``lightloop scale`` costs by the number of steps, in processes of their own: it must grow no faster.

``python -m experiments.benchmarks.scale STEPS`` times that many steps of a billion parameters once, and prints what
it took as JSON; 0 reads the study alone, which is what starting up costs.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from emulator.errors import LightloopError
from emulator.processes import child_environment, module_command
from experiments.benchmarks.timing import peak_mb
from experiments.output.tables import table_of
from experiments.output.terminal import to_text
from experiments.run.launch import open_study
from experiments.scale.timing import time_steps

__all__ = ["ScaleCost", "measure_scale", "run_scale_benchmark"]

_STUDY: Final = "transformer_1b"
_STEPS: Final = (2, 10, 100, 1000)
"""The first is the fewest that can be timed, as the first step is not counted."""

_ROUNDS: Final = 3
_MOST_S, _MOST_LONG_S = 1.0, 30.0


@dataclass(frozen=True, slots=True)
class ScaleCost:
    """Give what one process took, in seconds of CPU and of wall time, start included, and its memory at most."""

    steps: int
    cpu_s: float
    wall_s: float
    peak_mb: float


def run_scale_benchmark(steps: Sequence[int] = _STEPS, rounds: int = _ROUNDS) -> dict[str, float]:
    """Measure, print a table to stdout, and return the results by name; medians of ``rounds`` in turn."""
    taken: dict[int, list[ScaleCost]] = {count: [] for count in (0, *steps)}
    for _ in range(rounds):
        for count, costs in taken.items():
            costs.append(measure_scale(count))
    cpu_s = {count: float(np.median([each.cpu_s for each in costs])) for count, costs in taken.items()}
    wall_s = {count: float(np.median([each.wall_s for each in costs])) for count, costs in taken.items()}
    rows = [
        (
            f"{count:,}", cpu_s[count], cpu_s[count] - cpu_s[0], wall_s[count] - wall_s[0],
            1e3 * (cpu_s[count] - cpu_s[0]) / count, max(each.peak_mb for each in taken[count]),
        )
        for count in steps
    ]  # fmt: skip
    first, last = steps[0], steps[-1]
    growth = (cpu_s[last] - cpu_s[0]) / (cpu_s[steps[-2]] - cpu_s[0]) / (last / steps[-2])
    notes = (
        f"study {_STUDY}; starting up takes {cpu_s[0]:.2f} s of CPU; medians of {rounds} processes each",
        f"target: {first} steps in at most {_MOST_S:g} s beyond start, {last:,} in at most {_MOST_LONG_S:g} s",
        f"from {steps[-2]:,} to {last:,} steps time grows by {growth:.2f} of what steps do: at most 1 is asked for",
    )
    headings = ("steps", "CPU s", "CPU s beyond start", "wall s beyond start", "CPU ms a step", "peak MB")
    print(to_text(table_of("lightloop scale by the number of steps", headings, rows, notes)))
    return {
        **{f"scale_{count}_steps_cpu_s": cpu_s[count] - cpu_s[0] for count in steps},
        "scale_start_cpu_s": cpu_s[0],
        "scale_growth": growth,
    }


def measure_scale(steps: int) -> ScaleCost:
    """Time ``steps`` in a fresh process; raises ``LightloopError`` when the process fails."""
    began_s = time.perf_counter()
    done = subprocess.run(
        module_command(f"{__package__}.scale", str(steps)),
        env=child_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise LightloopError(f"bench: the timing process failed: {said[-1] if said else done.returncode}")
    told = json.loads(done.stdout)
    return ScaleCost(steps, told["cpu_s"], time.perf_counter() - began_s, told["peak_mb"])


def _timed(steps: int) -> dict[str, float]:
    """Time ``steps`` of the study, or read it alone, and return what this process has taken so far."""
    study = open_study(_STUDY, (f"workload.steps={max(steps, 2)}",))
    if steps:
        time_steps(study)
    return {"cpu_s": time.process_time(), "peak_mb": peak_mb()}


if __name__ == "__main__":
    print(json.dumps(_timed(int(sys.argv[1]))))
