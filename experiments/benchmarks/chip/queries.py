"""What one query costs, part by part and against rivals; every result is a ratio.

The unit is one bare SimPy timeout, timed in the same minutes as what is expressed in it. The clock is the CPU time
of this process, so that neighbours on a shared machine disturb little; wall-time ratios are printed beside.
"""

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emulator.trace import Detail
from experiments.benchmarks.chip.breakdown import Notes, part_workloads, probe_ns_by_layer, take_notes
from experiments.benchmarks.chip.physics import physics_workloads
from experiments.benchmarks.chip.plant import Plant, benchmark_study, study_plant
from experiments.benchmarks.chip.second_agent import beside_querier, beside_sleeper
from experiments.benchmarks.chip.sizes import SIZES, exponent, measure_sizes
from experiments.benchmarks.chip.workloads import bare_timeouts, plain_queries, torch_queries
from experiments.benchmarks.memory import bytes_per_query
from experiments.benchmarks.paced import PacedRun
from experiments.benchmarks.recording import cost_table, measure_recording
from experiments.benchmarks.timing import Sample, Workload, interleave, ratio
from experiments.output.tables import table_of
from experiments.output.terminal import to_text

__all__ = ["Effort", "measure_queries"]

_LARGE = 32  # from this size on, the mesh and not the bench decides the cost


@dataclass(frozen=True, slots=True)
class Effort:
    """Say how long to measure; the shipped numbers keep a whole run under two and a half minutes on two cores."""

    rounds: int = 25
    """Rounds in which queries, timeouts and rivals take turns."""
    slice_queries: int = 1000
    """Queries of one round."""
    other_rounds: int = 9
    """Rounds of the breakdown and of the sizes."""
    memory: tuple[int, int] = (20_000, 100_000)
    """Queries between which memory is compared."""
    sizes: tuple[int, ...] = SIZES
    """Sizes of the square meshes."""


def measure_queries(effort: Effort) -> dict[str, float]:
    """Measure, print tables to stdout, and return the results by name."""
    growth = bytes_per_query(*effort.memory)
    plant = study_plant(benchmark_study())
    samples, emulated_s = _compare(plant, effort)
    results = _comparison(samples) | {"memory_bytes_per_query": growth}
    results["emulated_over_cpu_time"] = emulated_s / samples["commands"].cpu_s
    results |= _breakdown(plant, effort, samples)
    results |= _physics(plant, effort)
    results |= _sizes(plant, effort)
    costs = measure_recording(plant, effort.other_rounds, effort.slice_queries)
    print(cost_table(costs))
    for cost in costs:
        results |= {f"trace_bytes_{cost.detail}": cost.file_bytes, f"recording_ns_{cost.detail}": cost.ns}
    print(
        f"memory: {growth:.1f} bytes more per query, from {effort.memory[0]:,} to {effort.memory[1]:,} queries"
    )
    print(f"emulated time per CPU time: {results['emulated_over_cpu_time']:.3g}\n")
    return results


def _compare(plant: Plant, effort: Effort) -> tuple[dict[str, Sample], float]:
    """Measure queries and their rivals; return also the emulated seconds that a query takes."""
    count = effort.slice_queries
    workloads: dict[str, Workload] = {
        "timeout": bare_timeouts(40 * count),
        "torch": torch_queries(plant, max(1, count // 200)),
        "plain": plain_queries(plant, max(1, count // 500)),
    }
    details: tuple[Detail, ...] = ("summary", "commands", "full")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        bare = stack.enter_context(PacedRun(plant, count))
        workloads["unrecorded"] = bare
        recorded = {
            "sequencer": PacedRun(plant, count, Path(folder) / "sequencer.h5", loop="sequencer"),
            "beside_querier": PacedRun(plant, count, Path(folder) / "querier.h5", second=beside_querier),
            "beside_sleeper": PacedRun(plant, count, Path(folder) / "sleeper.h5", second=beside_sleeper),
        }
        for name, run in recorded.items():
            workloads[name] = stack.enter_context(run)
        for detail in details:
            run = PacedRun(plant, count, Path(folder) / f"{detail}.h5", detail)
            workloads[detail] = stack.enter_context(run)
        samples = interleave(workloads, effort.rounds)
        return samples, bare.emulated_s_per_query


def _comparison(samples: dict[str, Sample]) -> dict[str, float]:
    query, bare = samples["commands"], samples["unrecorded"]
    compared = {
        "query_in_timeouts": (ratio(query, samples["timeout"]), 0.0, "at most 35"),
        "sequencer_query_in_timeouts": (
            ratio(samples["sequencer"], samples["timeout"]),
            0.0,
            "at most 18, aim for 12",
        ),
        "second_agent_overhead": (ratio(samples["beside_querier"], query), 1.0, "at most 0.15"),
        "sleeping_agent_overhead": (ratio(samples["beside_sleeper"], query), 1.0, ""),
        "torch_rebuild_over_query": (ratio(samples["torch"], query), 0.0, "at least 100"),
        "numpy_plain_over_query": (ratio(samples["plain"], query), 0.0, ""),
        "recording_overhead": (ratio(query, bare), 1.0, "at most 0.10"),
        "recording_overhead_full": (ratio(samples["full"], bare), 1.0, ""),
        "recording_overhead_summary": (ratio(samples["summary"], bare), 1.0, ""),
    }
    rows = [
        (name, r.value - zero, f"{r.low - zero:.3g} to {r.high - zero:.3g}", r.wall - zero, target)
        for name, (r, zero, target) in compared.items()
    ]
    costs = [(name, 1e6 * s.cpu_s, f"{100 * s.spread:.0f} %", 1e6 * s.wall_s) for name, s in samples.items()]
    print(to_text(table_of("Cost of one operation", ("what", "CPU us", "IQR", "wall us"), costs)))
    print(to_text(table_of("Ratios", ("name", "CPU", "quartiles", "wall", "target"), rows)))
    return {name: r.value - zero for name, (r, zero, _) in compared.items()}


def _breakdown(plant: Plant, effort: Effort, samples: dict[str, Sample]) -> dict[str, float]:
    """Split the query; what the replayed parts leave of the whole is the bench's and SimPy's."""
    notes = take_notes(plant, 2 * effort.slice_queries)
    with PacedRun(plant, effort.slice_queries) as whole:
        parts = interleave({"whole": whole, **part_workloads(notes)}, effort.other_rounds)
    us = {name: 1e6 * sample.cpu_s for name, sample in parts.items()}
    recorder = us["whole"] * (ratio(samples["commands"], samples["unrecorded"]).value - 1)
    split = {
        "host_loss": us["loss"],
        "controller": us["controller"] - us["loss"],
        "bench_simpy": us["whole"] - us["controller"] - us["chip"],
        "recorder": recorder,
        "instrument": us["chip"] - us["load"] - us["probe"],
        "load_batch": us["load"],
        "probe_adc": us["probe"] - us["probe_no_adc"],
        "probe_noise": us["probe_no_adc"] - us["probe_no_noise"],
        "probe_thermal": us["probe_no_noise"] - us["probe_settled"],
        "probe_moves": us["probe_settled"] - us["probe_unmoved"],
        "probe_products": us["probe_unmoved"],
    }
    total = us["whole"] + recorder
    unit = 1e6 * samples["timeout"].cpu_s
    rows = [(name, part, 100 * part / total, part / unit, _PARTS[name]) for name, part in split.items()]
    rows.append(("all", total, 100.0, total / unit, ""))
    print(to_text(table_of("Where the time of a query goes", ("part", "CPU us", "%", "timeouts", ""), rows)))
    return {f"share_{name}": part / total for name, part in split.items()} | _layers(notes)


def _physics(plant: Plant, effort: Effort) -> dict[str, float]:
    """Measure the physics without bench and controller, in the three ways in which it can be asked."""
    iterations = max(1, effort.slice_queries // 50)
    workloads = {"timeout": bare_timeouts(20 * effort.slice_queries), **physics_workloads(plant, iterations)}
    samples = interleave(workloads, effort.other_rounds)
    ratios = {name: ratio(samples[name], samples["timeout"]) for name in workloads if name != "timeout"}
    rows = [
        (name, 1e6 * samples[name].cpu_s, r.value, f"{r.low:.3g} to {r.high:.3g}")
        for name, r in ratios.items()
    ]
    columns = ("asked in", "CPU us", "timeouts", "quartiles")
    print(to_text(table_of("Physics alone, a query", columns, rows)))
    return {f"physics_in_timeouts_{name}": r.value for name, r in ratios.items()}


def _layers(notes: Notes) -> dict[str, float]:
    spent = probe_ns_by_layer(notes)
    everything = sum(map(sum, spent))
    rows = [
        (f"layer {number}", len(ns), 1e-3 * float(np.mean(ns)), 100 * sum(ns) / everything)
        for number, ns in enumerate(spent, 1)
        if ns
    ]
    print(
        to_text(
            table_of("Probes, by the layer whose heater moved", ("", "probes", "mean us", "% of time"), rows)
        )
    )
    return {"first_layer_share": sum(spent[0]) / everything}


_PARTS = {
    "host_loss": "cross-entropy of the reading",
    "controller": "SZO-SCD without the loss",
    "bench_simpy": "what is left of the whole: bench, clock, meter of the host",
    "recorder": "rows of /commands and /power, blocks of the journal",
    "instrument": "checks, services, replies",
    "load_batch": "a new mini-batch, spread over its queries",
    "probe_adc": "steps of ADC and modulator",
    "probe_noise": "shot and thermal noise",
    "probe_thermal": "heaters that still settle: heat, and light that follows it",
    "probe_moves": "DAC, heat and crosstalk of the heater that moves, and the light that this changes",
    "probe_products": "matrix products, activation, call",
}


def _sizes(plant: Plant, effort: Effort) -> dict[str, float]:
    costs = measure_sizes(plant.study, effort.other_rounds, effort.sizes)
    rows = [
        (
            f"{c.size}-{c.size}-{c.size}",
            c.phases,
            c.query,
            f"{100 * c.spread:.0f} %",
            c.plain,
            c.plain / c.query,
        )
        for c in costs
    ]
    large = [c for c in costs if c.size >= _LARGE] or costs
    results = {
        "mesh_exponent": exponent([c.size for c in costs], [c.query for c in costs]),
        "mesh_exponent_large": exponent([c.size for c in large], [c.query for c in large]),
        "mesh_exponent_plain": exponent([c.size for c in costs], [c.plain for c in costs]),
    }
    all_sizes, from_large, plain = results.values()
    notes = (
        f"query ~ N^{all_sizes:.2f}, from N = {large[0].size} on N^{from_large:.2f}; plain ~ N^{plain:.2f}",
    )
    headings = ("network", "phases", "query, timeouts", "IQR", "plain, timeouts", "plain/query")
    print(to_text(table_of("Cost against mesh size (alpha 0.15, batch 32)", headings, rows, notes)))
    for cost in costs:
        results[f"query_in_timeouts_n{cost.size}"] = cost.query
        results[f"plain_in_timeouts_n{cost.size}"] = cost.plain
    return results
