"""Lightloop: an emulated photonics laboratory. This module is all that a user's own code imports.

    import lightloop

    result = lightloop.run("vowel_recovery", out="out/mine.h5", changes={"controller.queries": 500})
    with lightloop.open_trace("out/mine.h5") as trace:
        print(trace.status, trace.elapsed_s, trace.metrics()["test_accuracy"].value[-1])

Runs: `run` a study, or a controller of your own (`OwnController`) in the place of the study's, which is given a
`Setting` and ends in a `RunResult`; the command line has `lightloop run STUDY --controller FILE.py:NAME` for it.
`open_study` gives a `Study`, with `Changes`, and `shipped_studies` names some.

Sweeps: `sweep` runs a study at every point of its axes, with several seeds, and gives a `Swept`.

Traces: `open_trace` gives a `Trace`, `LiveTrace` follows a run that lasts; `latency_by_span` and
`energy_by_component` are its ledgers.

Commands, which a controller yields: `Probe`, `Sequence` (which may follow a `Descent`), `SetPhases`, `Settle`,
`Forward` and `Monitor` (chip), `Project` and `ProjectFrames` (OPU), `Kernel` (GPU), `Compute` (host), `Start`,
`Join`, `Wait`, `Log`, `Keep`, `Incumbent`, `Spending` and `Disturb` (bench).
`Command` is any of them, `Served` one that can be started, `Controller` the generator, `Batch` what is sent.

Replies, which it is sent: `PhasesSet`, `Settled`, `Reading`, `Readings`, `Monitored`, `Projection` with its
`FrameCounts`, `Computed`, `Spent` and `Ticket`; `Reply` is any of them.

For a controller's own use: `cross_entropy`, the loss of a reading; `mini_batches`; `stream`, seeded randomness by
name; `ask_tell`, which makes a controller of any optimiser that has `ask` and `tell`.

Instruments: `chip`, `opu` and `host` give a preset as a `ChipConfig`, an `OpuConfig`, a `HostConfig`, with changes;
`preset_names` lists them. On a `Bench` stands a `Lab`: by its kind's name, each as a `Stand`, a configuration with
what was made to it (`Design`, `OpuDesign`). An `Observer` looks on.

Interfaces from elsewhere: `OPU` (lightonml) with its `BinaryThresholdEncoder` and `SeparatedBitPlanEncoder`,
`OpuFeatures` (scikit-learn), `OpuProjection` (PyTorch), and `OpuSession`, which is behind them all.

Errors: `LightloopError` is every error that Lightloop foresees: `ConfigError`, `CommandError`, `ClockError`,
`InstrumentError`, `WireError`, `PhysicsError`, `DivergedError`, `TraceError` and `TaskError`.

Importing it costs nothing: a name brings its module along when it is first asked for.
"""

import sys
from collections import abc  # bare names would stand in the way of our own, which come by __getattr__
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from controllers.ask_tell import ask_tell
    from controllers.batches import mini_batches
    from controllers.losses import cross_entropy
    from emulator.adapters.lightonml.encoders import BinaryThresholdEncoder, SeparatedBitPlanEncoder
    from emulator.adapters.lightonml.opu import OPU
    from emulator.adapters.session import OpuSession
    from emulator.adapters.sklearn_transformer import OpuFeatures
    from emulator.adapters.torch_module import OpuProjection
    from emulator.bench import Bench, Observer, RunResult
    from emulator.commands import (
        Batch,
        Command,
        Compute,
        Computed,
        Controller,
        Descent,
        Disturb,
        Forward,
        FrameCounts,
        Incumbent,
        Join,
        Keep,
        Kernel,
        Log,
        Monitor,
        Monitored,
        PhasesSet,
        Probe,
        Project,
        ProjectFrames,
        Projection,
        Reading,
        Readings,
        Reply,
        Sequence,
        Served,
        SetPhases,
        Settle,
        Settled,
        Spending,
        Spent,
        Start,
        Ticket,
        Wait,
    )
    from emulator.config.models import preset_names
    from emulator.errors import (
        ClockError,
        CommandError,
        ConfigError,
        DivergedError,
        InstrumentError,
        LightloopError,
        PhysicsError,
        TaskError,
        TraceError,
        WireError,
    )
    from emulator.instruments.chip.config import ChipConfig
    from emulator.instruments.chip.state import Design
    from emulator.instruments.host.config import HostConfig
    from emulator.instruments.instrument import Lab, Stand
    from emulator.instruments.opu.config import OpuConfig
    from emulator.instruments.opu.timing import OpuDesign
    from emulator.streams import stream
    from emulator.trace.analysis.ledger import energy_by_component, latency_by_span
    from emulator.trace.live import LiveTrace
    from emulator.trace.open import open_trace
    from emulator.trace.reading.reader import Trace
    from experiments.presets.sections import chip, host, opu
    from experiments.run.changes import Changes
    from experiments.run.session import OwnController, Setting, open_study, run, shipped_studies
    from experiments.run.study import Study
    from experiments.sweep.sweep import Swept, sweep

__version__ = "0.1.0"

__all__ = [
    "OPU", "Batch", "Bench", "BinaryThresholdEncoder", "Changes", "ChipConfig", "ClockError", "Command",
    "CommandError", "Compute", "Computed", "ConfigError", "Controller", "Descent", "Design", "Disturb",
    "DivergedError", "Forward", "FrameCounts", "HostConfig", "Incumbent", "InstrumentError", "Join", "Keep",
    "Kernel", "Lab",
    "LightloopError", "LiveTrace", "Log", "Monitor", "Monitored", "Observer", "OpuConfig", "OpuDesign",
    "OpuFeatures", "OpuProjection", "OpuSession", "OwnController", "PhasesSet", "PhysicsError", "Probe", "Project",
    "ProjectFrames", "Projection", "Reading", "Readings", "Reply", "RunResult", "SeparatedBitPlanEncoder",
    "Sequence", "Served", "SetPhases",
    "Setting", "Settle", "Settled", "Spending", "Spent", "Stand", "Start", "Study", "Swept", "TaskError", "Ticket",
    "Trace", "TraceError", "Wait", "WireError", "__version__", "ask_tell", "chip", "cross_entropy",
    "energy_by_component",
    "host", "latency_by_span", "main", "mini_batches", "open_study", "open_trace", "opu", "preset_names", "run",
    "shipped_studies", "stream", "sweep",
]  # fmt: skip

_Rooms = tuple[ModuleType, ...]


def _vocabulary() -> _Rooms:
    from emulator import commands, errors

    return commands, errors


def _aids() -> _Rooms:
    from controllers import ask_tell, batches, losses
    from emulator import streams

    return ask_tell, batches, losses, streams


def _runs() -> _Rooms:
    from experiments.run import changes, session, study

    return changes, session, study


def _sweeps() -> _Rooms:
    from experiments.sweep import sweep

    return (sweep,)


def _traces() -> _Rooms:
    from emulator.trace import live
    from emulator.trace import open as door
    from emulator.trace.analysis import ledger
    from emulator.trace.reading import reader

    return ledger, live, door, reader


def _bench() -> _Rooms:
    from emulator import bench
    from emulator.instruments import instrument
    from emulator.instruments.chip import state
    from emulator.instruments.opu import timing

    return bench, instrument, state, timing


def _sections() -> _Rooms:
    from emulator.config import models
    from emulator.instruments.chip import config as chip_config
    from emulator.instruments.host import config as host_config
    from emulator.instruments.opu import config as opu_config
    from experiments.presets import sections

    return chip_config, host_config, models, opu_config, sections


def _units() -> _Rooms:
    from emulator.adapters import session
    from emulator.adapters.lightonml import encoders, opu

    return encoders, opu, session


def _transformer() -> _Rooms:
    from emulator.adapters import sklearn_transformer

    return (sklearn_transformer,)


def _layer() -> _Rooms:
    from emulator.adapters import torch_module

    return (torch_module,)


# What is asked for together is imported together. Rooms are functions and not names of modules, which no tool could
# read and the wheel could not rewrite.
_HOMES: Final[dict[str, abc.Callable[[], _Rooms]]] = {
    **dict.fromkeys((
        "Batch", "ClockError", "Command", "CommandError", "Compute", "Computed", "ConfigError", "Controller",
        "Descent", "Disturb", "DivergedError", "Forward", "FrameCounts", "Incumbent", "InstrumentError", "Join",
        "Keep", "Kernel", "LightloopError", "Log", "Monitor", "Monitored", "PhasesSet", "PhysicsError", "Probe",
        "Project",
        "ProjectFrames", "Projection", "Reading", "Readings", "Reply", "Sequence", "Served", "SetPhases", "Settle",
        "Settled", "Spending", "Spent", "Start", "TaskError", "Ticket", "TraceError", "Wait", "WireError",
    ), _vocabulary),
    **dict.fromkeys(("ask_tell", "cross_entropy", "mini_batches", "stream"), _aids),
    **dict.fromkeys(
        ("Changes", "OwnController", "Setting", "Study", "open_study", "run", "shipped_studies"), _runs
    ),
    **dict.fromkeys(("Swept", "sweep"), _sweeps),
    **dict.fromkeys(
        ("LiveTrace", "Trace", "energy_by_component", "latency_by_span", "open_trace"), _traces
    ),
    **dict.fromkeys(("Bench", "Design", "Lab", "Observer", "OpuDesign", "RunResult", "Stand"), _bench),
    **dict.fromkeys(
        ("ChipConfig", "HostConfig", "OpuConfig", "chip", "host", "opu", "preset_names"), _sections
    ),
    **dict.fromkeys(("OPU", "BinaryThresholdEncoder", "OpuSession", "SeparatedBitPlanEncoder"), _units),
    "OpuFeatures": _transformer,
    "OpuProjection": _layer,
}  # fmt: skip


def main(argv: abc.Sequence[str] | None = None) -> int:
    """Run the command line ``argv`` (None: the process's) and return the exit code."""
    from experiments.cli import main as command_line

    return command_line(argv)


def __getattr__(name: str) -> Any:
    """Import ``name`` from where it is defined, once (PEP 562)."""
    if name not in _HOMES:
        from emulator.errors import nearest

        hint = nearest(name, __all__)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint and f'; {hint}'}")
    value = next(getattr(room, name) for room in _HOMES[name]() if name in room.__all__)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return what users may import, also what has not been asked for yet."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})


if __name__ == "__main__":
    sys.exit(main())
