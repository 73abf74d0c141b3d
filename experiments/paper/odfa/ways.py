"""The ways in which the paper trains one network, as changes to a shipped study, and their runs; NOT their tables.

As in the paper's Figure 2 all ways have ODFA's settings, BP a second time those that are best for it, and SHLW
trains the last block alone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from emulator.config.models import digest
from experiments.output.publishing import folder_of
from experiments.paper.findings import Finished, run_plan
from experiments.paper.odfa.learnt import Learnt, read_learnt
from experiments.run.launch import open_study
from experiments.sweep.points import Job, Point

__all__ = ["OWN_BP", "WAYS", "By", "Setup", "Way", "jobs_of_setups", "run_setups"]


@dataclass(frozen=True)
class Way:
    """A way to train: its name in files and in tables, and who feeds the error back."""

    name: str
    title: str
    feedback: str


OWN_BP: Final = Way("bp-own", "BP, its own best rates", "backprop")

WAYS: Final = (
    Way("bp", "BP", "backprop"),
    OWN_BP,
    Way("dfa", "DFA, exact error", "exact"),
    Way("tdfa", "DFA, ternary error", "ternary"),
    Way("odfa", "ODFA", "optical"),
    Way("shlw", "SHLW", "shallow"),
)


@dataclass(frozen=True)
class Setup:
    """A network on a task: the shipped study it starts from, and what changes for all ways or for one of them.

    A way of ``own`` has those changes besides; BP at its own rates is run where these are told.
    """

    name: str
    title: str
    study: str
    overrides: tuple[str, ...] = ()
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ways: tuple[str, ...] = tuple(way.name for way in WAYS)
    thrift: int = 1
    """One seed of so many is run, the first always: for what takes long."""

    @property
    def chosen(self) -> tuple[Way, ...]:
        """Return the ways that are run."""
        return tuple(
            way for way in WAYS if way.name in self.ways and (way is not OWN_BP or way.name in self.own)
        )

    def point(self, way: Way) -> str:
        """Return the name of the runs of ``way``."""
        return f"{self.name}-{way.name}"


By = Mapping[str, Sequence[Learnt]]
"""Finished runs by the name of their point, in order of seed."""


def jobs_of_setups(
    title: str, setups: Iterable[Setup], seeds: int, folder: Path, size: Callable[[Setup], tuple[str, ...]]
) -> tuple[Job, ...]:
    """Return every way of ``setups``, seed by seed as their thrift goes; ``size`` is how long a training is."""
    jobs = []
    for seed in range(seeds):
        for setup in setups:
            for way in setup.chosen if seed < max(1, seeds // setup.thrift) else ():
                changes = (
                    *setup.overrides, f"controller.feedback={way.feedback}", *setup.own.get(way.name, ()),
                    *size(setup), f'title="{title}: {setup.point(way)}"', "trace.detail=summary",
                )  # fmt: skip
                study = open_study(setup.study, changes, seed)
                name = f"{setup.point(way)}-seed{seed}-{digest(study)[:8]}.h5"
                jobs.append(Job(Point(setup.point(way), changes), study, folder / name))
    return tuple(jobs)


def run_setups(
    name: str,
    setups: Iterable[Setup],
    out: Path,
    seeds: int,
    jobs: int,
    size: Callable[[Setup], tuple[str, ...]],
) -> tuple[Path, Finished[Learnt]]:
    """Run what is not finished of the experiment ``name`` under ``out``; return its folder, and all runs there."""
    folder = folder_of(name, out)
    plan = jobs_of_setups(f"paper {name}", setups, seeds, folder, size)
    return folder, run_plan(name, plan, jobs, read_learnt)
