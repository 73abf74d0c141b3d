"""What a study puts on the bench, for a re-timing; nothing is built, and no network is trained."""

from emulator.instruments.host.kind import KIND as HOST
from emulator.instruments.instrument import Lab, Stand
from emulator.instruments.registry import INSTRUMENTS
from emulator.retiming.cautions import refuse_other_choices
from emulator.retiming.lab import Laboratory, model_changes
from emulator.retiming.recording import Recording
from emulator.retiming.retime import load_recording
from emulator.trace.analysis.frames import recorded_design
from emulator.trace.reading.reader import Trace
from experiments.run.study import Study, study_from_text

__all__ = ["altered_laboratory", "lab_of", "laboratory", "open_recording", "study_of"]


def study_of(trace: Trace, overrides: tuple[str, ...] = ()) -> Study:
    """Return the study that made ``trace``, with ``overrides`` on top; raises ``ConfigError``."""
    return study_from_text(trace.config_text, str(trace.path), overrides)


def lab_of(study: Study) -> Lab:
    """Return the configuration of everything that stands on the bench of ``study``, designs apart."""
    return {
        **{name: Stand(config) for name, config in study.standing().items()},
        HOST.name: Stand(study.host),
    }


def laboratory(study: Study, trace: Trace) -> Laboratory:
    """Return what stands on the bench of ``study``, which made ``trace``; designs that time depends on come from it."""
    lab = {
        name: stand._replace(design=recorded_design(trace)) if INSTRUMENTS[name].sized is not None else stand
        for name, stand in lab_of(study).items()
    }
    return Laboratory(study.seed, study.budget, lab)


def altered_laboratory(old: Laboratory, before: Study, after: Study) -> Laboratory:
    """Return ``old``, the laboratory of the study ``before``, with the parameters of ``after``.

    Raises ``ConfigError`` when the two differ in anything that decides what the controller asks for.
    """
    refuse_other_choices(model_changes(before, after))
    lab = {name: old.lab[name]._replace(config=stand.config) for name, stand in lab_of(after).items()}
    return old._replace(budget=after.budget, lab=lab)


def open_recording(trace: Trace, study: Study, verify: bool = True) -> Recording:
    """Return what a re-timing needs of ``trace``, which ``study`` made; raises ``TraceError``."""
    return load_recording(trace, laboratory(study, trace), verify)
