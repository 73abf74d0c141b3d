"""What a training step takes, of a study whose controller plays a step's graph: seconds, joules, and what binds.

Steps are played on the bench, light's frames included, and the first one is not counted: from the second on every
step takes the same but for the rounding of frames to the beat of their clock.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from controllers.kind import WORKLOAD
from controllers.registry import CONTROLLERS
from controllers.step_graph.graph import graph_of
from controllers.step_graph.workload import WorkloadConfig
from emulator.commands import Command, Controller, Log
from emulator.errors import ConfigError
from emulator.instruments.gpu.config import GpuConfig
from emulator.units import LAST_PS, ps_to_s
from experiments.run.bench import make_bench, recorder_of
from experiments.run.preflight.timed import network_in_words
from experiments.run.run import others_of, prepare, program_of
from experiments.run.study import Study
from experiments.run.watching.watch import overheard
from experiments.scale.shares import WORDS, shares_s

__all__ = ["StepTiming", "time_steps"]

_TRIED: Final = 4
"""Steps by which a long run is judged before it begins."""


@dataclass(frozen=True)
class StepTiming:
    """Say what a step takes, on the average of those counted.

    ``binds`` is the one of ``experiments.scale.shares.WORDS`` with the largest share of a step; ``shares_s`` has
    all of them, in seconds a step, and adds up to ``seconds_per_step``. ``memory_bytes`` is what one GPU has to
    hold, ``rows`` are the vectors of a step: samples, or tokens.
    """

    title: str
    network: str
    method: str
    batch: int
    rows: int
    steps: int
    seconds_per_sample: float
    joules_per_sample: float
    seconds_per_step: float
    joules_per_step: float
    parameters: int
    memory_bytes: int
    binds: str
    shares_s: dict[str, float]
    joules_by_component: dict[str, float]
    emulated_s: float
    status: str


def time_steps(study: Study, out: Path | None = None) -> StepTiming:
    """Play the steps of ``study``, into the trace ``out`` if one is asked for, and return what one takes.

    Raises ``ConfigError`` for a study of another kind, for one that does not fit its GPU or its DMD, and for one
    that lasts beyond the range of time; nothing is written then.
    """
    workload = _workload(study)
    if workload.steps > _TRIED:
        _refuse_endless(study, workload)
    played = _played(study, out)
    graph = graph_of(workload, study.section(GpuConfig).count)
    last = -1 if workload.schedule == "late" else None
    counted_s, counted_j = (values[1:last] for values in (played.step_s, played.step_j))
    if not counted_s:
        raise ConfigError(
            f"budget: the run ended after {len(played.step_s)} steps ({played.reason or played.status}), and the "
            "second one is the first that counts"
        )
    step_s, step_j = sum(counted_s) / len(counted_s), sum(counted_j) / len(counted_j)
    shares = shares_s(study, graph, step_s)
    return StepTiming(
        title=study.title,
        network=network_in_words(workload),
        method=workload.method,
        batch=workload.batch,
        rows=workload.batch * workload.context,
        steps=len(played.step_s),
        seconds_per_sample=step_s / workload.batch,
        joules_per_sample=step_j / workload.batch,
        seconds_per_step=step_s,
        joules_per_step=step_j,
        parameters=graph.parameters,
        memory_bytes=graph.offloaded_bytes if _offloads(study) else graph.whole_bytes,
        binds=max(WORDS, key=lambda word: shares[word]),
        shares_s=shares,
        joules_by_component=played.energy_j,
        emulated_s=played.emulated_s,
        status=played.status,
    )


def _workload(study: Study) -> WorkloadConfig:
    if WORKLOAD not in study.kind.needs:
        kinds = ", ".join(repr(kind.name) for kind in CONTROLLERS.values() if WORKLOAD in kind.needs)
        raise ConfigError(
            f"controller.kind = {study.controller.kind!r} is refused here: only a training that is not computed "
            f"can be timed at any size; allowed: {kinds}, as in the shipped studies figure4 and transformer_1b"
        )
    return study.section(WorkloadConfig)


def _offloads(study: Study) -> bool:
    return study.section(GpuConfig).offload


@dataclass(frozen=True)
class _Played:
    step_s: list[float]
    step_j: list[float]
    emulated_s: float
    energy_j: dict[str, float]
    status: str
    reason: str


def _played(study: Study, out: Path | None) -> _Played:
    prepared = prepare(study)
    program = program_of(study, prepared)
    bench = make_bench(study, prepared, program.sizes, program.shows, 1)
    notes: dict[str, list[float]] = {"step_s": [], "step_j": []}
    bench.attach(recorder_of(study, out))
    result = bench.run({study.kind.name: _noted(program.controller, notes), **others_of(study, bench)})
    return _Played(
        notes["step_s"],
        notes["step_j"],
        result.elapsed_s,
        result.energy_by_component_j,
        result.status,
        result.reason,
    )


def _noted(controller: Controller, notes: dict[str, list[float]]) -> Controller:
    """Return ``controller``, of which what it logs under the names of ``notes`` is kept."""

    def note(command: Command, reply: object) -> None:
        del reply
        if type(command) is Log and command.name in notes:
            notes[command.name].append(command.value)

    return overheard(controller, note)


def _refuse_endless(study: Study, workload: WorkloadConfig) -> None:
    """Raise ``ConfigError`` where all steps together last longer than a trace can say, judged by a few."""
    few = workload.model_copy(update={"steps": _TRIED})
    tried = _played(study.model_copy(update={WORKLOAD: few}), None)
    if len(tried.step_s) < _TRIED:
        return
    step_s = max(tried.step_s[1:])
    if workload.steps * step_s > ps_to_s(LAST_PS):
        all_s, most = workload.steps * step_s, int(ps_to_s(LAST_PS) / step_s)
        raise ConfigError(
            f"workload.steps = {workload.steps}: each takes {step_s:.4g} s, all of them {all_s:.4g} s; a trace "
            f"keeps 64-bit picoseconds, which end at 106 days ({ps_to_s(LAST_PS):,.0f} s); allowed: "
            f"workload.steps <= {most}; a step takes the same after a few"
        )
