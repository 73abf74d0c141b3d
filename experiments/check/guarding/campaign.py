"""``lightloop check guard``: detection of faults over many seeds, and false alarms where nothing is broken.

Vowels on doped silicon by SZO-SCD, every seed another chip and another fault, pre-training shared. A fault counts
as found when the guard has logged the very part. Updates are iterations of the controller.
"""

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import numpy as np

from emulator.bench import Bench
from emulator.commands import Controller, Disturb, Project, Projection
from emulator.errors import TaskError
from emulator.instruments.instrument import Stand
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import OpuDesign
from emulator.streams import stream
from experiments.check.guarding.watched import Watched, watched
from experiments.output.files import write_text
from experiments.output.statistics import wilson_interval
from experiments.output.streams.standard import say
from experiments.output.tables import Cell, Column, Table, to_markdown
from experiments.run.study import study_from_overrides
from experiments.sweep.trial import Size, Trial

__all__ = ["GUARD", "Found", "Tally", "run_guard"]

_QUERIES: Final = 3_000
_DETECTOR_QUERIES: Final = 300
_AT_S: Final = 5e-3
_MOST_UPDATES: Final = 50
_MOST_READINGS: Final = 2
_HEALTHY_A_SEED: Final = 2
_LAST_OUTPUTS: Final = (32, 33, 34, 35)  # of 16 + 16 + 4 receivers, those whose readings a controller sees
_LAYOUT: Final = (
    "task.name=vowel", "task.seed=0", "chip.preset=doped_si", "chip.dac.bits=16", "host.preset=workstation",
    "deployment.alpha=0.15", "controller.sparsity=0.6", "controller.epoch_iterations=8",
    "controller.power_awareness=1.0", "guard.enabled=true",
)  # fmt: skip


@dataclass(frozen=True)
class Found:
    """Say of one run after how many updates and readings its fault was found, -1 if not, and the false alarms."""

    updates: int
    readings: int
    alarms: int


@dataclass(frozen=True)
class Tally:
    """Hold the runs of one fault: how many were found in time, and what limit that was."""

    fault: str
    limit: str
    runs: tuple[Found, ...]
    in_time: int


def _study_words(seed: int, queries: int, agents: str) -> tuple[str, ...]:
    return (*_LAYOUT, f"controller.queries={queries}", f"seed={seed}", f"agents=[{agents}]")


def _noted(seed: int, queries: int, agents: str) -> Watched:
    return watched(study_from_overrides(_study_words(seed, queries, agents), "check guard"))


def _alarms(noted: Watched, metric: str, parts: frozenset[float]) -> int:
    """Return how many parts were called broken that were not: in all logs of the guard."""
    named = {value for _, value in noted.metrics.get(metric, [])} - parts
    others = {"guard_silent_heater", "guard_broken_output"} - {metric}
    return len(named) + sum(len(noted.metrics.get(name, [])) for name in others)


def find_heater(kind: str, seed: int) -> Found:
    """Break one heater of the chip ``seed``, as the fault ``kind``, and say when the guard has found it."""
    level = (
        "" if kind != "stuck_heater" else f", radians={stream(seed, 'check/guard').uniform(0, 2 * np.pi):.6f}"
    )
    noted = _noted(seed, _QUERIES, f'{{kind="{kind}", at_s={_AT_S}{level}}}')
    return _found(noted, "guard_silent_heater", float)


def find_output(kind: str, seed: int) -> Found:
    """Break one of the last receivers of the chip ``seed``, and say when the guard has found it."""
    part = _LAST_OUTPUTS[seed % len(_LAST_OUTPUTS)]
    noted = _noted(seed, _DETECTOR_QUERIES, f'{{kind="{kind}", indices=[{part}], at_s=2e-3}}')
    return _found(noted, "guard_broken_output", lambda each: float(each - _LAST_OUTPUTS[0]))


def _found(noted: Watched, metric: str, named: Callable[[int], float]) -> Found:
    begun_ps, parts = noted.disturbed[0][0], frozenset(named(each[2]) for each in noted.disturbed)
    when = noted.first(metric, parts, begun_ps)
    alarms = _alarms(noted, metric, parts)
    if when is None:
        return Found(-1, -1, alarms)
    return Found(noted.updates(begun_ps, when), noted.readings_between(begun_ps, when), alarms)


def find_nothing(queries: int, seed: int) -> Found:
    """Break nothing of the chip ``seed``, and count what the guard calls broken all the same."""
    noted = _noted(seed, queries, "")
    return Found(-1, -1, _alarms(noted, "", frozenset()))


def run_guard(out: Path, seeds: int, queries: int, jobs: int) -> None:
    """Break a part of each of ``seeds`` chips in every way, leave twice as many whole, and print what was found.

    ``queries`` are those of the whole runs. Raises ``TaskError`` where a target is missed.
    """
    folder = out / "guard"
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        heaters = [
            _tally(pool, kind, partial(find_heater, kind), range(seeds), f"{_MOST_UPDATES} updates")
            for kind in ("stuck_heater", "open_heater", "lost_channel")
        ]
        outputs = [
            _tally(pool, kind, partial(find_output, kind), range(seeds), f"{_MOST_READINGS} readings")
            for kind in ("dead_detector", "saturated_detector")
        ]
        whole = _tally(
            pool, "none", partial(find_nothing, queries), range(_HEALTHY_A_SEED * seeds), "no alarm"
        )
    frames = check_frames(range(min(seeds, 100)))
    tables = (_table((*heaters, *outputs, whole)), _frame_table(frames))
    text = "\n".join(map(to_markdown, tables))
    say(f"{text}\n")
    write_text(folder / "guard.md", text)
    _judge(heaters, outputs, whole, frames)


def _tally(
    pool: ProcessPoolExecutor, fault: str, run: Callable[[int], Found], seeds: range, limit: str
) -> Tally:
    print(f"check guard: {fault}, {len(seeds)} runs", file=sys.stderr, flush=True)
    runs = tuple(pool.map(run, seeds))
    in_time = sum(
        one.alarms == 0 if fault == "none" else
        0 < one.updates <= _MOST_UPDATES if "updates" in limit else 0 < one.readings <= _MOST_READINGS
        for one in runs
    )  # fmt: skip
    return Tally(fault, limit, runs, in_time)


def _table(tallies: Sequence[Tally]) -> Table:
    columns = (
        Column("fault"), Column("limit", words=True), Column("runs"), Column("within it"),
        Column("share (%)", 1, 100.0),
        Column("95 % from (%)", 1, 100.0), Column("to (%)", 1, 100.0), Column("median updates", 1),
        Column("median readings", 1), Column("most readings"), Column("false alarms"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for tally in tallies:
        count = len(tally.runs)
        low, high = wilson_interval(tally.in_time, count)
        found = [one for one in tally.runs if one.updates > 0]
        updates, readings = ([getattr(one, of) for one in found] for of in ("updates", "readings"))
        rows.append(
            (
                tally.fault, tally.limit, count, tally.in_time, tally.in_time / count, low, high,
                float(np.median(updates)) if found else "", float(np.median(readings)) if found else "",
                max(readings, default=0) if found else "", sum(one.alarms for one in tally.runs),
            )
        )  # fmt: skip
    notes = (
        f"vowels on doped silicon, 16-bit DAC, SZO-SCD by the host; runs of {_QUERIES:,} queries, of "
        f"{_DETECTOR_QUERIES} for detectors; every seed another chip",
        "updates and readings: from the fault until the guard has logged that part; interval: Wilson",
    )
    return Table("What the guard finds", columns, tuple(rows), notes)


@dataclass(frozen=True)
class FrameRun:
    """Say what became of frames: the ledger, the vectors without a result, and those with a wrong one."""

    state: str
    share: float
    sent: int
    used: int
    dropped: int
    late: int
    torn: int
    invalid: int
    mispaired: int


def check_frames(seeds: range) -> list[FrameRun]:
    """Project vectors while frames are dropped or torn, and compare bit for bit with a unit that loses none."""
    cases = [("missed", share) for share in (0.0, 0.05, 0.1, 0.2)] + [
        ("torn", share) for share in (0.05, 0.1)
    ]
    return [_frames(state, share, seed) for (state, share), seed in product(cases, seeds)]


def _frames(state: str, share: float, seed: int) -> FrameRun:
    config = OpuConfig(preset="light_in_the_loop")
    design = OpuDesign(10, 64)
    rng = stream(seed, "check/frames")
    vectors = rng.integers(-1, 2, (60, design.features)).astype(np.float32)
    vectors[:, 0] = np.where(vectors.any(axis=1), vectors[:, 0], 1.0)

    def project(changed: float) -> Projection:
        replies: list[Projection] = []

        def agent() -> Controller:
            yield Disturb(f"opu.{state}", changed)
            replies.append((yield Project(vectors)))

        Bench({"opu": Stand(config, design._replace(shows="ternary"))}, seed).run({"a": agent()})
        return replies[0]

    clean, found = project(0.0), project(share)
    same = (clean.outputs == found.outputs).all(axis=1)
    f = found.frames
    return FrameRun(
        state, share, f.sent, f.used, f.dropped, f.late, f.torn, int((~found.valid).sum()),
        int((found.valid & ~same).sum()),
    )  # fmt: skip


def _frame_table(runs: Sequence[FrameRun]) -> Table:
    columns = (
        Column("frames"), Column("share (%)", 0, 100.0), Column("runs"), Column("sent"), Column("used"),
        Column("dropped"), Column("late"), Column("of them torn"), Column("vectors without a result"),
        Column("mispaired vectors"), Column("ledger adds up", words=True),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for case in dict.fromkeys((one.state, one.share) for one in runs):
        mine = [one for one in runs if (one.state, one.share) == case]
        sums = [sum(getattr(one, of) for one in mine) for of in ("sent", "used", "dropped", "late", "torn")]
        rows.append(
            (
                case[0], case[1], len(mine), *sums, sum(one.invalid for one in mine),
                sum(one.mispaired for one in mine), "yes" if all(map(_adds_up, mine)) else "no",
            )
        )  # fmt: skip
    notes = ("60 ternary vectors a run; a torn frame accepted as clean would be a mispaired vector",)
    return Table("What becomes of frames", columns, tuple(rows), notes)


def _adds_up(run: FrameRun) -> bool:
    return run.sent == run.used + run.dropped + run.late


def _judge(heaters: list[Tally], outputs: list[Tally], whole: Tally, frames: list[FrameRun]) -> None:
    """Raise ``TaskError`` naming the first target that was missed."""
    for tally, least in (*((one, 0.95) for one in heaters), *((one, 1.0) for one in outputs)):
        if tally.in_time < least * len(tally.runs):
            raise TaskError(
                f"check guard: {tally.fault}: {tally.in_time} of {len(tally.runs)} found within {tally.limit}"
            )
    alarmed = len(whole.runs) - whole.in_time
    if alarmed > 0.01 * len(whole.runs):
        raise TaskError(f"check guard: {alarmed} of {len(whole.runs)} whole chips were called broken")
    wrong = [one for one in frames if one.mispaired or not _adds_up(one)]
    if wrong:
        raise TaskError(
            f"check guard: {len(wrong)} of {len(frames)} runs mispaired or lost frames: {wrong[0]}"
        )


GUARD: Final = Trial(
    "guard", "what the guard finds of faults, how soon, and what where there is none",
    Size("queries", "queries of a run without a fault", _QUERIES), run_guard,
)  # fmt: skip
