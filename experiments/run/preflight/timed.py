"""What a study of times alone needs before emulated time begins: that light can show it, and no data."""

from dataclasses import dataclass, field
from functools import partial
from typing import Final

import numpy as np

from controllers.kind import Setting
from controllers.step_graph.workload import OPTICAL, WorkloadConfig
from emulator.errors import ConfigError
from emulator.instruments.gpu.config import GpuConfig
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import patterns_of, working_units
from emulator.streams import stream
from experiments.run.sections import EvaluationConfig, TaskConfig
from experiments.run.study import Study
from experiments.tasks.task import Task, TaskOptions

__all__ = ["network_in_words", "nothing", "projection_rows", "refuse_learning", "timed_setting"]

_ONE: Final = np.zeros((1, 1))
_LABEL: Final = np.zeros(1, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class _Nothing(Task):
    """Stand for a task where nothing is learnt."""

    words: str = field(default="", kw_only=True)

    @property
    def network(self) -> str:
        """Return the network that is timed, in words."""
        return self.words


def nothing(study: Study) -> Task:
    """Return the task of a study that learns nothing: one sample of nothing."""
    arrays = (_ONE.copy(), _LABEL.copy()) * 3
    words = network_in_words(study.section(WorkloadConfig))
    return _Nothing(
        "nothing", "nothing is learnt", (1, 1), *arrays, TaskOptions("nothing"), "none", words=words
    )


def network_in_words(workload: WorkloadConfig) -> str:
    """Return the network of ``workload`` in a few words."""
    w = workload
    if not w.tokens:
        return f"perceptron of {w.depth} x {w.width}, {w.inputs} inputs, {w.outputs} outputs"
    kind = "Transformer" if w.network == "transformer" else "ViT"
    return f"{kind} of {w.depth} blocks, width {w.width}, {w.context} tokens, {w.outputs} outputs"


def timed_setting(study: Study) -> Setting:
    """Return what the controller of ``study`` is given; raises ``ConfigError`` for what cannot be timed."""
    refuse_learning(study)
    workload = study.section(WorkloadConfig)
    return Setting(
        _ONE.copy(),
        _LABEL.copy(),
        partial(stream, study.seed),
        workload=workload,
        projection_rows=projection_rows(study),
        gpus=_gpus(study, workload),
    )


def refuse_learning(study: Study) -> None:
    """Raise ``ConfigError`` where a study that learns nothing says what is learnt or how it is judged."""
    for name, given, default in (
        ("task", study.task, TaskConfig()),
        ("evaluation", study.evaluation, EvaluationConfig()),
    ):
        if given != default:
            raise ConfigError(
                f"the section [{name}] is refused with controller.kind = {study.kind.name!r}, which learns "
                "nothing; sizes stand in [workload]"
            )


def _gpus(study: Study, workload: WorkloadConfig) -> int:
    """Return how many GPUs share a batch or blocks; raise ``ConfigError`` where some would have nothing to do."""
    gpus = study.section(GpuConfig).count
    if workload.parallel == "pipeline":
        blocks = workload.depth + (2 if workload.tokens else 1)
        if not 2 <= gpus <= blocks:
            raise ConfigError(
                f"gpu.count = {gpus}: each GPU of a pipeline holds some of the network's {blocks} blocks; allowed: "
                f"2..{blocks}, or workload.parallel = 'data'"
            )
        return gpus
    if gpus > workload.batch:
        raise ConfigError(
            f"gpu.count = {gpus}: a batch of {workload.batch} samples has work for as many GPUs; allowed: up to "
            f"{workload.batch}, or a larger workload.batch"
        )
    return gpus


def projection_rows(study: Study) -> int | None:
    """Return the vectors that go into one projection; None where a step's all do, or there is no light.

    Raises ``ConfigError`` for more patterns than the DMD's memory holds, unless the workload lets them be split.
    """
    w = study.section(WorkloadConfig)
    if w.method != OPTICAL:
        return None
    opu = study.section(OpuConfig)
    each, held = patterns_of(opu, 1, 0), opu.dmd.memory_patterns * working_units(opu)
    rows, most = w.batch * w.context, held // each
    if rows <= most:
        return None
    if most == 0:
        raise ConfigError(
            f"opu.dmd.memory_patterns = {held}: a vector is {each} patterns; allowed: {each} or more"
        )
    if w.split_projection:
        return most
    batch = most // w.context
    smaller = f"workload.batch <= {batch}, or " if batch else ""
    raise ConfigError(
        f"workload.batch = {w.batch}: a step's {rows:,} errors are {rows * each:,} patterns, and the DMD's memory "
        f"holds {held:,}; allowed: {smaller}workload.split_projection = true, or opu.dmd.memory_patterns >= "
        f"{-(-rows * each // working_units(opu))}"
    )
