"""Every kind of instrument in small, and what it serves; a new one joins ``SPECIMENS``. No test lives here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from emulator.bench import Bench, RunResult
from emulator.commands import (
    Batch,
    Compute,
    Computed,
    Controller,
    Descent,
    Forward,
    FrameCounts,
    Kernel,
    Monitor,
    Monitored,
    PhasesSet,
    Probe,
    Project,
    ProjectFrames,
    Projection,
    Reading,
    Readings,
    SetPhases,
    Settle,
    Settled,
)
from emulator.commands import Sequence as ChipSequence
from emulator.errors import CommandError
from emulator.instruments.chip.config import ChipConfig, MonitorConfig
from emulator.instruments.gpu.check import GpuDesign
from emulator.instruments.gpu.config import GpuConfig
from emulator.instruments.host.config import HostConfig
from emulator.instruments.instrument import InstrumentKind, Stand
from emulator.streams import stream
from tests.builders import NotingRecorder, random_batch, random_design
from tests.opu_lab import DESIGN, random_vectors, slow_host, small_opu

__all__ = ["SPECIMENS", "Served", "Specimen", "serve"]

ACTIVE = range(0, 45, 2)


@dataclass(frozen=True)
class Specimen:
    """What stands on the bench, and commands that it serves, each with the type of its reply, and that it refuses.

    ``disturbances`` are an index and a value for every hidden state.
    """

    stand: Stand
    good: Sequence[tuple[Any, type]]
    bad: Sequence[Any]
    host: HostConfig = field(default_factory=HostConfig)
    disturbances: Mapping[str, tuple[int, float]] = field(default_factory=dict)
    random: bool = True
    """Whether its outcomes depend on the seed."""


def _descent(rule: Any, **changes: Any) -> ChipSequence:
    heaters = np.array([[0], [2], [4], [2]])
    home = np.array([1.0, 2.0, 3.0, 4.0])
    given: dict[str, Any] = {
        "back": home - 0.3,
        "home": home,
        "keep_home": np.array([True, False, True, False]),
        "queries": 100,
    }
    decide = Descent(rule, **(given | changes))
    return ChipSequence(heaters, (home + 0.3)[:, np.newaxis], random_batch(9, 6, key=1), decide)


def _probes(heaters: list[list[int]], phase: float, batch: Batch) -> ChipSequence:
    return ChipSequence(np.array(heaters), np.full(np.shape(heaters), phase), batch)


_CHIP_HIDDEN: Mapping[str, tuple[int, float]] = {
    "dead": (8, 1.0), "gamma": (10, 1.25), "stuck": (8, 3.0), "channel": (0, 1.0), "responsivity": (6, 0.5),
    "offset": (7, 0.25), "laser": (-1, 0.9), "laser_noise": (-1, 0.01), "substrate": (-1, 0.1),
    "link": (-1, 1e-3),
}  # fmt: skip


def chip() -> Specimen:
    first, second = random_batch(9, 6, key=0), random_batch(40, 6, key=1)
    good = [
        (Forward(first), Reading),
        (SetPhases([0], [1.0]), PhasesSet),
        (SetPhases([2, 4], [1.0, 2.0]), PhasesSet),
        (SetPhases([], []), PhasesSet),
        (Settle(), Settled),
        (Settle(0), Settled),
        (Settle(123_456), Settled),
        (Forward(first), Reading),
        (Forward(second), Reading),
        (Probe([6], [0.5], second), Reading),
        (Probe([6, 8, 10], [0.5, 1.5, 2.5], first), Reading),
        (_probes([[0], [2], [0]], 0.7, first), Readings),
        (_probes([[0, 4], [2, 6]], 1.7, random_batch(9, 6, key=2)), Readings),
        (_probes([[2]], 1.7, first), Readings),
    ]
    other = random_batch(9, 6, key=3)
    labels = np.array([0, 1, 2, 3, 0, 1, 2, 0, 1])
    bad = [
        SetPhases([1], [1.0]),
        SetPhases([0], [float("nan")]),
        SetPhases([0, 2], [1.0]),
        Settle(-1),
        Forward(random_batch(9, 7, key=8)),
        Probe([1], [1.0], other),
        Probe([0], [float("inf")], other),
        Probe([0], [], other),
        _probes([[1]], 1.0, other),
        _probes([[45]], 1.0, other),
        _probes([[]], 1.0, other),
        _probes([[0]], float("nan"), other),
        _descent("step_bak"),
        _descent("step_back", queries=0),
        _descent("step_back", home=np.zeros(3)),
        ChipSequence(np.array([[0, 2]]), np.ones((1, 2)), other, _descent("step_back").decide),
        ChipSequence(
            np.array([[0]] * 4), np.ones((4, 1)), Batch(3, other.inputs, labels), _descent("step_back").decide
        ),
    ]
    good += [(_descent("step_back"), Readings), (_descent("three_point", queries=4), Readings)]
    good += [(_descent("best_of_both", queries=7), Readings)]
    errors = stream(0, "tests/errors").standard_normal((9, 3)).astype(np.float32)
    good += [
        (Monitor("forward", first), Monitored),
        (Monitor("adjoint", first, errors), Monitored),
        (Monitor("both", first), Monitored),
    ]
    wrong: Any = "foward"
    bad += [
        Monitor(wrong, first),
        Monitor("adjoint", first, errors),
        Monitor("both", first),
        Monitor("forward", first, errors),
        Monitor("forward", random_batch(9, 7, key=8)),
    ]
    chip = ChipConfig(monitors=MonitorConfig(fitted=True))
    stand = Stand(chip, random_design((6, 5, 3), 0, active=ACTIVE))
    return Specimen(stand, good, bad, disturbances=_CHIP_HIDDEN)


def host() -> Specimen:
    good: list[tuple[Any, type]] = [
        (Compute(1_000_000, 0, "forward"), Computed),
        (Compute(0, 1_000_000, "update"), Computed),
        (Compute(0, 0), Computed),
        (Compute(1_000_000, 0, "forward"), Computed),
    ]
    wrong: Any = 1.0
    bad = [
        Compute(-1, 0),
        Compute(0, 2**63),
        Compute(wrong, 0),
        Compute(0, 0, "two words"),
        Compute(0, 0, ""),
    ]
    config = HostConfig(launch_s=1e-6)
    return Specimen(Stand(config), good, bad, config, random=False)


def opu() -> Specimen:
    good: list[tuple[Any, type]] = [
        (Project(random_vectors(count, seed=count)), Projection) for count in (1, 30, 1, 7)
    ]
    good += [(ProjectFrames(5), FrameCounts), (ProjectFrames(9, 9), FrameCounts)]
    whole: Any = 2.0
    doubles: Any = random_vectors(3).astype(np.float64)
    bad = [
        Project(random_vectors(3, DESIGN.features + 1)),
        Project(doubles),
        Project(random_vectors(3) * np.float32(0.5)),
        Project(random_vectors(0)),
        ProjectFrames(0),
        ProjectFrames(3, 4),
        ProjectFrames(whole),
    ]
    hidden = {
        "correlation": (-1, 0.5), "responsivity": (3, 0.0), "laser": (-1, 0.9), "laser_noise": (-1, 0.01),
        "torn": (-1, 0.5), "missed": (-1, 0.5), "trigger": (-1, 1e-3), "link": (-1, 1e-3),
    }  # fmt: skip
    stand = Stand(small_opu("dmd.torn_probability=0.1"), DESIGN)
    return Specimen(stand, good, bad, slow_host(1e-4, 64), disturbances=hidden)


def gpu() -> Specimen:
    good: list[tuple[Any, type]] = [
        (Kernel("forward", 10**9, 10**6), Computed),
        (Kernel("forward", 10**6, 10**9, launches=3, half=True), Computed),
        (Kernel("forward", 2000, 4000, summed=500, made=2), Computed),
        (Kernel("move", launches=0, moved=10**6), Computed),
        (Kernel("update", 0, 10**7, weights=10**6, reduced=10**5, devices=2), Computed),
    ]
    wrong: Any = 1.0
    bad = [
        Kernel("forward", -1),
        Kernel("forward", 0, 2**63),
        Kernel("forward", wrong),
        Kernel("forward", half=wrong),
        Kernel("two words"),
        Kernel("forward", devices=0),
        Kernel("forward", devices=3),
    ]
    config = GpuConfig(count=2, offload=True)
    return Specimen(Stand(config, GpuDesign(10**9, 10**8)), good, bad, random=False)


SPECIMENS: Mapping[str, Specimen] = {"chip": chip(), "opu": opu(), "gpu": gpu(), "host": host()}
"""A specimen of every kind; a new one joins here."""


@dataclass(frozen=True)
class Served:
    """What is left of a run in which every good command was served, and refused ones said why."""

    bench: Bench
    rows: NotingRecorder
    result: RunResult
    replies: Sequence[Any]
    refusals: Sequence[str]

    @property
    def kinds(self) -> list[str]:
        """Return the kind of every row."""
        return [self.rows.names["commands.kind"][row[2]] for row in self.rows.commands]


def serve(kind: InstrumentKind, asked: Sequence[Any] | None = None, seed: int = 0) -> Served:
    """Have one agent ask a bench with ``kind`` and a host for ``asked``, or all that the specimen is good for."""
    specimen = SPECIMENS[kind.name]
    commands = [command for command, _ in specimen.good] if asked is None else asked
    replies: list[Any] = []
    refusals: list[str] = []

    def agent() -> Controller:
        for command in commands:
            try:
                reply = yield command
                replies.append(reply)
            except CommandError as error:
                refusals.append(str(error))

    rows = NotingRecorder()
    bench = Bench({"host": Stand(specimen.host), kind.name: specimen.stand}, seed)
    result = bench.run({"agent": agent()}, recorder=rows)
    return Served(bench, rows, result, replies, refusals)
