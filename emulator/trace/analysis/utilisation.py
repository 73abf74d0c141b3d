"""How busy each resource was: busy, overlapping and idle time, exact in ps; energy is the ledger's matter.

A span counts as busy throughout; those of projections are single frames where frames are known
(``analysis.frames``).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.trace.analysis.causality import check_times
from emulator.trace.analysis.excerpt import all_spans, unplanned_spans
from emulator.trace.analysis.intervals import busy_and_overlap_ps
from emulator.trace.analysis.ledger import plan_shares_ps
from emulator.trace.reading.reader import Trace

__all__ = ["Utilisation", "utilisation"]


@dataclass(frozen=True, slots=True)
class Utilisation:
    """Tell how one resource spent the elapsed time.

    Attributes
    ----------
    resource : str
        Its name, as spans give it.
    spans : int
        How many spans it had.
    busy_ps : int
        Time in which at least one of them ran.
    overlap_ps : int
        Time in which two or more of them ran.
    elapsed_ps : int
        Emulated time of the whole run.
    """

    resource: str
    spans: int
    busy_ps: int
    overlap_ps: int
    elapsed_ps: int

    @property
    def idle_ps(self) -> int:
        """Return the time in which none of its spans ran."""
        return self.elapsed_ps - self.busy_ps

    @property
    def share(self) -> float:
        """Return busy over elapsed time, 0 to 1."""
        return self.busy_ps / self.elapsed_ps if self.elapsed_ps else 0.0


def utilisation(trace: Trace) -> tuple[Utilisation, ...]:
    """Return the utilisation of each resource of ``trace``, the busiest first, of equals by name.

    Raises ``TraceError`` when the trace holds no spans because its detail is "summary", or when the times of its
    commands contradict each other.
    """
    if trace.detail == "summary":
        raise TraceError(
            f"{trace.path}: a trace of detail 'summary' holds no spans, so it tells no utilisation; record with "
            "trace.detail = 'commands' or 'full'"
        )
    check_times(trace)
    names = trace.labels("spans.resource")
    found = _serial(trace, names)
    if found is None:
        found = _any(trace, names)
    used = [one for one in found if one.spans]
    return tuple(sorted(used, key=lambda one: (-one.busy_ps, one.resource)))


def _serial(trace: Trace, names: tuple[str, ...]) -> list[Utilisation] | None:
    """Count plans instead of spans, where no two commands overlap and no span lies outside a plan; else None."""
    commands = trace.commands
    if np.any(commands.t_started[1:] < commands.t_done[:-1]) or np.any(unplanned_spans(trace)):
        return None
    if np.any(trace.spans.command < 0) or np.any(commands.t_done[-1:] > trace.elapsed_ps):
        return None
    busy_ps = plan_shares_ps(commands, trace.plans).reshape(256, 256).sum(axis=1)
    uses = np.bincount(commands.plan, minlength=2**16)[trace.plans.plan]
    spans = np.bincount(trace.plans.resource, weights=uses, minlength=256)
    return [
        Utilisation(name, int(spans[number]), int(busy_ps[number]), 0, trace.elapsed_ps)
        for number, name in enumerate(names)
    ]


def _any(trace: Trace, names: tuple[str, ...]) -> list[Utilisation]:
    spans = all_spans(trace)
    found = []
    for number, name in enumerate(names):
        mine = np.flatnonzero(spans.resource == number)
        found.append(_measure(name, spans.t_start[mine], spans.t_end[mine], trace.elapsed_ps))
    return found


def _measure(name: str, t_start: NDArray[np.int64], t_end: NDArray[np.int64], elapsed_ps: int) -> Utilisation:
    busy_ps, overlap_ps = busy_and_overlap_ps(t_start, t_end, elapsed_ps)
    return Utilisation(name, len(t_start), busy_ps, overlap_ps, elapsed_ps)
