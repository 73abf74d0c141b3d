"""Where the time of a query goes: one run is noted down, and its parts are replayed alone.

The controller is replayed with the replies it got, the instrument with the commands it was given, the physics with
the phases it was driven to; bench and SimPy are what is left of the whole. The reading is split by leaving out one
effect after the other from the chip's configuration, so nothing here reaches into the physics.
"""

import time
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from controllers.losses import cross_entropy
from emulator.commands import Batch, Command, Forward, Reading, Reply, SetPhases, Settle
from emulator.instruments.chip.chip import Chip
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.chip.state import ChipCore
from emulator.meter import Meter
from emulator.trace import NullRecorder
from emulator.units import s_to_ps
from experiments.benchmarks.chip.plant import Plant
from experiments.benchmarks.timing import Cost, Stopwatch, Workload

__all__ = ["Notes", "part_workloads", "read_ns_by_layer", "take_notes"]

_LONG_PS = 10**12  # after a second every heater has settled


@dataclass(frozen=True, slots=True, eq=False)
class _Served:
    """A command that the chip has served, from ``start_ps`` to ``end_ps``."""

    command: SetPhases | Settle | Forward
    start_ps: int
    end_ps: int


@dataclass(frozen=True, slots=True, eq=False)
class _Drive:
    """Heaters are driven, ``passed_ps`` after the last call of the physics."""

    heaters: NDArray[np.int64]
    radians: NDArray[np.float64]
    passed_ps: int


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """A batch is read, ``passed_ps`` after the last call of the physics."""

    batch: Batch
    passed_ps: int


@dataclass(slots=True, eq=False)
class Notes:
    """Hold one run: what the controller was told, what the chip was asked, and how physics was called."""

    plant: Plant
    replies: list[Reply] = field(default_factory=list)
    served: list[_Served] = field(default_factory=list)
    touches: list[_Drive | _Read] = field(default_factory=list)
    readings: list[tuple[Reading, Batch]] = field(default_factory=list)
    touched_ps: int = 0

    @property
    def queries(self) -> int:
        """Return how many queries the run made."""
        return len(self.readings)

    def add(self, command: Command, reply: Any, start_ps: int, end_ps: int) -> None:
        """Note that ``command`` was issued at ``start_ps`` and answered at ``end_ps``."""
        self.replies.append(reply)
        if not isinstance(command, SetPhases | Settle | Forward):
            return
        self.served.append(_Served(command, start_ps, end_ps))
        if isinstance(command, SetPhases):
            heaters = np.array(command.heaters, dtype=np.int64)
            self.touches.append(_Drive(heaters, np.array(command.radians), end_ps - self.touched_ps))
            self.touched_ps = end_ps
        elif isinstance(command, Forward):
            light_ps = start_ps + s_to_ps(self.plant.chip.link.latency_s)
            self.touches.append(_Read(command.batch, light_ps - self.touched_ps))
            self.readings.append((reply, command.batch))
            self.touched_ps = light_ps


def take_notes(plant: Plant, queries: int) -> Notes:
    """Run the plant's controller for ``queries`` and note every command and every reply."""
    bench, notes = plant.bench(), Notes(plant)

    def noting() -> Generator[Command, Any, None]:
        controller, reply = plant.controller(queries), None
        while True:
            try:
                command = controller.send(reply)
            except StopIteration:
                return
            start_ps = bench.now_ps
            reply = yield command
            notes.add(command, reply, start_ps, bench.now_ps)

    bench.run({"noting": noting()})
    return notes


def part_workloads(notes: Notes) -> dict[str, Workload]:
    """Return one workload for each part; each gives its cost per query."""
    chip = notes.plant.chip
    receiver, inputs = chip.receiver, chip.inputs.model_copy(update={"bits": 0})
    stepless = receiver.model_copy(update={"adc_bits": 0})
    silent = stepless.model_copy(update={"shot_noise": False, "thermal_noise_a_per_sqrt_hz": 0.0})
    ideal = chip.model_copy(update={"receiver": stepless, "inputs": inputs})
    quiet = chip.model_copy(update={"receiver": silent, "inputs": inputs})
    return {
        "loss": _loss(notes),
        "controller": _controller(notes),
        "chip": _chip(notes),
        "load": _physics(_Replay(notes, chip), "load"),
        "drive": _physics(_Replay(notes, chip), "drive"),
        "read": _physics(_Replay(notes, chip), "read"),
        "read_no_adc": _physics(_Replay(notes, ideal), "read"),
        "read_no_noise": _physics(_Replay(notes, quiet), "read"),
        "read_settled": _physics(_Replay(notes, quiet, passed_ps=_LONG_PS), "read"),
        "read_unchanged": _physics(_Replay(notes, quiet, drives=False), "read"),
    }


def _loss(notes: Notes) -> Workload:
    def run() -> Cost:
        watch = Stopwatch()
        with watch:
            for reading, batch in notes.readings:
                cross_entropy(reading.outputs, batch.labels)
        return watch.per(notes.queries)

    return run


def _controller(notes: Notes) -> Workload:
    def run() -> Cost:
        controller, watch = notes.plant.controller(notes.queries), Stopwatch()
        with watch:
            controller.send(None)
            for reply in notes.replies[:-1]:
                controller.send(reply)
        controller.close()
        return watch.per(notes.queries)

    return run


def _chip(notes: Notes) -> Workload:
    study = notes.plant.study

    def run() -> Cost:
        recorder = NullRecorder()
        chip = Chip(notes.plant.chip, notes.plant.design, study.seed, Meter(recorder), recorder)
        watch = Stopwatch()
        with watch:
            for served in notes.served:
                chip.begin(served.command)
                chip.finish(served.command, served.start_ps, served.end_ps)
        return watch.per(notes.queries)

    return run


@dataclass(frozen=True, slots=True, eq=False)
class _Replay:
    """Say how the physics is replayed: without ``drives`` nothing changes; ``passed_ps`` replaces all times."""

    notes: Notes
    chip: ChipConfig
    drives: bool = True
    passed_ps: int | None = None

    def calls_ns(self) -> Generator[tuple[str, int], None, None]:
        """Yield the name and the CPU time of each call, less what the clock itself takes."""
        plant, clock, passed = self.notes.plant, time.thread_time_ns, self.passed_ps
        core, loaded, draw = ChipCore(self.chip, plant.design, plant.study.seed), -1, 0
        own_ns = _clock_ns()
        for touch in self.notes.touches:
            passed_ps = touch.passed_ps if passed is None else passed
            if isinstance(touch, _Drive):
                if self.drives:
                    begin = clock()
                    core.drive(touch.heaters, touch.radians, passed_ps)
                    yield "drive", clock() - begin - own_ns
                continue
            if touch.batch.key != loaded:
                loaded = touch.batch.key
                begin = clock()
                core.load(touch.batch.inputs)
                yield "load", clock() - begin - own_ns
            begin = clock()
            core.read(draw, passed_ps)
            yield "read", clock() - begin - own_ns
            draw += 1


def _clock_ns() -> int:
    """Return what two readings of the thread's clock, one right after the other, differ by."""
    clock = time.thread_time_ns
    return int(np.median([-(clock() - clock()) for _ in range(1000)]))


def _physics(replay: _Replay, part: str) -> Workload:
    def run() -> Cost:
        spent_ns = sum(ns for name, ns in replay.calls_ns() if name == part)
        per_query_s = spent_ns / replay.notes.queries / 1e9
        return Cost(per_query_s, per_query_s)

    return run


def read_ns_by_layer(notes: Notes) -> list[list[int]]:
    """Return the CPU times of readings (ns), by the layer whose heater was driven before; loads are left out."""
    counts = [layer.count for layer in notes.plant.deployment.layers]
    last = np.cumsum(counts)
    spent: list[list[int]] = [[] for _ in counts]
    driven = [t.heaters[0] if isinstance(t, _Drive) else -1 for t in notes.touches]
    layer, names = -1, iter(driven)
    for name, ns in _Replay(notes, notes.plant.chip).calls_ns():
        if name == "load":
            layer = -1
            continue
        heater = next(names)
        if name == "drive":
            layer = int(np.searchsorted(last, heater, side="right"))
        elif layer >= 0:
            spent[layer].append(ns)
    return spent
