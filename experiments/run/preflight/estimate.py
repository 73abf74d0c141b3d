"""What a run would take: sizes, emulated time and energy, wall time, memory; tried in small, and nothing is kept.

The study is prepared as a run would prepare it, but for the training of an electronic network, of which a few steps
are timed. Then its first queries are run and recorded into a folder that is removed, more of them each time, until
they take long enough; what they take is extended to all. Budgets end an estimate where they would end the run, but
for peak power, which only the tried queries can tell.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic, process_time
from typing import Final, NamedTuple

from controllers.kind import Program
from emulator.bench import Bench
from emulator.bench_config import ClockConfig
from emulator.errors import ConfigError
from emulator.units import PS_PER_S
from experiments.run.bench import make_bench, recorder_of
from experiments.run.own.own import Own
from experiments.run.preflight.machine import available_bytes, resident_bytes
from experiments.run.prepare import Prepared, prepare
from experiments.run.run import others_of, program_of, watch_of
from experiments.run.study import Study
from experiments.run.watching.watch import Watch
from experiments.tasks.pretraining import Pretrained, PretrainOptions, rehearse, reproducible
from experiments.tasks.task import Task

__all__ = ["Estimate", "Pilot", "estimate", "extended"]

_LONG_ENOUGH_S: Final = 1.0
_FIRST: Final = 64
_GROWTH: Final = 8
_ENOUGH: Final = "enough queries were tried"
_LONGEST_S: Final = (2**63 - 1) / PS_PER_S


class Pilot(NamedTuple):
    """Hold what so many queries took: emulated and wall seconds, joules, and bytes of the trace."""

    queries: int
    emulated_s: float
    wall_s: float
    energy_j: float
    trace_bytes: int
    reason: str = ""
    """Why it ended, unless for its number of queries."""


@dataclass(frozen=True)
class Estimate:
    """Say what a run would take; times in seconds, wall time by what it is for."""

    title: str
    layer_sizes: tuple[int, ...]
    phases: int
    """Devices of a chip; 0 without one."""
    heaters: int
    """Devices that are active."""
    queries: int
    ends: str
    """What would end the run: the controller, or the budget that is spent first."""
    emulated_s: float
    energy_j: float
    wall_s: float
    """Of which there go into building (with the training of an electronic network), running, and looks:"""
    preparing_s: float
    running_s: float
    watching_s: float
    memory_bytes: int
    available_bytes: int
    """What can be had at the moment; 0 where the system does not say."""
    trace_bytes: int
    network: str = ""
    """The network in words, where its sizes alone do not tell it."""


@dataclass
class _Enough:
    """Stop a run that has made so many queries."""

    every_queries: int

    def observe(self, bench: Bench) -> Mapping[str, float]:
        if bench.queries >= self.every_queries:
            bench.stop("budget", _ENOUGH)
        return {}


class _Training:
    """Take the place of the training of a network, and remember how long that would take."""

    def __init__(self) -> None:
        self.wall_s = 0.0

    def __call__(self, task: Task, options: PretrainOptions, seed: int) -> Pretrained:
        rehearsal = rehearse(task, options, seed)
        self.wall_s = rehearsal.wall_s
        return rehearsal.pretrained


def estimate(study: Study, own: Own | None = None) -> Estimate:
    """Return what running ``study``, which names ``own``, would take; raises ``LightloopError`` where it would.

    It takes the time to build what the run would build, and a few seconds.
    """
    loaded_s, begun = process_time(), monotonic()
    training = _Training()
    with reproducible():
        prepared = prepare(study, training)
        program = program_of(study, prepared, own)
        build_s = monotonic() - begun
        expected = program.queries if (most := study.budget.queries) is None else min(program.queries, most)
        pilots = _pilots(study, prepared, expected, own)
        watch = watch_of(study, prepared, program)
        look_s, looks = _look_s(study, prepared, program, watch), _looks(study, program, watch, expected)
    whole = extended(pilots, expected, study)
    share = whole.queries / max(1, expected)
    paced_s = whole.emulated_s * study.clock.factor if study.clock.mode == "real_time" else 0.0
    preparing_s, running_s = loaded_s + build_s + training.wall_s, max(whole.wall_s, paced_s)
    watching_s = look_s * looks * share
    taped_out = prepared.taped_out
    return Estimate(
        title=study.title,
        layer_sizes=prepared.task.layer_sizes,
        phases=0 if taped_out is None else taped_out.deployment.active.size,
        heaters=0 if taped_out is None else taped_out.deployment.heaters.size,
        queries=whole.queries,
        ends=whole.reason or "the controller",
        emulated_s=whole.emulated_s,
        energy_j=whole.energy_j,
        wall_s=preparing_s + running_s + watching_s,
        preparing_s=preparing_s,
        running_s=running_s,
        watching_s=watching_s,
        memory_bytes=resident_bytes() or 0,
        available_bytes=available_bytes() or 0,
        trace_bytes=whole.trace_bytes,
        network=prepared.task.network,
    )


def _pilots(study: Study, prepared: Prepared, expected: int, own: Own | None) -> list[Pilot]:
    """Return pilots of growing numbers of queries, until one of them takes long enough or is the whole run."""
    with tempfile.TemporaryDirectory(prefix="lightloop-") as folder:
        run = partial(_pilot, study, prepared, own, Path(folder))
        run(_FIRST)  # loads and compiles what the others find there
        pilots = [run(_FIRST)]
        while not pilots[-1].reason and pilots[-1].queries < expected:
            if len(pilots) > 1 and pilots[-1].wall_s - pilots[-2].wall_s >= _LONG_ENOUGH_S:
                break
            pilots.append(run(min(expected, _GROWTH * pilots[-1].queries)))
    return pilots


def _pilot(study: Study, prepared: Prepared, own: Own | None, folder: Path, queries: int) -> Pilot:
    """Run the first ``queries`` of ``study``, at full speed, and nobody watches.

    Its budgets are those of the run: a controller that asks what they leave hears the same.
    """
    small = study.model_copy(update={"clock": ClockConfig()})
    out = folder / f"{len(list(folder.iterdir()))}.h5"
    program = program_of(small, prepared, own)
    name = study.kind.name if own is None else own.agent
    begun = monotonic()
    bench = make_bench(small, prepared, program.sizes, program.shows)
    bench.attach(recorder_of(small, out))
    result = bench.run({name: program.controller, **others_of(small, bench)}, [_Enough(queries)])
    wall_s = monotonic() - begun
    if result.status not in {"complete", "budget"}:
        raise ConfigError(f"a run of this study ends as {result.status}: {result.reason}")
    ended = "" if result.reason == _ENOUGH else result.reason or "the controller"
    return Pilot(result.queries, result.elapsed_s, wall_s, result.energy_j, out.stat().st_size, ended)


def extended(pilots: list[Pilot], expected: int, study: Study) -> Pilot:
    """Return what ``expected`` queries would take, as what the last of ``pilots`` add to one another.

    Raises ``ConfigError`` when that is more emulated time than a trace can hold.
    """
    last = pilots[-1]
    before = pilots[-2] if len(pilots) > 1 else Pilot(0, 0.0, 0.0, 0.0, 0)
    more = last.queries - before.queries
    if last.reason or last.queries >= expected or more <= 0:
        return last
    rates = [max(0.0, late - early) / more for early, late in zip(before[1:5], last[1:5], strict=True)]
    left, reason = float(expected - last.queries), ""
    for name, limit, amount, rate in (
        ("budget.time_s", study.budget.time_s, last.emulated_s, rates[0]),
        ("budget.energy_j", study.budget.energy_j, last.energy_j, rates[2]),
    ):
        if limit is not None and rate > 0 and (limit - amount) / rate < left:
            left, reason = max(0.0, (limit - amount) / rate), name
    emulated_s, wall_s, energy_j, size = (
        value + left * rate for value, rate in zip(last[1:5], rates, strict=True)
    )
    if emulated_s > _LONGEST_S:
        most = last.queries + int((_LONGEST_S - last.emulated_s) / rates[0])
        raise ConfigError(
            f"a run of this study would take {emulated_s:.3g} s of emulated time; a trace keeps 64-bit "
            f"picoseconds, which end at 106 days ({_LONGEST_S:.3g} s): about {most:,} queries would fit"
        )
    return Pilot(last.queries + round(left), emulated_s, wall_s, energy_j, round(size), reason)


def _look_s(study: Study, prepared: Prepared, program: Program, watch: Watch) -> float:
    """Return how long it takes to measure accuracy once, in seconds; the first look loads what others find."""
    bench = make_bench(study, prepared, program.sizes, program.shows)
    watch.observe(bench)
    begun = monotonic()
    watch.observe(bench)
    return monotonic() - begun


def _looks(study: Study, program: Program, watch: Watch, queries: int) -> int:
    if program.mark is not None and study.evaluation.every_queries is None:
        return 1 + program.epochs
    return 2 + queries // watch.every_queries
