"""A run as a script starts it: a study by its name, with changes, and a controller of the user's own if need be.

The command line's way is ``experiments.run.launch``, which adds signals and a progress line; what a run is made of
is in ``experiments.run.run``.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from controllers.batches import mini_batches
from emulator.bench import RunResult
from emulator.commands import Batch, Controller
from emulator.errors import ConfigError
from emulator.streams import stream
from experiments.run import launch
from experiments.run.changes import Changes, overrides
from experiments.run.launch import shipped_studies
from experiments.run.recovery_watch import RecoveryObserver
from experiments.run.run import Prepared, make_bench, prepare, run_study
from experiments.run.study import Study, StudyConfig, chip_study

__all__ = ["OwnController", "Setting", "open_study", "run", "shipped_studies"]


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """Hold what is public where a controller works: a training set, and the design of the chip, not its state.

    ``inputs`` (samples, features) and ``targets`` (samples,) are the training set. ``heaters`` (n,) are the indices
    of the active devices and ``phases`` (n,) their design phases, in radians. ``stream`` gives the generator of a
    name, the same one for the same name and seed.
    """

    inputs: NDArray[np.float64]
    targets: NDArray[np.int64]
    stream: Callable[[str], np.random.Generator]
    heaters: NDArray[np.int64]
    phases: NDArray[np.float64]

    def batches(self, size: int, name: str = "batches") -> Iterator[Batch]:
        """Return endless mini-batches of ``size``, shuffled by the stream ``name``; raises ``ConfigError``."""
        return mini_batches(self.inputs, self.targets, size, self.stream(name))


OwnController = Callable[[Setting], Controller]
"""A user's controller: a generator function of one argument, the setting."""


def open_study(study: str | Path, changes: Changes | None = None, seed: int | None = None) -> Study:
    """Return ``study``, a TOML file or the name of a shipped study, with ``changes`` and ``seed`` on top.

    Raises ``ConfigError`` when there is no such study, or a key or value is refused.
    """
    return launch.open_study(str(study), overrides(changes), seed)


def run(
    study: Study | str | Path,
    out: str | Path | None = None,
    changes: Changes | None = None,
    seed: int | None = None,
    controller: OwnController | None = None,
) -> RunResult:
    """Run ``study`` and return its result; with ``out`` its trace is written there.

    ``study`` is one that ``open_study`` returned, or what that takes, with ``changes`` and ``seed``. A
    ``controller`` of your own takes the place of the study's: accuracy is measured all the same, and its agent has
    the function's name in the trace. Raises ``LightloopError`` on bad input, before anything is written.
    """
    if not isinstance(study, str | Path):
        if changes or seed is not None:
            raise ConfigError("run: changes and a seed go to open_study when the study is open already")
        opened = study
    else:
        opened = open_study(study, changes, seed)
    path = None if out is None else Path(out)
    if path is not None:
        launch.check_out(path)
    return run_study(opened, path) if controller is None else _run_own(chip_study(opened), path, controller)


def _run_own(study: StudyConfig, out: Path | None, controller: OwnController) -> RunResult:
    prepared = prepare(study)
    agent = controller(_setting(study, prepared))
    make_bench(study, prepared, None)  # what physics refuses is refused here, before a file exists
    bench = make_bench(study, prepared, out)
    bench.log("ideal_test_accuracy", prepared.pretrained.test_accuracy)
    bench.log("ideal_val_accuracy", prepared.pretrained.val_accuracy)
    watch = RecoveryObserver(prepared.task, study.evaluate_every)
    return bench.run({getattr(controller, "__name__", "controller"): agent}, [watch])


def _setting(study: StudyConfig, prepared: Prepared) -> Setting:
    task, deployment = prepared.task, prepared.deployment

    def named(name: str) -> np.random.Generator:
        return stream(study.seed, f"controller/{name}")

    phases = deployment.phases[deployment.active]
    return Setting(task.x_train, task.y_train, named, deployment.heaters, phases)
