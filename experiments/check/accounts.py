"""Everything that our views say of one trace, by name, to compare two traces of one run; it judges nothing.

Ledger, shares, energies by span, critical path, use of resources, the report's sliders and waterfall, the
timeline's slices and counters, the pipeline's frames, and the what-if's baseline: each as the command that shows it
computes it.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from emulator.errors import LightloopError
from emulator.retiming.retime import retime
from emulator.trace.analysis.attribution import attribute_energy
from emulator.trace.analysis.energy_curve import total_energy_j
from emulator.trace.analysis.excerpt import all_spans
from emulator.trace.analysis.ledger import integral_by_component
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import Trace
from emulator.trace.timeline.tracks import timeline
from emulator.units import PS_PER_S, s_to_ps
from experiments.compare.comparison import compare_contenders
from experiments.inspect.critical_path import path_report
from experiments.inspect.inspection import Inspection, inspect_open
from experiments.report.panels.usage import read_usage
from experiments.report.panels.waterfall import service_order
from experiments.run.laboratory import laboratory, open_recording, study_of

__all__ = ["TOLERANCE", "Accounts", "accounts_of", "differences"]

TOLERANCE: Final = 1e-12
"""Relative difference that rounding may make of an energy."""


@dataclass
class Accounts:
    """Hold what each view says: in whole ps and words, which must be equal, and in floats, which may be rounded."""

    exact: dict[str, object] = field(default_factory=dict)
    rounded: dict[str, float] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    """What does not add up within this one trace."""

    def add(self, view: str, amounts: Mapping[str, float]) -> None:
        """Add floats of ``view`` by name."""
        self.rounded.update({f"{view}: {name}": value for name, value in amounts.items()})

    def must(self, what: str, found: float, expected: float, tolerance: float = 0.0) -> None:
        """Note a fault unless ``found`` is ``expected`` within a relative ``tolerance``."""
        if not abs(found - expected) <= tolerance * max(abs(found), abs(expected)):
            self.faults.append(f"{what}: {found!r}, not {expected!r}")


def differences(one: Accounts, other: Accounts) -> list[str]:
    """Return the views in which two traces of one run differ, and the faults of either."""
    found = [*one.faults, *other.faults]
    found += [
        name for name in one.exact.keys() | other.exact.keys() if one.exact.get(name) != other.exact.get(name)
    ]
    scale = max(map(abs, one.rounded.values()), default=0.0)
    for name in one.rounded.keys() | other.rounded.keys():
        pair = [each.rounded.get(name, math.nan) for each in (one, other)]
        if not math.isclose(*pair, rel_tol=TOLERANCE, abs_tol=TOLERANCE * scale):
            found.append(f"{name}: {pair[0]!r} and {pair[1]!r}")
    return sorted(found)


def accounts_of(path: Path) -> Accounts:
    """Return what every view says of the trace at ``path``, and check it against itself."""
    found = Accounts()
    with open_trace(path) as trace:
        inspection = inspect_open(trace)
        _ledgers(found, trace, inspection)
        if trace.detail != "summary":
            _energies(found, trace, inspection)
            _path(found, trace)
            _pictures(found, trace, inspection)
            _retimed(found, trace, inspection)
    return found


def _ledgers(found: Accounts, trace: Trace, inspection: Inspection) -> None:
    ledger = {name: s_to_ps(seconds) for name, seconds in inspection.latency_by_span_s.items() if seconds > 0}
    found.exact["run"] = (trace.elapsed_ps, trace.queries)
    found.exact["status"] = trace.status
    found.add("energy", inspection.energy_by_component_j)
    if inspection.energy_by_component_j:
        whole = math.fsum(inspection.energy_by_component_j.values())
        found.must("energy: parts - whole", whole, inspection.energy_j, TOLERANCE)
    if trace.detail == "summary":
        return
    found.exact["ledger"] = ledger
    found.must("ledger: sum - elapsed", sum(ledger.values()), trace.elapsed_ps)
    if trace.elapsed_ps:
        shares = math.fsum(ps / trace.elapsed_ps for ps in ledger.values())
        found.must("ledger: sum of shares", shares, 1.0, TOLERANCE)
    found.must("bench: its count of spans", inspection.checks.ledger_minus_bench_ps or 0, 0)
    found.must(
        "meter: its energies", 1.0 + (inspection.checks.energy_relative_difference or 0.0), 1.0, TOLERANCE
    )
    found.rounded["peak power"] = inspection.peak_power_w or 0.0
    contender = compare_contenders([inspection], [trace]).traces[0]
    found.exact["compare"] = (contender.queries, sorted(contender.latency_by_span_s.items()))
    found.add("compare, energy", contender.energy_by_component_j)
    found.add("compare, utilisation", contender.utilisation)


def _energies(found: Accounts, trace: Trace, inspection: Inspection) -> None:
    energy_j = inspection.energy_by_component_j
    integral = integral_by_component(trace.power, trace.labels("power.component"), trace.elapsed_ps)
    divided = attribute_energy(trace, inspection.latency_by_span_s, energy_j)
    for number, name in enumerate(divided.components):
        found.must(f"energy of {name} from /power", integral[name], energy_j[name], TOLERANCE)
        found.must(f"sliders: {name}", math.fsum(divided.energy_j[:, number]), energy_j[name], TOLERANCE)
        found.add(
            f"sliders, {name}", dict(zip(divided.spans, divided.energy_j[:, number].tolist(), strict=True))
        )
    found.exact["sliders, time"] = sorted(zip(divided.spans, divided.time_s.tolist(), strict=True))
    curve = total_energy_j(trace, np.array([trace.elapsed_ps]))
    if curve is not None:
        found.must("energy curve at the end", float(curve[0]), inspection.energy_j, TOLERANCE)


def _path(found: Accounts, trace: Trace) -> None:
    report = path_report(trace)
    found.exact["critical path"] = sorted((share.name, share.ps) for share in report.shares)
    found.exact["critical path, steps"] = (report.steps, report.longest)
    found.exact["utilisation"] = report.resources
    found.must("critical path: sum - elapsed", sum(share.ps for share in report.shares), trace.elapsed_ps)
    usage = read_usage(trace)
    found.exact["report, usage"] = (usage and usage.resources, usage and sorted(usage.path_ps.items()))


def _pictures(found: Accounts, trace: Trace, inspection: Inspection) -> None:
    found.exact["waterfall"] = service_order(trace, inspection.latency_by_span_s)
    found.exact["frames"] = sorted(_bars(trace))
    if trace.elapsed_ps == 0:
        return
    shown = timeline(trace)
    slices, titles = shown.slices, [track.title for track in shown.tracks]
    columns = (slices.track, slices.name, slices.t_from, slices.t_to, slices.command)
    found.exact["timeline"] = sorted(
        (titles[track], shown.names[name], *rest)
        for track, name, *rest in zip(*(column.tolist() for column in columns), strict=True)
    )
    for counter in shown.counters:
        found.exact[f"counter {counter.name}"] = counter.t.tolist()
        found.add(
            f"counter {counter.name}",
            {str(t): v for t, v in zip(counter.t.tolist(), counter.value.tolist(), strict=True)},
        )
        if counter.name == "power":
            ends = np.append(counter.t[1:], trace.elapsed_ps)
            joules = math.fsum((counter.value * (ends - counter.t)).tolist()) / PS_PER_S
            found.must("counter of power, integrated", joules, inspection.energy_j, 1e-11)


def _bars(trace: Trace) -> Iterator[tuple[str, str, int, int, int]]:
    spans = all_spans(trace)
    resources, activities = trace.labels("spans.resource"), trace.labels("spans.activity")
    columns = (spans.resource, spans.activity, spans.t_start, spans.t_end, spans.command)
    for resource, activity, *rest in zip(*(column.tolist() for column in columns), strict=True):
        start, end, command = rest
        yield resources[resource], activities[activity], start, end, command


def _retimed(found: Accounts, trace: Trace, inspection: Inspection) -> None:
    """Add what a what-if says of the run as it was recorded, where the trace can be re-timed."""
    try:
        study = study_of(trace)
        same = retime(open_recording(trace, study), laboratory(study, trace))
    except LightloopError as error:
        found.exact["what-if"] = type(error).__name__
        return
    ledger = {name: s_to_ps(seconds) for name, seconds in same.latency_by_span_s.items() if seconds}
    found.exact["what-if"] = (same.elapsed_ps, sorted(ledger.items()))
    found.must("what-if: elapsed", same.elapsed_ps, trace.elapsed_ps)
    if ledger != found.exact["ledger"]:
        found.faults.append(f"what-if: ledger {ledger}, not {found.exact['ledger']}")
    found.add("what-if, energy", same.energy_by_component_j)
    for name, joules in same.energy_by_component_j.items():
        found.must(f"what-if: energy of {name}", joules, inspection.energy_by_component_j[name], TOLERANCE)
