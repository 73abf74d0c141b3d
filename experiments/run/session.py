"""A run as a script starts it: a study by its name, with changes, and a controller of the user's own if need be.

The command line's way is ``experiments.run.launch``, which adds signals and a progress line; what a run is made of
is in ``experiments.run.run``.
"""

from pathlib import Path

from controllers.kind import Setting
from emulator.arguments import checked_kind, checked_path, checked_whole, shown
from emulator.bench import RunResult
from emulator.errors import ConfigError
from experiments.run import launch
from experiments.run.changes import Changes, overrides
from experiments.run.launch import shipped_studies
from experiments.run.own.own import OwnController, own_of, with_own
from experiments.run.run import run_study
from experiments.run.study import Study

__all__ = ["OwnController", "Setting", "open_study", "run", "shipped_studies"]


def open_study(study: str | Path, changes: Changes | None = None, seed: int | None = None) -> Study:
    """Return ``study``, a TOML file or the name of a shipped study, with ``changes`` and ``seed`` on top.

    Raises ``ConfigError`` when there is no such study, or a key or value is refused.
    """
    checked_path("open_study: study", study)
    if seed is not None:
        checked_whole("open_study: seed", seed, 0)
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
    ``controller`` of your own takes the place of the study's: accuracy is measured all the same, its agent has the
    function's name in the trace, and ``changes`` of "controller.KEY" are its arguments. Raises ``LightloopError``
    on bad input, before anything is written.
    """
    own, words = None if controller is None else own_of(controller), overrides(changes)
    if not isinstance(study, str | Path):
        if changes or seed is not None:
            raise ConfigError("run: changes and a seed go to open_study when the study is open already")
        opened = checked_kind(
            "run: study", study, Study, "a Study, the name of a shipped one, or a TOML file"
        )
    else:
        if own is not None:
            own, words = own.given(words)
        opened = launch.open_study(str(study), words, seed)
    if controller is not None and not callable(controller):
        raise ConfigError(
            f"run: controller = {shown(controller)} is refused; allowed: a generator function of a Setting, or None"
        )
    path = None if out is None else checked_path("run: out", out)
    if path is not None:
        launch.check_out(path)
    return run_study(opened if own is None else with_own(opened, own), path, own=own)
