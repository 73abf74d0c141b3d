"""What nobody had tried on such a chip: several heaters in one settling time, signs with momentum, importance.

Settings were chosen on seeds 0 to 2, with an effort that docs/results.md counts; here they run on seeds that nobody
had looked at, with equal queries. Seconds and joules, the host's included, stand beside them.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from controllers.kind import Setting
from emulator.commands import Controller
from emulator.config.models import digest
from emulator.errors import TraceError
from emulator.instruments.chip.config import ChipConfig
from experiments.output.publishing import folder_of, source_note
from experiments.output.source import source_digest
from experiments.output.statistics import accuracy_stat, first_crossing, running_mean, stat
from experiments.output.tables import Cell, Column, Table
from experiments.paper.findings import Findings
from experiments.paper.machines.tried import blocks, by_importance, spsa
from experiments.paper.outcome import Outcome, read_outcome
from experiments.paper.plots import COLOURS, band, figure
from experiments.run.own.own import own_of, with_own
from experiments.run.run import run_study
from experiments.run.study import Study, study_from_overrides
from experiments.sweep.trial import Quick, Size, Trial

__all__ = ["TRIES", "run_tries"]

_FIRST_SEED: Final = 10
_LEVEL: Final = 0.88
_LOOKS: Final = 40

Tried = Callable[[Setting], Controller]


@dataclass(frozen=True)
class _Row:
    """One controller: its name in files and tables, its overrides, and the function where it is no kind."""

    name: str
    title: str
    reads: str
    overrides: tuple[str, ...]
    own: Callable[[int], Tried] | None = None
    share: float = 1.0
    """Of the queries that the others have."""


_SUBSPACE: Final = ("controller.kind=subspace_newton",)
_SZO: Final = ("controller.kind=szo_scd", "controller.loop=sequencer", "controller.epoch_iterations=1875")


def _signs(total: int) -> Tried:
    return partial(spsa, rule="sign", total=total, first_rad=0.01, last_rad=0.001)


def _adam(total: int) -> Tried:
    return partial(spsa, rule="adam", total=total, first_rad=0.03, last_rad=0.002)


_ROWS: Final = (
    _Row("szo", "SZO-SCD, the paper's", "loss", _SZO),
    _Row("szo128", "SZO-SCD, batch 128", "loss", (*_SZO, "controller.batch_size=128")),
    _Row("subspace", "subspace_newton: 64 directions at once", "outputs", _SUBSPACE),
    _Row("early", "the same, fewer queries", "outputs", _SUBSPACE, share=0.15),
    _Row("blocks", "4 heaters a visit, batch 128", "loss", (*_SZO, "controller.batch_size=128"), lambda _: blocks),
    _Row("signs", "sign-SPSA, momentum 0.9, batch 128", "loss", _SZO, _signs),
    _Row("adam", "SPSA by Adam, batch 128", "loss", _SZO, _adam),
    _Row("importance", "visits by importance", "loss", _SZO, lambda _: by_importance),
    _Row("pruned", "half never visited", "loss", _SZO, lambda _: partial(by_importance, power=0.0, pruned=0.5)),
)  # fmt: skip


def run_tries(out: Path, seeds: int, queries: int, jobs: int) -> Findings:
    """Run what is not finished under ``out``, one run after the other whatever ``jobs`` says, and tell it."""
    del jobs
    folder = folder_of(TRIES.name, out)
    found: dict[str, list[Outcome]] = {row.name: [] for row in _ROWS}
    for seed in range(_FIRST_SEED, _FIRST_SEED + seeds):
        for row in _ROWS:
            print(f"paper {TRIES.name}: {row.title}, seed {seed}", file=sys.stderr, flush=True)
            spent = max(1, round(row.share * queries))
            found[row.name].append(_outcome(row, seed, spent, folder))
    return Findings(
        folder, (_table(found, queries),), lambda path, label: _draw(found, path, label), _provenance(found)
    )


def _study(row: _Row, seed: int, queries: int) -> Study:
    words = (
        "chip.preset=doped_si", "chip.dac.bits=16", "host.preset=workstation", "deployment.alpha=0.15",
        "task.name=mnist8x8", *row.overrides, f"controller.queries={queries}", f"seed={seed}",
        f'title="paper {TRIES.name}: {row.name}"', "trace.detail=summary",
        f"evaluation.every_queries={max(1, queries // _LOOKS)}",
    )  # fmt: skip
    return study_from_overrides(words, f"paper {TRIES.name}, {row.name}")


def _outcome(row: _Row, seed: int, queries: int, folder: Path) -> Outcome:
    """Return the run of ``row`` with ``seed``; run it unless it is there."""
    study = _study(row, seed, queries)
    own = None if row.own is None else own_of(row.own(queries))
    named = digest(study if own is None else with_own(study, own))
    path = folder / f"{row.name}-seed{seed}-{named[:8]}.h5"
    try:
        return read_outcome(path)
    except TraceError:
        path.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    run_study(study, path, own=own)
    return read_outcome(path)


def _table(found: dict[str, list[Outcome]], queries: int) -> Table:
    columns = (
        Column("controller", words=True), Column("reads", words=True), Column("n"), Column("queries"),
        Column("deployed %", 1, 100.0), Column("final %", 1, 100.0), Column("selected %", 1, 100.0),
        Column("ms", 1, 1e3), Column("J", 2),
        Column(f"queries to {_LEVEL:.0%}"), Column(f"ms to {_LEVEL:.0%}", 1, 1e3), Column(f"J to {_LEVEL:.0%}", 2),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for row in _ROWS:
        runs = found[row.name]
        samples = runs[0].test_samples
        until = [
            stat(first_crossing(getattr(one, of), running_mean(one.accuracy), _LEVEL) for one in runs)
            for of in ("queries", "t_s", "energy_j")
        ]
        rows.append(
            (
                row.title, row.reads, len(runs), stat(float(one.queries[-1]) for one in runs),
                accuracy_stat((one.deployed for one in runs), samples),
                accuracy_stat((one.final for one in runs), samples),
                accuracy_stat((one.selected for one in runs), samples), stat(one.t_s[-1] for one in runs),
                stat(one.energy_j[-1] for one in runs), *until,
            )
        )  # fmt: skip
    notes = (
        "mean ± standard deviation over seeds from 10 on; settings were chosen on seeds 0 to 2",
        "final: mean of the last tenth of the evaluations; to: first crossing by the mean of three evaluations",
    )
    title = (
        f"Tried against SZO-SCD, {queries:,} queries each: MNIST 8x8, 15 % active, doped silicon, 16-bit DAC"
    )
    return Table(title, columns, tuple(rows), notes)


def _draw(found: dict[str, list[Outcome]], path: Path, label: str) -> None:
    with figure(path, 2, "Tried against SZO-SCD: MNIST 8x8 on doped silicon", label) as (left, right):
        for colour, row in zip(COLOURS, _ROWS, strict=False):
            runs = found[row.name]
            band(left, [(one.queries / 1e3, 100 * one.accuracy) for one in runs], colour, row.title)
            band(right, [(np.array(one.energy_j), 100 * one.accuracy) for one in runs], colour, row.title)
        left.set(xlabel="queries (thousands)", ylabel="test accuracy (%)", ylim=(60, 95))
        right.set(xlabel="energy (J)", ylabel="test accuracy (%)", ylim=(60, 95))
        left.legend(loc="lower right")


def _provenance(found: dict[str, list[Outcome]]) -> str:
    outcomes = [one for runs in found.values() for one in runs]
    created = sorted(one.created for one in outcomes)
    chip = _study(_ROWS[0], _FIRST_SEED, 1).section(ChipConfig)
    return (
        f"power: preset {chip.preset}; mesh {chip.mesh.shape} {chip.mesh.rotation}; loop sequencer, blocks host\n"
        f"{len(outcomes)} runs, made from {created[0]} to {created[-1]}; {source_note({source_digest()})}"
    )


TRIES: Final = Trial(
    "tries", "ideas tried against SZO-SCD, with equal queries", Size("queries", "queries of a run", 5_000),
    run_tries, Quick(1, 300),
)  # fmt: skip
