"""What the time of a step goes into, in six words, and so what binds."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

from controllers.step_graph.graph import Graph
from controllers.step_graph.workload import OPTICAL, WorkloadConfig
from emulator.instruments.gpu.config import GpuConfig
from emulator.instruments.gpu.timing import kernel_time
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import OpuDesign, frame_budget
from experiments.run.study import Study

__all__ = ["WORDS", "shares_s"]

WORDS: Final = ("gpu arithmetic", "gpu memory traffic", "gpu launches", "link", "frame clock", "host")
"""Arithmetic, memory traffic and launches of kernels; bytes between host, GPUs and light; waiting for frames.

Who waits for light waits for the slowest stage of its frames: the frame clock (with exposure, readout and mirrors,
which set its beat), the link (upload of patterns, transfer of images), or the host that turns images into numbers.
"""

_STAGES: Final = {"upload": "link", "transfer": "link", "grab": "host"}


def shares_s(study: Study, graph: Graph, step_s: float) -> dict[str, float]:
    """Return how much of a step of ``step_s`` seconds goes into each of ``WORDS``; all of them add up to it."""
    found = dict.fromkeys(WORDS, 0.0)
    for word, seconds in _on_gpu(study.section(GpuConfig), graph):
        found[word] += seconds
    waited_s = step_s - sum(found.values())
    if study.section(WorkloadConfig).method == OPTICAL:
        found[_slowest(study, graph)] += max(0.0, waited_s)
    return found


def _on_gpu(gpu: GpuConfig, graph: Graph) -> Iterator[tuple[str, float]]:
    for kernel in graph.kernels:
        time = kernel_time(gpu, asdict(kernel))
        bound = "gpu arithmetic" if time.arithmetic_s > time.memory_s else "gpu memory traffic"
        yield bound, time.computing_s
        yield "gpu launches", time.launch_s
        yield "link", time.pcie_s + time.interconnect_s


def _slowest(study: Study, graph: Graph) -> str:
    design = OpuDesign(graph.features, graph.projections, "ternary")
    budget = frame_budget(study.section(OpuConfig), study.host, design)
    return _STAGES.get(budget.binds, "frame clock")
