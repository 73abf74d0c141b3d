"""``lightloop check determinism``: the same study in fresh processes must give one digest.

The processes differ in what must not matter: the hash seed, the threads of the numerical libraries, and whether the
network is trained anew or comes from the cache.
"""

import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emulator.config.models import to_toml
from emulator.errors import TaskError
from emulator.processes import child_environment, module_command
from emulator.trace.open import open_trace
from experiments.output.files import write_text
from experiments.output.tables import Column, Table, to_markdown
from experiments.run.study import Study, study_from_overrides
from experiments.sweep import worker
from experiments.sweep.trial import Size, Trial

__all__ = [
    "DETERMINISM",
    "SURROUNDINGS",
    "Repeat",
    "Surroundings",
    "repeat",
    "run_determinism",
    "vowel_study",
]

_QUERIES: Final = 2000
_THREADS: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Surroundings:
    """What is around a process: hash seed ("random" is drawn by Python), threads, and whether it trains anew."""

    hash_seed: str
    threads: int
    trains: bool


SURROUNDINGS: Final = (
    *(
        Surroundings(hash_seed, threads, trains=True)
        for threads in (1, 2)
        for hash_seed in ("0", "1", "random")
    ),
    *(Surroundings("random", threads, trains=False) for threads in (1, 2)),
)
"""Every hash seed with every number of threads; trained anew each time, and twice from the cache."""


@dataclass(frozen=True)
class Repeat:
    """Hold what a process left: the digest of its trace, and the numbers that people would compare."""

    around: Surroundings
    digest: str
    queries: int
    accuracy: float


def vowel_study(queries: int, seed: int = 0) -> Study:
    """Return the study that is repeated: vowels on a dynamic chip with noise, recorded in full."""
    overrides = (
        "task.name=vowel", "controller.sparsity=0.6", f"controller.queries={queries}", f"seed={seed}",
        "trace.detail=full",
    )  # fmt: skip
    return study_from_overrides(overrides, "check determinism")


def repeat(study: Study, around: Sequence[Surroundings], folder: Path, jobs: int) -> list[Repeat]:
    """Run ``study`` once in each of ``around``, ``jobs`` at a time, in ``folder``.

    Raises ``TaskError`` when a process fails.
    """
    path = folder / "study.toml"
    path.write_text(to_toml(study), encoding="utf-8")
    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(lambda pair: _repeat(path, pair[1], folder / f"{pair[0]}"), enumerate(around)))


def _repeat(study: Path, around: Surroundings, folder: Path) -> Repeat:
    folder.mkdir()
    out = folder / "run.h5"
    done = subprocess.run(
        module_command(worker.__name__, str(study), str(out)),
        env=_environment(around, folder),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise TaskError(
            f"determinism: {around}: exit code {done.returncode}: {said[-1] if said else 'nothing said'}"
        )
    with open_trace(out) as trace:
        accuracy = trace.metrics()["test_accuracy"].value[-1]
        return Repeat(around, trace.digest, trace.queries, float(accuracy))


def _environment(around: Surroundings, folder: Path) -> dict[str, str]:
    """Return the environment of a process; one that trains anew gets an empty cache, but compiled kernels."""
    threads = dict.fromkeys(_THREADS, str(around.threads))
    environment = child_environment(PYTHONHASHSEED=around.hash_seed, **threads)
    if around.trains:
        environment.setdefault("NUMBA_CACHE_DIR", str(folder.parent / "kernels"))
        environment["LIGHTLOOP_CACHE"] = str(folder / "cache")
    return environment


def run_determinism(out: Path, seeds: int, queries: int, jobs: int) -> None:
    """Repeat the study in all surroundings, with further seeds in the last two, and print the digests.

    Raises ``TaskError`` when a seed has more than one digest.
    """
    folder = out / "determinism"
    folder.mkdir(parents=True, exist_ok=True)
    found: list[tuple[int, list[Repeat]]] = []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory(dir=folder) as place:
            around = SURROUNDINGS if seed == 0 else SURROUNDINGS[-2:]
            found.append((seed, repeat(vowel_study(queries, seed), around, Path(place), jobs)))
    text = to_markdown(_table(found))
    print(text)
    write_text(folder / "determinism.md", text)
    if torn := [seed for seed, repeats in found if len({one.digest for one in repeats}) > 1]:
        raise TaskError(f"check determinism: seed {torn[0]} has more than one digest")


def _table(found: Sequence[tuple[int, list[Repeat]]]) -> Table:
    columns = (
        Column("digest"), Column("seed"), Column("hash seed"), Column("threads"), Column("network"),
        Column("queries"), Column("accuracy (%)", 2, 100.0),
    )  # fmt: skip
    rows = tuple(
        (
            one.digest, seed, one.around.hash_seed, one.around.threads,
            "trained" if one.around.trains else "cached", one.queries, one.accuracy,
        )
        for seed, repeats in found
        for one in repeats
    )  # fmt: skip
    notes = [
        f"Seed {seed}: {len(repeats)} fresh processes, {len({one.digest for one in repeats})} digest(s)."
        for seed, repeats in found
    ]
    return Table("One study in fresh processes", columns, rows, tuple(notes))


DETERMINISM: Final = Trial(
    "determinism",
    "does a study give one digest in fresh processes",
    Size("queries", "queries of a run", _QUERIES),
    run_determinism,
)
