"""``lightloop check estimates`` asks whether ``run --dry-run`` is right to a factor of two, by random studies.

Each set draws a shipped study, a network, a batch and a length; each estimate and each run is a process of its own,
one at a time, with a cache of trained weights that is new for every set: what is estimated is done for real.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from emulator.errors import TaskError
from emulator.processes import child_environment, module_command
from emulator.streams import stream
from experiments.output.publishing import folder_of, publish, source_note
from experiments.output.source import source_digest
from experiments.output.tables import Cell, Column, Table
from experiments.sweep.trial import Size, Trial

__all__ = ["AMOUNTS", "ESTIMATES", "Case", "cases", "run_estimates"]

_SETS: Final = 20
_FACTOR: Final = 2.0
AMOUNTS: Final = ("emulated_s", "energy_j", "wall_s", "memory_bytes", "trace_bytes")
"""What an estimate and a run are compared by."""


@dataclass(frozen=True)
class Case:
    """A shipped study with changes."""

    study: str
    overrides: tuple[str, ...]

    def words(self) -> list[str]:
        """Return what follows ``lightloop run``."""
        return [self.study, "--quiet", "--json", *(word for one in self.overrides for word in ("--set", one))]


def cases(count: int) -> Iterator[Case]:
    """Yield ``count`` random studies: recoveries on small and large chips, by host and sequencer, and trainings."""
    rng = stream(0, "check/estimates")
    for number in range(count):
        yield _training(rng) if number % 3 == 2 else _recovery(rng)


def _recovery(rng: np.random.Generator) -> Case:
    study = str(rng.choice(["vowel_recovery", "mnist_recovery", "fashion_recovery"]))
    units = [int(n) for n in rng.integers(8, 65, size=rng.integers(0, 3))]
    return Case(
        study,
        (
            f"task.hidden={units}", f"controller.queries={int(np.exp(rng.uniform(np.log(300), np.log(1e5))))}",
            f"controller.batch_size={int(rng.integers(8, 100))}", f"deployment.alpha={rng.uniform(0.1, 1):.2f}",
            f"controller.loop={rng.choice(['host', 'sequencer'])}",
            f"chip.preset={rng.choice(['doped_si', 'lab_loop', 'generic_heater'])}",
        ),
    )  # fmt: skip


def _training(rng: np.random.Generator) -> Case:
    units = [int(n) for n in rng.integers(32, 1025, size=rng.integers(1, 3))]
    return Case(
        str(rng.choice(["mnist_light", "mnist_odfa"])),
        (
            "task.name=mnist", f"task.hidden={units}", f"controller.epochs={int(rng.integers(1, 6))}",
            f"controller.batch_size={int(rng.integers(32, 257))}",
        ),
    )  # fmt: skip


def run_estimates(out: Path, seeds: int, sets: int, jobs: int) -> None:
    """Estimate, run and print under ``out``/estimates; ``seeds`` and ``jobs`` are not used.

    Raises ``TaskError`` after the table when an estimate is not within a factor of two.
    """
    del seeds, jobs
    folder = folder_of("estimates", out)
    drawn, ratios = list(cases(sets)), []
    for number, case in enumerate(drawn, start=1):
        with tempfile.TemporaryDirectory() as place:
            ratios.append(_compared(case, Path(place)))
        worst = max(max(ratio, 1 / ratio) for ratio in ratios[-1].values())
        print(f"check estimates: {number} of {sets} sets, within {worst:.2f}", file=sys.stderr, flush=True)
    publish("estimates", (_table(drawn, ratios),), source_note([source_digest()]), folder)
    if any(not 1 / _FACTOR <= ratio <= _FACTOR for one in ratios for ratio in one.values()):
        raise TaskError("check estimates: an estimate is not within a factor of two; see the table")


def _compared(case: Case, folder: Path) -> dict[str, float]:
    """Return estimate over truth for every amount."""
    said, _, _ = _spoken([*case.words(), "--dry-run"], folder / "dry")
    ran, wall_s, memory = _spoken([*case.words(), "--out", str(folder / "run.h5")], folder / "wet")
    true = {
        "emulated_s": ran["elapsed_s"], "energy_j": ran["energy_j"], "wall_s": wall_s, "memory_bytes": memory,
        "trace_bytes": (folder / "run.h5").stat().st_size,
    }  # fmt: skip
    return {name: said[name] / true[name] for name in AMOUNTS}


def _spoken(words: list[str], cache: Path) -> tuple[dict[str, Any], float, int]:
    """Run ``lightloop run`` with ``words``; return its JSON, wall seconds, and its memory at most, in bytes."""
    environment = child_environment()
    kernels = os.environ.get("LIGHTLOOP_CACHE") or str(Path.home() / ".cache" / "lightloop")
    environment |= {"LIGHTLOOP_CACHE": str(cache), "NUMBA_CACHE_DIR": kernels}
    begun = time.monotonic()
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(module_command("lightloop", "run", *words), stdout=said, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        wall_s = time.monotonic() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            raise TaskError(f"check estimates: lightloop run {' '.join(words)} ended with {child.returncode}")
        said.seek(0)
        return json.load(said), wall_s, usage.ru_maxrss * 1024


def _table(drawn: list[Case], ratios: list[dict[str, float]]) -> Table:
    columns = (
        Column("study", words=True), Column("changes", words=True),
        *(Column(f"{name.rpartition('_')[0]}, estimate over truth", 2) for name in AMOUNTS),
    )  # fmt: skip
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (case.study, ", ".join(case.overrides), *(one[name] for name in AMOUNTS))
        for case, one in zip(drawn, ratios, strict=True)
    )
    worst = {name: max(max(one[name], 1 / one[name]) for one in ratios) for name in AMOUNTS}
    notes = tuple(f"{name}: within a factor of {worst[name]:.2f} in all {len(drawn)}" for name in AMOUNTS)
    return Table("What --dry-run says against what the run took", columns, rows, notes)


ESTIMATES: Final = Trial(
    "estimates",
    "is a dry run's estimate right to a factor of two",
    Size("sets", "random studies", _SETS),
    run_estimates,
)
