"""Random tiny studies of every registered controller, run as ``lightloop run`` runs them; it judges nothing."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from controllers.registry import CONTROLLERS
from emulator.bench import RunResult
from emulator.errors import ConfigError, PhysicsError
from emulator.instruments.registry import INSTRUMENTS
from emulator.streams import stream
from emulator.trace.schema import Detail
from emulator.trace.writing.finalize import finalize_here
from emulator.trace.writing.journal import journal_path
from emulator.trace.writing.recorder import Recorder
from experiments.check.endurance.draws import (
    CHIP,
    FAULT_CHANCE,
    HOST,
    LOSSES,
    OPU,
    Choices,
    limits,
    overrides,
)
from experiments.check.keys import bases
from experiments.run.changes import overrides as as_overrides
from experiments.run.run import Started, run_study
from experiments.run.study import Study, study_from_overrides

__all__ = ["Ran", "draw_study", "run_drawn"]

_FEWEST, _MOST = 8, 40

_OWN: Final = {"dmd.encoding", "recovery.mode", "monitors.fitted", "heaters.settle_s"}
"""Keys that controllers have needs of, and so keep what their tiny study has."""

_FAULTS: Final = {
    "chip.dead": ("0", "1"),
    "chip.gamma": ("0.9", "1.1"),
}
"""Values of the hidden states that an agent ``disturb`` may change; a state without a line is left alone."""


class Ran(NamedTuple):
    """Hold a study that ran, its result, and its journal."""

    study: Study
    result: RunResult
    journal: bytes


def draw_study(seed: int, folder: Path, detail: Detail) -> Study:
    """Return the tiny study of ``seed``, whose files lie in ``folder``.

    Raises ``ConfigError`` where what was drawn does not go together.
    """
    rng = stream(seed, "check/seeds/study")
    name = tuple(CONTROLLERS)[int(rng.integers(len(CONTROLLERS)))]
    needs = CONTROLLERS[name].needs
    base = bases(folder, int(rng.integers(_FEWEST, _MOST)))[name]
    drawn = overrides(_but_own(HOST), rng, "host.")
    if "chip" in needs:
        drawn += [*overrides(_but_own(CHIP), rng, "chip."), *_agents(rng)]
    if "opu" in needs:
        lost = {path: values for path, values in LOSSES.items() if rng.random() < FAULT_CHANCE}
        drawn += [*overrides(_but_own(OPU), rng, "opu."), *overrides(lost, rng, "opu.")]
    drawn += [f"budget.{limit}" for limit in limits(rng)]
    return study_from_overrides(
        (*as_overrides(base), *drawn, f"seed={seed}", f"trace.detail={detail}"), "check --seeds"
    )


def _but_own(choices: Choices) -> Choices:
    return {path: values for path, values in choices.items() if path not in _OWN}


def _agents(rng: np.random.Generator) -> list[str]:
    """Return an agent for each hidden state that is drawn."""
    entries = []
    for name, kind in INSTRUMENTS.items():
        for state in kind.disturbs:
            values = _FAULTS.get(f"{name}.{state}")
            if values is None or rng.random() >= FAULT_CHANCE:
                continue
            value, index = values[int(rng.integers(len(values)))], int(rng.integers(12, 16))
            at_s = float(rng.uniform(0.0, 1e-4))
            entries.append(
                f"{{kind='disturb', target='{name}.{state}', index={index}, value={value}, at_s={at_s!r}}}"
            )
    return [f"agents=[{', '.join(entries)}]"] if entries else []


def run_drawn(study: Study, out: Path, converts: bool) -> Ran:
    """Run ``study``, leave its journal at ``out`` and, where it ``converts``, its trace; raises what it raises."""
    kept: list[bytes] = []
    for path in (out, journal_path(out)):
        with suppress(FileNotFoundError):
            path.unlink()
    result = run_study(study, out, on_start=_keeper(kept, converts))
    return Ran(study, result, b"".join(kept))


def _keeper(kept: list[bytes], converts: bool) -> Callable[[Started], None]:
    def convert(journal: Path, out: Path, descriptor: int) -> None:
        kept.append(journal.read_bytes())
        if converts:
            finalize_here(journal, out, descriptor)
            journal.write_bytes(kept[0])

    def begin(started: Started) -> None:
        recorder = started.bench.recorder
        assert isinstance(recorder, Recorder)  # noqa: S101  (a study with an ``out`` has one)
        recorder.convert = convert

    return begin


REFUSALS: Final = (ConfigError, PhysicsError)
"""What a study is refused with before anything is written."""
