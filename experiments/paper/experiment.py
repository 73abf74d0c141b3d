"""An experiment of a paper: its points, its runs, and the tables and the figure that come of them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from emulator.instruments.chip.config import ChipConfig
from experiments.output.publishing import folder_of
from experiments.output.tables import Table
from experiments.paper.ceilings import ceiling_table
from experiments.paper.findings import Findings, run_plan, tell
from experiments.paper.outcome import Outcome, read_outcome
from experiments.run.study import Study
from experiments.sweep.points import Point, jobs_of, nothing_further
from experiments.sweep.trial import Quick, Size, Trial

__all__ = ["Experiment", "Results", "run_experiment", "setting_of"]


@dataclass(frozen=True)
class Results:
    """Hold the finished runs of an experiment, by point, in order of seed."""

    by_point: Mapping[str, Sequence[Outcome]]
    queries: int
    """Queries that a run was given, unless its point says otherwise."""
    setting: str = ""
    """Preset, meshes, reading of power and loop of the runs, in words."""

    def of(self, point: str) -> tuple[Outcome, ...]:
        """Return the finished runs of ``point``; there may be none."""
        return tuple(self.by_point.get(point, ()))


@dataclass(frozen=True)
class Experiment:
    """An experiment with queries: its points for a number of them, its tables and its figure.

    ``draw`` takes the results, the file, and a label that stands below.
    """

    name: str
    about: str
    queries: int
    """Queries of a run when the user names none."""
    points: Callable[[int], tuple[Point, ...]]
    tables: Callable[[Results], tuple[Table, ...]]
    draw: Callable[[Results, Path, str], None]
    quick: Quick
    """Seeds and queries of a quick run, which takes minutes."""
    first_seed: int = 0
    """Seed of the first run; the others follow."""
    further: Callable[[str, int], tuple[str, ...]] = nothing_further
    """Overrides that a point has besides, by its name and the seed."""

    @property
    def trial(self) -> Trial[Findings]:
        """Return the experiment as ``lightloop paper`` calls it."""
        size = Size("queries", "queries of a run", self.queries)
        run = partial(run_experiment, self)
        return Trial(self.name, self.about, size, run, self.quick, partial(run, ceilings=True))


def run_experiment(
    experiment: Experiment, out: Path, seeds: int, queries: int, jobs: int, *, ceilings: bool = False
) -> Findings:
    """Run what is not finished of ``experiment`` under ``out``, and return what is.

    ``ceilings`` adds a table of what any controller could have reached.
    """
    folder = folder_of(experiment.name, out)
    points, first = experiment.points(queries), experiment.first_seed
    plan = jobs_of(f"paper {experiment.name}", points, seeds, folder, first, experiment.further)
    runs = run_plan(experiment.name, plan, jobs, read_outcome)
    results = Results(runs.by_point, queries, setting_of(job.study for job in runs.jobs))
    say = partial(tell, experiment.name)
    judged = (ceiling_table(runs.jobs, read_outcome, say),) if ceilings and runs.jobs else ()
    return Findings(
        folder,
        (*experiment.tables(results), *judged) if runs.jobs else (),
        lambda path, label: experiment.draw(results, path, _lines(results.setting, label)),
        f"{results.setting}.\n{runs.provenance}",
        runs.failure,
    )


def setting_of(studies: Iterable[Study]) -> str:
    """Return in words which chips, meshes, readings of power and loops ``studies`` have, each where it differs."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for study in studies:
        chip, controller = study.section(ChipConfig), study.controller
        found["preset"][chip.preset or "none"] = None
        found["mesh"][f"{chip.mesh.shape} {chip.mesh.rotation}"] = None
        pruning, estimate = (getattr(controller, key, None) for key in ("pruning", "power_estimate"))
        if pruning is not None:
            found["reading"][f"{pruning}/{estimate}"] = None
        found["loop"][getattr(controller, "loop", "host")] = None
    return "power: " + "; ".join(f"{name} {', '.join(values)}" for name, values in found.items())


def _lines(*lines: str) -> str:
    return "\n".join(line for line in lines if line)
