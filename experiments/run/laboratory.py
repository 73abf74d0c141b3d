"""What a study puts on the bench, for a re-timing; nothing is built, and no network is trained."""

from emulator.config.models import StrictModel
from emulator.instruments.instrument import InstrumentKind
from emulator.instruments.registry import INSTRUMENTS
from emulator.retiming.cautions import refuse_other_choices
from emulator.retiming.lab import Laboratory, model_changes
from emulator.retiming.recording import Recording
from emulator.retiming.reloop import relooped
from emulator.retiming.retime import load_recording
from emulator.trace.analysis.frames import recorded_design
from emulator.trace.reading.reader import Trace
from experiments.run.study import Study, study_from_text

__all__ = ["altered_laboratory", "closed_by", "laboratory", "open_recording", "study_of"]


def study_of(trace: Trace, overrides: tuple[str, ...] = ()) -> Study:
    """Return the study that made ``trace``, with ``overrides`` on top; raises ``ConfigError``."""
    return study_from_text(trace.config_text, str(trace.path), overrides)


def laboratory(study: Study, trace: Trace) -> Laboratory:
    """Return what stands on the bench of ``study``, which made ``trace``; sizes are those that were recorded."""
    lab = {
        name: stand._replace(design=_recorded(INSTRUMENTS[name], stand.config, trace))
        for name, stand in study.lab().items()
    }
    return Laboratory(study.seed, study.budget, lab)


def _recorded(kind: InstrumentKind, config: StrictModel, trace: Trace) -> object:
    """Return as much of an instrument's design as ``trace`` tells."""
    design = None if kind.sized is None else recorded_design(trace)
    if kind.told is None:
        return design
    return kind.told(config, {name: trace.state(name) for name in trace.states}, design)


def altered_laboratory(old: Laboratory, before: Study, after: Study) -> Laboratory:
    """Return ``old``, the laboratory of the study ``before``, with the parameters of ``after``.

    Raises ``ConfigError`` when the two differ in anything that decides what the controller asks for, and
    ``ConfigError`` or ``PhysicsError`` when a run of ``after`` would be refused, for the same reason.
    """
    option = "" if loop_of(before, after) is None else _loop_path(before)
    refuse_other_choices([change for change in model_changes(before, after) if change.path != option])
    lab = {name: old.lab[name]._replace(config=stand.config) for name, stand in after.lab().items()}
    new = old._replace(budget=after.budget, lab=lab)
    for kind, stand in new.standing():
        kind.check(stand, new.host)
    return new


def loop_of(before: Study, after: Study) -> str | None:
    """Return who closes the controller's loop in ``after``, if that is somebody else than in ``before``."""
    loop = before.kind.loop
    if loop is None or after.kind is not before.kind:
        return None
    was, becomes = (str(getattr(study.controller, loop.option)) for study in (before, after))
    return None if was == becomes else becomes


def _loop_path(study: Study) -> str:
    return "" if study.kind.loop is None else f"controller.{study.kind.loop.option}"


def closed_by(recording: Recording, trace: Trace, before: Study, after: Study) -> Recording:
    """Return ``recording``, of ``trace``, with its loop closed as ``after`` says; raises ``ConfigError``."""
    loop, known = loop_of(before, after), before.kind.loop
    if loop is None or known is None:
        return recording
    logged = trace.metrics().get(known.unvisited)
    unvisited = 0 if logged is None or not len(logged.value) else int(logged.value[-1])
    return relooped(recording, recording.laboratory, loop, trace.commands.target, unvisited)


def open_recording(trace: Trace, study: Study, verify: bool = True) -> Recording:
    """Return what a re-timing needs of ``trace``, which ``study`` made; raises ``TraceError``."""
    return load_recording(trace, laboratory(study, trace), verify)
