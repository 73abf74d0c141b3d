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

from controllers.losses import cross_entropy
from emulator.commands import Batch, Command, Forward, Probe, Reading, Reply, SetPhases, Settle
from emulator.instruments.chip.chip import Chip
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.chip.state import ChipCore
from emulator.instruments.instrument import Setting
from emulator.meter import Meter
from experiments.benchmarks.chip.plant import Plant
from experiments.benchmarks.timing import Cost, Stopwatch, Workload

__all__ = ["Notes", "part_workloads", "probe_ns_by_layer", "take_notes"]

_LONG_PS = 10**12  # after a second every heater has settled
_TYPICAL_PS = 7_000_000  # between two events of the chip in a query of the benchmark's study


@dataclass(frozen=True, slots=True, eq=False)
class _Served:
    """A command that the chip has served, from ``start_ps`` on."""

    command: SetPhases | Settle | Forward | Probe
    start_ps: int


@dataclass(slots=True, eq=False)
class Notes:
    """Hold one run: what the controller was told, and what the chip was asked, and when."""

    plant: Plant
    replies: list[Reply] = field(default_factory=list)
    served: list[_Served] = field(default_factory=list)
    readings: list[tuple[Reading, Batch]] = field(default_factory=list)

    @property
    def queries(self) -> int:
        """Return how many queries the run made."""
        return len(self.readings)

    def add(self, command: Command, reply: Any, start_ps: int) -> None:
        """Note that ``command`` was issued at ``start_ps`` and answered with ``reply``."""
        self.replies.append(reply)
        if isinstance(command, SetPhases | Settle | Forward | Probe):
            self.served.append(_Served(command, start_ps))
        if isinstance(command, Forward | Probe):
            self.readings.append((reply, command.batch))


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
            notes.add(command, reply, start_ps)

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
        "probe": _physics(_Replay(notes, chip), "probe"),
        "probe_no_adc": _physics(_Replay(notes, ideal), "probe"),
        "probe_no_noise": _physics(_Replay(notes, quiet), "probe"),
        "probe_settled": _physics(_Replay(notes, quiet, _LONG_PS), "probe"),
        "probe_unmoved": _physics(_Replay(notes, quiet, moves=False), "probe"),
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
        setting = Setting(study.seed, study.host, Meter())
        chip = Chip(notes.plant.chip, notes.plant.design, setting)
        watch = Stopwatch()
        with watch:
            for served in notes.served:
                chip.run(served.command, chip.begin(served.command), served.start_ps)
        return watch.per(notes.queries)

    return run


@dataclass(frozen=True, slots=True, eq=False)
class _Replay:
    """Say how the physics is replayed: ``moves`` or not, and how long heat is given before each light."""

    notes: Notes
    chip: ChipConfig
    settled_ps: int = _TYPICAL_PS
    moves: bool = True

    def calls_ns(self) -> Generator[tuple[str, int, int], None, None]:
        """Yield name, heater and CPU time of each call that reads or loads, less what the clock itself takes."""
        plant, clock = self.notes.plant, time.thread_time_ns
        core, loaded, draw = ChipCore(self.chip, plant.design, plant.study.seed), -1, 0
        own_ns, heater = _clock_ns(), -1
        for command in (served.command for served in self.notes.served):
            if isinstance(command, Settle):
                continue
            if isinstance(command, SetPhases):
                core.drive(np.array(command.heaters), np.array(command.radians), self.settled_ps)
                continue
            if command.batch.key != loaded:
                loaded = command.batch.key
                begin = clock()
                core.load(command.batch.inputs)
                yield "load", -1, clock() - begin - own_ns
            moving = isinstance(command, Probe) and self.moves
            if isinstance(command, Probe):
                heater = int(command.heaters[0])
            begin = clock()
            if moving and isinstance(command, Probe):
                core.probe(heater, command.radians[0], self.settled_ps, self.settled_ps, draw)
            else:
                core.read(draw, self.settled_ps)
            yield "probe", heater if moving else -1, clock() - begin - own_ns
            draw += 1


def _clock_ns() -> int:
    """Return what two readings of the thread's clock, one right after the other, differ by."""
    clock = time.thread_time_ns
    return int(np.median([-(clock() - clock()) for _ in range(1000)]))


def _physics(replay: _Replay, part: str) -> Workload:
    def run() -> Cost:
        spent_ns = sum(ns for name, _, ns in replay.calls_ns() if name == part)
        per_query_s = spent_ns / replay.notes.queries / 1e9
        return Cost(per_query_s, per_query_s)

    return run


def probe_ns_by_layer(notes: Notes) -> list[list[int]]:
    """Return the CPU times of probes (ns), by the layer whose heater was driven."""
    counts = [layer.count for layer in notes.plant.deployment.layers]
    last = np.cumsum(counts)
    spent: list[list[int]] = [[] for _ in counts]
    for name, heater, ns in _Replay(notes, notes.plant.chip).calls_ns():
        if name == "probe" and heater >= 0:
            spent[int(np.searchsorted(last, heater, side="right"))].append(ns)
    return spent
