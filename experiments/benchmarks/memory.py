"""Does memory grow with the number of queries? Run as a process of its own, whose heap nothing else has used.

``python -m experiments.benchmarks.memory FIRST LAST`` runs the benchmark's study, recorded in detail "commands",
and prints the resident bytes after FIRST and after LAST queries as one line of JSON.
"""

import gc
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from emulator.bench import Bench
from emulator.errors import LightloopError
from emulator.processes import child_environment, module_command
from experiments.benchmarks.chip.plant import benchmark_study, study_plant

__all__ = ["bytes_per_query", "resident_bytes"]


def resident_bytes() -> int:
    """Return the resident memory of this process, from /proc (Linux)."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


class _Scale:
    """An observer that weighs the process."""

    def __init__(self, every_queries: int) -> None:
        self.every_queries = every_queries
        self.readings: list[tuple[int, int]] = []

    def observe(self, bench: Bench) -> Mapping[str, float]:
        gc.collect()
        self.readings.append((bench.queries, resident_bytes()))
        return {}


def _weigh(first: int, last: int) -> tuple[int, int]:
    plant = study_plant(benchmark_study())
    scale = _Scale(first)
    with tempfile.TemporaryDirectory() as folder:
        bench = plant.bench(Path(folder) / "run.h5")
        bench.run({"szo_scd": plant.controller(last + 1)}, [scale])
    after = dict(scale.readings)
    reached = [queries for queries in sorted(after) if queries >= first]
    return after[reached[0]], after[reached[-1]]


def bytes_per_query(first: int = 20_000, last: int = 100_000) -> float:
    """Return by how many bytes a process grows with every query, between ``first`` and ``last`` queries.

    Raises ``LightloopError`` when the process fails.
    """
    command = module_command(f"{__package__}.memory", str(first), str(last))
    done = subprocess.run(command, env=child_environment(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise LightloopError(f"bench: the memory process failed: {said[-1] if said else done.returncode}")
    before, after = json.loads(done.stdout)
    return float(after - before) / (last - first)


if __name__ == "__main__":
    print(json.dumps(_weigh(int(sys.argv[1]), int(sys.argv[2]))))
