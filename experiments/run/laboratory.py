"""What a study puts on the bench, for a re-timing; nothing is built, and no network is trained."""

from typing import Any

from emulator.retiming.cautions import refuse_other_choices
from emulator.retiming.lab import Lab, model_changes
from emulator.retiming.recording import Recording
from emulator.retiming.retime import load_recording
from emulator.trace.analysis.frames import recorded_design
from emulator.trace.reading.reader import Trace
from experiments.run.study import Study, study_from_text

__all__ = ["altered_lab", "laboratory", "open_recording", "study_of"]


def study_of(trace: Trace, overrides: tuple[str, ...] = ()) -> Study:
    """Return the study that made ``trace``, with ``overrides`` on top; raises ``ConfigError``."""
    return study_from_text(trace.config_text, str(trace.path), overrides)


def laboratory(study: Study, trace: Trace) -> Lab:
    """Return what stands on the bench of ``study``, which made ``trace``."""
    lab = Lab(study.seed, study.host, study.budget)._replace(**_standing(study))
    return lab if lab.opu is None else lab._replace(opu_design=recorded_design(trace))


def altered_lab(lab: Lab, old: Study, new: Study) -> Lab:
    """Return ``lab``, that of ``old``, with the parameters of ``new``.

    Raises ``ConfigError`` when the two differ in anything that decides what the controller asks for.
    """
    refuse_other_choices(model_changes(old, new))
    return lab._replace(host=new.host, budget=new.budget, **_standing(new))


def _standing(study: Study) -> dict[str, Any]:
    """Return the configurations of the instruments that stand on the bench, by their fields of ``Lab``."""
    return dict(study.standing())


def open_recording(trace: Trace, study: Study, verify: bool = True) -> Recording:
    """Return what a re-timing needs of ``trace``, which ``study`` made; raises ``TraceError``."""
    return load_recording(trace, laboratory(study, trace), verify)
