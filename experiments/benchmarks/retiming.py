"""What a closed re-timing of a long trace costs, in a process of its own, and what a rerun would.

The long trace is not the record of a long run, which would take many minutes to make: a short real run's commands
are recorded again and again by the real recorder, each repetition beginning where the one before ended. Its rows
are those of a run whose controller repeats itself; it has no /batches, which a re-timing does not
read. The file is in the system's cache, as after a run.

``python -m experiments.benchmarks.retiming TRACE VERIFY`` re-times TRACE once and prints what it took as JSON.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emulator.config.models import digest, to_toml
from emulator.errors import LightloopError
from emulator.plan import Step, Work
from emulator.processes import child_environment, module_command
from emulator.retiming.retime import load_recording, retime
from emulator.trace import NO_COMMAND, Header, Recorder
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import Trace
from emulator.trace.schema import COMMANDS, Power
from experiments.benchmarks.chip.plant import Plant, benchmark_study, study_plant
from experiments.benchmarks.timing import peak_mb
from experiments.output.tables import table_of
from experiments.output.terminal import to_text
from experiments.run.laboratory import altered_laboratory, laboratory
from experiments.run.study import Study, study_from_text

__all__ = ["RetimingCost", "measure_retiming", "repeat_trace", "run_retiming_benchmark"]

_SHORT = 10_000  # queries of the run that is repeated, whose cost is a rerun's
_PROCESSES = 7  # with checksums and without, in turn
_MOST_S, _LEAST_RATE, _MOST_MB = 2.0, 4.0, 500.0


@dataclass(frozen=True, slots=True)
class RetimingCost:
    """Give what one process took, in seconds: to read and check a trace, to re-time it, and to re-time it again.

    ``cpu_s`` is the CPU time of reading and the first re-timing together: a busy machine makes wall time longer.
    ``peak_mb`` is the process's own.
    """

    commands: int
    cpu_s: float
    load_s: float
    retime_s: float
    again_s: float
    peak_mb: float

    @property
    def answer_s(self) -> float:
        """Return the time from opening the file to the answer."""
        return self.load_s + self.retime_s


def run_retiming_benchmark(queries: int = 2_000_000) -> dict[str, float]:
    """Measure, print a table to stdout, and return the results by name."""
    plant = study_plant(benchmark_study())
    with tempfile.TemporaryDirectory() as folder:
        short, long = Path(folder) / "short.h5", Path(folder) / "long.h5"
        rerun_s = _rerun_s(plant, short)
        repeat_trace(plant.study, short, long, queries // _SHORT)
        size_mb = long.stat().st_size / 1e6
        pairs = [[measure_retiming(long, verify) for verify in (True, False)] for _ in range(_PROCESSES)]
    checked, trusted = ([pair[kind] for pair in pairs] for kind in (0, 1))
    rows = [_row("checksums verified", checked), _row("arrays trusted", trusted)]
    commands, answer_s = checked[0].commands, _median(checked, "answer_s")
    notes = (
        f"{queries:,} queries, {commands:,} commands, {size_mb:.0f} MB on disk; medians of {_PROCESSES} processes",
        f"target: an answer in at most {_MOST_S:g} s, {_LEAST_RATE:g} M commands/s, at most {_MOST_MB:g} MB",
        f"a rerun would take {rerun_s * queries:.0f} s: {1e6 * rerun_s:.1f} us a query in the same minutes",
    )
    headings = ("", "load s", "re-time s", "answer s", "quartiles", "CPU s", "M commands/s", "next s", "MB")
    print(to_text(table_of("Closed re-timing", headings, rows, notes)))
    return {
        "retime_answer_s": answer_s,
        "retime_trusted_answer_s": _median(trusted, "answer_s"),
        "retime_commands_per_s": commands / answer_s,
        "retime_peak_mb": _median([*checked, *trusted], "peak_mb"),
        "rerun_over_retime": rerun_s * queries / answer_s,
    }


def _row(name: str, costs: Sequence[RetimingCost]) -> tuple[str | float, ...]:
    load_s, retime_s, answer_s, cpu_s, again_s, peak_mb = (
        _median(costs, each) for each in ("load_s", "retime_s", "answer_s", "cpu_s", "again_s", "peak_mb")
    )
    low, high = np.quantile([cost.answer_s for cost in costs], (0.25, 0.75))
    rate = 1e-6 * costs[0].commands / answer_s
    return (name, load_s, retime_s, answer_s, f"{low:.3f} to {high:.3f}", cpu_s, rate, again_s, peak_mb)


def _median(costs: Sequence[RetimingCost], name: str) -> float:
    return float(np.median([getattr(cost, name) for cost in costs]))


def measure_retiming(trace: Path, verify: bool) -> RetimingCost:
    """Re-time ``trace`` in a fresh process; raises ``LightloopError`` when the process fails."""
    command = module_command(f"{__package__}.retiming", str(trace), str(int(verify)))
    done = subprocess.run(command, env=child_environment(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise LightloopError(f"bench: the re-timing process failed: {said[-1] if said else done.returncode}")
    return RetimingCost(**json.loads(done.stdout))


def repeat_trace(study: Study, short: Path, long: Path, times: int) -> None:
    """Record the commands of the trace ``short`` of ``study`` ``times`` over, end to end, into ``long``."""
    recorder = Recorder.create(long, Header.now(to_toml(study), study.seed, digest(study)))
    with open_trace(short) as trace:
        for name in trace.states:
            recorder.state(name, trace.state(name))
        plans = np.array([0, *(recorder.plan(steps, work) for steps, work in _plans(trace))], dtype=np.uint16)
        for column in ("agent", "instrument", "kind"):
            for text in trace.labels(f"commands.{column}"):
                recorder.label(f"commands.{column}", text)
        components = [recorder.label("power.component", text) for text in trace.labels("power.component")]
        rows = np.empty(len(trace.commands.plan), dtype=COMMANDS.dtype)
        for name in rows.dtype.names or ():
            rows[name] = getattr(trace.commands, name)
        rows["plan"] = plans[rows["plan"]]
        levels, length_ps = trace.power_levels, trace.elapsed_ps
        for turn in range(times):
            _record_levels(recorder, levels, components, turn * length_ps)
            recorder.command_rows(_later(rows, turn, turn * length_ps))
        recorder.close("complete", "", times * length_ps, times * trace.queries)


def _later(rows: NDArray[np.void], turn: int, t_ps: int) -> NDArray[np.void]:
    """Return ``rows`` as those of the repetition ``turn``, which begins at ``t_ps`` upon the last reply before."""
    later, first = rows.copy(), turn * len(rows)
    later["cause"] = np.where(rows["cause"] == NO_COMMAND, first - 1, rows["cause"] + first)
    for name in ("t_issued", "t_started", "t_done"):
        later[name] += t_ps
    return later


def _record_levels(recorder: Recorder, levels: Power, components: list[int], t_ps: int) -> None:
    for number, component in enumerate(components):
        mine = levels.component == number
        if t_ps:
            mine &= levels.t > 0  # what is drawn from the beginning on goes on
        recorder.powers(component, levels.t[mine] + t_ps, levels.watts[mine])


def _plans(trace: Trace) -> Iterator[tuple[tuple[Step, ...], Work]]:
    """Yield steps and work of each plan of ``trace``, in the order of their numbers, from 1 on."""
    resources, activities = trace.labels("spans.resource"), trace.labels("spans.activity")
    components, quantities = trace.labels("power.component"), trace.labels("work.quantity")
    plans, draws, work = trace.plans, trace.draws, trace.work
    drawn = {
        (plan, step): (components[component], watts)
        for plan, step, component, watts in zip(
            draws.plan.tolist(),
            draws.step.tolist(),
            draws.component.tolist(),
            draws.watts.tolist(),
            strict=True,
        )
    }
    for number in range(1, 1 + max(int(plans.plan.max()), int(work.plan.max()))):
        rows = np.flatnonzero(plans.plan == number).tolist()
        asked = np.flatnonzero(work.plan == number).tolist()
        steps = (
            Step(
                resources[plans.resource[row]],
                activities[plans.activity[row]],
                int(plans.duration_ps[row]),
                *drawn.get((number, place), ("", 0.0)),
                bool(plans.held[row]),
            )
            for place, row in enumerate(rows)
        )
        yield tuple(steps), tuple((quantities[work.quantity[i]], int(work.value[i])) for i in asked)


def _rerun_s(plant: Plant, out: Path) -> float:
    """Record the short run in ``out``, and return the wall seconds of one of its queries; kernels are compiled."""
    plant.bench().run({"szo_scd": plant.controller(100)})
    began_s = time.perf_counter()
    plant.bench(out).run({"szo_scd": plant.controller(_SHORT)})
    return (time.perf_counter() - began_s) / _SHORT


def _measure(path: Path, verify: bool) -> RetimingCost:
    with open_trace(path) as trace:
        study = study_from_text(trace.config_text)
        lab = laboratory(study, trace)
    slower = study_from_text(to_toml(study), str(path), ("chip.link.latency_s=5 us",))
    slow = altered_laboratory(lab, study, slower)
    began_s, cpu_s = time.perf_counter(), -time.process_time()
    with open_trace(path) as trace:
        recording = load_recording(trace, lab, verify)
    loaded_s = time.perf_counter()
    retime(recording, slow)
    timed_s, cpu_s = time.perf_counter(), cpu_s + time.process_time()
    retime(recording, lab)
    again_s = time.perf_counter()
    return RetimingCost(
        recording.count,
        cpu_s,
        loaded_s - began_s,
        timed_s - loaded_s,
        again_s - timed_s,
        peak_mb(),
    )


if __name__ == "__main__":
    print(json.dumps(asdict(_measure(Path(sys.argv[1]), sys.argv[2] == "1"))))
