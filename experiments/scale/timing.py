"""What a training step takes, of a study whose controller plays a step's graph: seconds, joules, and what binds.

Steps are played on the bench, light's frames included, and the first one is not counted: from the second on every
step takes the same but for the rounding of frames to the beat of their clock.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from controllers.kind import WORKLOAD
from controllers.registry import CONTROLLERS
from controllers.step_graph.graph import graph_of
from controllers.step_graph.workload import WorkloadConfig
from emulator.bench import Bench
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

__all__ = ["StepTiming", "steps_of", "time_steps"]

_LAST_NOTED: Final = "step_j"
"""What is logged of a step after all else: with it the step is over."""

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


def time_steps(
    study: Study,
    out: Path | None = None,
    tell: Callable[[int], None] | None = None,
    begin: Callable[[Bench], None] | None = None,
) -> StepTiming:
    """Play the steps of ``study``, into the trace ``out`` if one is asked for, and return what one takes.

    ``tell`` gets the number of steps after each, ``begin`` the bench before the first. Raises ``ConfigError`` for a
    study of another kind, for one that does not fit its GPU or its DMD, and for one that lasts beyond the range of
    time; nothing is written then. A run that was stopped from outside is told as far as it came.
    """
    workload = _workload(study)
    if workload.steps > _TRIED:
        _refuse_endless(study, workload)
    played = _played(study, out, tell, begin)
    graph = graph_of(workload, study.section(GpuConfig).count)
    late = workload.schedule == "late"
    if played.step_j.counted(late) < 1:
        raise ConfigError(
            f"budget: the run ended after {played.step_s.count} steps ({played.reason or played.status}), and the "
            "second one is the first that counts"
        )
    step_s, step_j = (steps.mean(late) for steps in (played.step_s, played.step_j))
    shares = shares_s(study, graph, step_s)
    return StepTiming(
        title=study.title,
        network=network_in_words(workload),
        method=workload.method,
        batch=workload.batch,
        rows=workload.batch * workload.context,
        steps=played.step_s.count,
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


def steps_of(study: Study) -> int:
    """Return how many steps ``study`` plays; raises ``ConfigError`` for one of another kind."""
    return _workload(study).steps


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


@dataclass
class _Steps:
    """Add up a quantity of step after step: not the first one's, and the last one's apart."""

    count: int = 0
    most: float = 0.0
    _sum: float = 0.0
    _before_last: float = 0.0

    def add(self, value: float) -> None:
        """Take the next step's ``value``."""
        if self.count:
            self._before_last = self._sum
            self._sum += value
            self.most = max(self.most, value)
        self.count += 1

    def counted(self, without_last: bool) -> int:
        """Return of how many steps ``mean`` is."""
        return self.count - 1 - without_last

    def mean(self, without_last: bool) -> float:
        """Return the mean of all but the first step, and ``without_last`` of all but the last, too."""
        return (self._before_last if without_last else self._sum) / self.counted(without_last)


@dataclass(frozen=True)
class _Played:
    step_s: _Steps
    step_j: _Steps
    emulated_s: float
    energy_j: dict[str, float]
    status: str
    reason: str


def _played(
    study: Study,
    out: Path | None,
    tell: Callable[[int], None] | None = None,
    begin: Callable[[Bench], None] | None = None,
) -> _Played:
    prepared = prepare(study)
    program = program_of(study, prepared)
    bench = make_bench(study, prepared, program.sizes, program.shows, 1)
    notes = {"step_s": _Steps(), _LAST_NOTED: _Steps()}
    bench.attach(recorder_of(study, out))
    if begin is not None:
        begin(bench)
    result = bench.run({study.kind.name: _noted(program.controller, notes, tell), **others_of(study, bench)})
    return _Played(
        notes["step_s"],
        notes[_LAST_NOTED],
        result.elapsed_s,
        result.energy_by_component_j,
        result.status,
        result.reason,
    )


def _noted(
    controller: Controller, notes: dict[str, _Steps], tell: Callable[[int], None] | None
) -> Controller:
    """Return ``controller``, of which what it logs under the names of ``notes`` is added up."""

    def note(command: Command, reply: object) -> None:
        del reply
        if type(command) is Log and command.name in notes:
            steps = notes[command.name]
            steps.add(command.value)
            if tell is not None and command.name == _LAST_NOTED:
                tell(steps.count)

    return overheard(controller, note)


def _refuse_endless(study: Study, workload: WorkloadConfig) -> None:
    """Raise ``ConfigError`` where all steps together last longer than a trace can say, judged by a few."""
    few = workload.model_copy(update={"steps": _TRIED})
    tried = _played(study.model_copy(update={WORKLOAD: few}), None)
    if tried.step_s.count < _TRIED:
        return
    step_s = tried.step_s.most
    if workload.steps * step_s > ps_to_s(LAST_PS):
        all_s, most = workload.steps * step_s, int(ps_to_s(LAST_PS) / step_s)
        raise ConfigError(
            f"workload.steps = {workload.steps}: each takes {step_s:.4g} s, all of them {all_s:.4g} s; a trace "
            f"keeps 64-bit picoseconds, which end at 106 days ({ps_to_s(LAST_PS):,.0f} s); allowed: "
            f"workload.steps <= {most}; a step takes the same after a few"
        )
