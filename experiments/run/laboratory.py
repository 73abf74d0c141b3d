"""What a study puts on the bench, for a re-timing; nothing is built, and no network is trained."""

from typing import Any

import numpy as np

from emulator.instruments.opu.timing import OpuDesign
from emulator.retiming.cautions import refuse_other_choices
from emulator.retiming.lab import Lab, model_changes
from emulator.retiming.recording import Recording
from emulator.retiming.retime import load_recording
from emulator.trace.reading.reader import Trace
from experiments.run.study import Study, study_from_text

__all__ = ["altered_lab", "laboratory", "open_recording", "study_of"]


def study_of(trace: Trace, overrides: tuple[str, ...] = ()) -> Study:
    """Return the study that made ``trace``, with ``overrides`` on top; raises ``ConfigError``."""
    return study_from_text(trace.config_text, str(trace.path), overrides)


def laboratory(study: Study, trace: Trace) -> Lab:
    """Return what stands on the bench of ``study``, which made ``trace``."""
    lab = Lab(study.seed, study.host, study.budget)._replace(**_standing(study))
    return lab if lab.opu is None else lab._replace(opu_design=_opu_design(trace))


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


def _opu_design(trace: Trace) -> OpuDesign | None:
    """Return the sizes that the recorded projections have; None where nothing was projected."""
    names, work = trace.labels("work.quantity"), trace.work
    sizes = []
    for name in OpuDesign._fields:
        found = (
            work.value[work.quantity == names.index(name)] if name in names else np.empty(0, dtype=np.int64)
        )
        if len(found) == 0:
            return None
        sizes.append(int(found[0]))
    return OpuDesign(*sizes)
