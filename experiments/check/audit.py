"""``lightloop check audit``: are the joules and picoseconds of a trace right? Nothing is simulated again.

Energy is integrated from ``/power`` alone, in exact rational arithmetic, and compared with what the bench's meter
said. Time is added up three ways, in whole picoseconds: the commands and the thinking between them, the ledger
that ``lightloop inspect`` prints, and the bench's own count of every span.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np

from emulator.config.models import digest
from emulator.errors import TaskError
from emulator.trace.analysis.ledger import IDLE, energy_by_component, latency_by_span
from emulator.trace.open import open_trace
from emulator.trace.reading.reader import Trace
from emulator.trace.schema import Power
from emulator.units import PS_PER_S, s_to_ps
from experiments.output.files import write_text
from experiments.output.tables import Column, Table, to_markdown
from experiments.run.study import study_from_overrides
from experiments.sweep.engine import run_jobs
from experiments.sweep.points import Job, Point
from experiments.sweep.trial import Size, Trial

__all__ = ["AUDIT", "ENERGY_TOLERANCE", "Audit", "audit_table", "audit_trace", "exact_energy_j", "run_audit"]

ENERGY_TOLERANCE: Final = 1e-12
"""Largest relative difference, over components and their sum, that passes."""

_QUERIES: Final = 10_000

_POINTS: Final = (
    Point("vowel", ("task.name=vowel", "controller.sparsity=0.6")),
    Point("vowel-full", ("task.name=vowel", "controller.sparsity=0.6", "trace.detail=full")),
    Point("vowel-lab", ("task.name=vowel", "controller.sparsity=0.6", "chip.preset=lab_loop")),
    Point("vowel-budget", ("task.name=vowel", "controller.sparsity=0.6", "budget.energy_j=0.5")),
    Point("mnist", ("task.name=mnist8x8",)),
    Point("mnist-paper", ("task.name=mnist8x8", "chip.preset=paper", "controller.power_awareness=1.0")),
)


@dataclass(frozen=True)
class Audit:
    """Hold what was found in one trace; a difference of None means that the trace holds nothing to compare with."""

    name: str
    status: str
    power_rows: int
    energy_j: float
    meter_error: float | None
    """Largest relative difference of the meter's energy from the exact integral, over components and total."""
    ledger_error: float
    """The same for the energy ledger that ``lightloop inspect`` prints."""
    elapsed_ps: int
    commands_ps: int
    """Commands and the thinking between them, added up, minus the elapsed time."""
    ledger_ps: int
    """The latency ledger, added up, minus the elapsed time."""
    spans_ps: int | None
    """Largest difference of a span's total from the bench's own count."""

    @property
    def passes(self) -> bool:
        """Tell whether energy agrees to ``ENERGY_TOLERANCE`` and time to the picosecond."""
        errors = max(self.ledger_error, self.meter_error or 0.0)
        return errors <= ENERGY_TOLERANCE and not (self.commands_ps or self.ledger_ps or self.spans_ps)


def exact_energy_j(power: Power, components: Sequence[str], elapsed_ps: int) -> dict[str, Fraction]:
    """Return the integral of each component's power over [0, ``elapsed_ps``], without any rounding."""
    energy = dict.fromkeys(components, Fraction(0))
    level: dict[str, tuple[int, float]] = {}
    for index, t_ps, watts in zip(
        power.component.tolist(), power.t.tolist(), power.watts.tolist(), strict=True
    ):
        name = components[index]
        since_ps, before = level.get(name, (t_ps, 0.0))
        energy[name] += Fraction(before) * (t_ps - since_ps)
        level[name] = (t_ps, watts)
    for name, (since_ps, watts) in level.items():
        energy[name] += Fraction(watts) * (elapsed_ps - since_ps)
    return {name: watt_ps / PS_PER_S for name, watt_ps in energy.items()}


def audit_trace(path: Path) -> Audit:
    """Audit the trace at ``path``, whose detail must not be "summary"; raises ``TaskError`` if it is."""
    with open_trace(path) as trace:
        if trace.detail == "summary":
            raise TaskError(f'audit: {path} has detail "summary": it holds neither powers nor commands')
        names = trace.labels("power.component")
        exact = exact_energy_j(trace.power, names, trace.elapsed_ps)
        totals = trace.totals()
        spans_s = latency_by_span(trace)
        return Audit(
            path.stem,
            trace.status,
            len(trace.power.t),
            float(sum(exact.values())),
            _relative_error(exact, totals.get("energy_j", {})),
            _relative_error(exact, energy_by_component(trace)) or 0.0,
            trace.elapsed_ps,
            _commands_ps(trace) - trace.elapsed_ps,
            sum(map(s_to_ps, spans_s.values())) - trace.elapsed_ps,
            _span_error_ps(spans_s, totals.get("busy_s", {})),
        )


def _relative_error(exact: dict[str, Fraction], said: dict[str, float]) -> float | None:
    """Return the largest relative difference of ``said`` from ``exact``; None when nothing was said."""
    if not said:
        return None
    pairs = [(exact.get(name, Fraction(0)), Fraction(value)) for name, value in said.items()]
    pairs.append((sum(exact.values(), Fraction(0)), sum((value for _, value in pairs), Fraction(0))))
    errors = [abs(value - truth) / abs(truth) if truth else abs(value) for truth, value in pairs]
    return float(max(errors))


def _commands_ps(trace: Trace) -> int:
    """Return the sum of waiting, service and thinking times of one agent's commands, and of its last thought.

    The rows of a Sequence were asked for together: each but the first follows the one before.
    """
    commands = trace.commands
    if not len(commands.t_done):
        return 0
    caused = np.maximum(commands.cause, 0)
    replied = np.where(commands.cause >= 0, commands.t_done[caused], 0)
    together = np.append(False, (np.diff(commands.t_issued) == 0) & (np.diff(commands.cause) == 0))
    asked = np.where(together, np.append(0, commands.t_done[:-1]), commands.t_issued)
    thought = np.where(together, 0, commands.t_issued - replied)
    waited = commands.t_started - asked
    served = commands.t_done - commands.t_started
    return int((thought + waited + served).sum()) + trace.elapsed_ps - int(commands.t_done[-1])


def _span_error_ps(spans_s: dict[str, float], busy_s: dict[str, float]) -> int | None:
    if not busy_s:
        return None
    names = (spans_s.keys() | busy_s.keys()) - {IDLE}
    return max(abs(s_to_ps(spans_s.get(name, 0.0)) - s_to_ps(busy_s.get(name, 0.0))) for name in names)


def run_audit(out: Path, seeds: int, queries: int, jobs: int) -> None:
    """Run the studies of the audit under ``out``/audit, audit every trace and print the table.

    Raises ``TaskError`` when a run fails or a trace does not pass.
    """
    folder = out / "audit"
    folder.mkdir(parents=True, exist_ok=True)
    plan = [_job(point, seed, queries, folder) for seed in range(seeds) for point in _POINTS]
    failures = run_jobs(plan, jobs, lambda line: print(f"check audit: {line}", file=sys.stderr, flush=True))
    if failures:
        raise TaskError(f"check audit: {failures[0].job.trace.name} failed: {failures[0].reason}")
    audits = [audit_trace(job.trace) for job in plan]
    text = to_markdown(audit_table(audits))
    print(text)
    write_text(folder / "audit.md", text)
    if failed := [audit.name for audit in audits if not audit.passes]:
        raise TaskError(
            f"check audit: {len(failed)} of {len(audits)} traces do not pass: {', '.join(failed)}"
        )


def _job(point: Point, seed: int, queries: int, folder: Path) -> Job:
    detail = (
        ()
        if any(override.startswith("trace.detail") for override in point.overrides)
        else ("trace.detail=commands",)
    )
    overrides = (*point.overrides, *detail, f"seed={seed}", f"controller.queries={queries}")
    study = study_from_overrides(overrides, f"check audit, {point.name}")
    return Job(point, study, folder / f"{point.name}-seed{seed}-{digest(study)[:8]}.h5")


def audit_table(audits: Sequence[Audit]) -> Table:
    """Return the table of the audit: relative differences of energy, differences of time in picoseconds."""
    columns = (
        Column("trace"), Column("status"), Column("/power rows"), Column("energy (J)", 6),
        Column("meter, relative"), Column("ledger, relative"), Column("elapsed (ps)"),
        Column("commands - elapsed (ps)"), Column("ledger - elapsed (ps)"), Column("spans - bench (ps)"),
        Column("passes"),
    )  # fmt: skip
    rows = tuple(
        (
            a.name, a.status, a.power_rows, a.energy_j, "-" if a.meter_error is None else f"{a.meter_error:.1e}",
            f"{a.ledger_error:.1e}", a.elapsed_ps, a.commands_ps, a.ledger_ps,
            "-" if a.spans_ps is None else a.spans_ps, "yes" if a.passes else "NO",
        )
        for a in audits
    )  # fmt: skip
    notes = (
        "Energy: the exact integral of /power; the meter's and the ledger's largest relative difference from it, "
        f"over components and their sum; allowed {ENERGY_TOLERANCE:g}.",
        "Time: commands and thinking between them, the printed ledger, and each span against the bench's count.",
    )
    return Table("Audit of energy and time", columns, rows, notes)


AUDIT: Final = Trial(
    "audit",
    "are the joules and picoseconds of a trace right",
    Size("queries", "queries of a run", _QUERIES),
    run_audit,
)
