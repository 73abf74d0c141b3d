"""Closed replay: the recorded order, dependencies and waits under other parameters; without physics."""

from dataclasses import dataclass
from pathlib import Path

from emulator.config.difference import scalar
from emulator.retiming.lab import model_changes
from emulator.retiming.retime import InstrumentTotals, retime
from emulator.retiming.rewrite import rewrite
from emulator.trace import Recorder
from emulator.trace.open import open_trace
from experiments.output.fragment import fragment_note
from experiments.replay.origin import Origin, replay_header, titled
from experiments.run.elsewhere.traces import refuse_elsewhere
from experiments.run.laboratory import altered_laboratory, closed_by, laboratory, open_recording, study_of

__all__ = ["Closed", "closed"]

_MODE = "closed"


@dataclass(frozen=True, slots=True)
class Closed:
    """Hold the outcome of a closed replay; times in seconds, energies in joules, by name.

    ``recorded_s`` and ``recorded_j`` are what the recording took; ``out`` is None when no trace was asked for.
    """

    mode: str
    trace: str
    digest: str
    out: str | None
    changed: dict[str, str]
    commands: int
    recorded_s: float
    recorded_j: float
    elapsed_s: float
    energy_j: float
    energy_by_component_j: dict[str, float]
    latency_by_span_s: dict[str, float]
    by_instrument: dict[str, InstrumentTotals]
    binds: str
    warnings: tuple[str, ...]


def closed(path: Path, out: Path | None, overrides: tuple[str, ...] = ()) -> Closed:
    """Re-time the trace at ``path`` under ``overrides``, and write that to ``out`` if it is given.

    Raises ``ConfigError`` for an override that is refused or would make another run, and ``TraceError`` for a trace
    that cannot be re-timed.
    """
    with open_trace(path) as trace:
        refuse_elsewhere(trace, "replay --mode closed")
        study, altered = study_of(trace), study_of(trace, overrides)
        lab = laboratory(study, trace)
        new_lab = altered_laboratory(lab, study, altered)
        recording = open_recording(trace, study)
        base, found = retime(recording, lab), retime(closed_by(recording, trace, study, altered), new_lab)
        if out is not None:
            header = replay_header(titled(altered, _MODE), Origin(_MODE, trace.digest))
            rewrite(trace, found, Recorder.create(out, header, trace.detail))
        return Closed(
            mode=_MODE,
            trace=str(path),
            digest=trace.digest,
            out=None if out is None else str(out),
            changed={change.path: str(scalar(change.new)) for change in model_changes(study, altered)},
            commands=recording.count,
            recorded_s=base.elapsed_s,
            recorded_j=base.energy_j,
            elapsed_s=found.elapsed_s,
            energy_j=found.energy_j,
            energy_by_component_j=dict(found.energy_by_component_j),
            latency_by_span_s=dict(found.latency_by_span_s),
            by_instrument=dict(found.by_instrument),
            binds=found.binds,
            warnings=tuple(filter(None, (fragment_note(trace.status, trace.elapsed_s), *found.warnings))),
        )
