"""What recording costs: bytes of the trace and nanoseconds of CPU a query, at each level of detail.

Runs that record take turns with one that does not, slice by slice, so that each cost is a difference of two times
taken in the same minute. The conversion into HDF5, once at the end and in a process of its own, is not in it.
"""

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from emulator.trace import Detail
from emulator.trace.writing.journal import journal_path
from experiments.benchmarks.chip.plant import Plant
from experiments.benchmarks.paced import PacedRun
from experiments.benchmarks.timing import Sample, Workload, interleave
from experiments.output.tables import table_of
from experiments.output.terminal import to_text

__all__ = ["RecordingCost", "cost_table", "measure_recording"]

_DETAILS: Final[tuple[Detail, ...]] = ("full", "commands", "summary")
_BARE: Final = "unrecorded"


@dataclass(frozen=True, slots=True)
class RecordingCost:
    """Hold what recording at ``detail`` costs a query.

    Attributes
    ----------
    file_bytes, journal_bytes : float
        Growth of the finished trace, and of its journal during the run, in bytes a query.
    ns, ns_low, ns_high : float
        CPU time over that of a run without a recorder, in nanoseconds a query: median and quartiles of the rounds.
    share : float
        The same as a fraction of a query's CPU time: median of the rounds.
    """

    detail: Detail
    file_bytes: float
    journal_bytes: float
    ns: float
    ns_low: float
    ns_high: float
    share: float


def measure_recording(plant: Plant, rounds: int, slice_queries: int) -> tuple[RecordingCost, ...]:
    """Measure every detail on ``plant`` in ``rounds`` rounds, at least one, of ``slice_queries`` queries."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        short = [_lone_run(plant, slice_queries, folder, detail) for detail in _DETAILS]
        outs = [folder / f"{detail}.h5" for detail in _DETAILS]
        with ExitStack() as stack:
            runs = [
                stack.enter_context(PacedRun(plant, slice_queries, out, detail))
                for out, detail in zip(outs, _DETAILS, strict=True)
            ]
            workloads: dict[str, Workload] = dict(zip(_DETAILS, runs, strict=True))
            workloads[_BARE] = stack.enter_context(PacedRun(plant, slice_queries))
            samples = interleave(workloads, rounds)
            grown = [
                (run.bench.queries, journal_path(out).stat().st_size)
                for run, out in zip(runs, outs, strict=True)
            ]
        long = [
            _Size(queries, out.stat().st_size, size) for (queries, size), out in zip(grown, outs, strict=True)
        ]
    return tuple(
        _cost(detail, before, after, samples[detail], samples[_BARE])
        for detail, before, after in zip(_DETAILS, short, long, strict=True)
    )


@dataclass(frozen=True, slots=True)
class _Size:
    queries: int
    file_bytes: int
    journal_bytes: int


def _lone_run(plant: Plant, slice_queries: int, folder: Path, detail: Detail) -> _Size:
    """Run one slice: what a trace takes whatever its length is known from it, and drops out of the difference."""
    out = folder / f"short-{detail}.h5"
    with PacedRun(plant, slice_queries, out, detail) as run:
        run()
        journal_bytes, queries = journal_path(out).stat().st_size, run.bench.queries
    return _Size(queries, out.stat().st_size, journal_bytes)


def _cost(detail: Detail, short: _Size, long: _Size, recorded: Sample, bare: Sample) -> RecordingCost:
    more = long.queries - short.queries
    pairs = [(with_.cpu_s, without.cpu_s) for with_, without in zip(recorded.costs, bare.costs, strict=True)]
    low, middle, high = np.quantile([1e9 * (a - b) for a, b in pairs], (0.25, 0.5, 0.75)).tolist()
    return RecordingCost(
        detail,
        (long.file_bytes - short.file_bytes) / more,
        (long.journal_bytes - short.journal_bytes) / more,
        middle,
        low,
        high,
        float(np.median([a / b - 1 for a, b in pairs])),
    )


def cost_table(costs: tuple[RecordingCost, ...]) -> str:
    """Return ``costs`` as a table for the terminal."""
    rows = [
        (
            cost.detail,
            cost.file_bytes,
            cost.journal_bytes,
            cost.ns,
            f"{cost.ns_low:.0f} to {cost.ns_high:.0f}",
            f"{100 * cost.share:.1f} %",
        )
        for cost in costs
    ]
    headings = ("detail", "trace, bytes", "journal, bytes", "CPU ns", "quartiles", "of a query")
    return to_text(table_of("Recording, a query", headings, rows))
