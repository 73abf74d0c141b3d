"""The steps of a critical path by name: what each resource and activity contributed to the elapsed time.

A service is divided among its command's spans as ``emulator.trace.analysis.intervals`` says. What no span covers is
"INSTRUMENT.service". Ps are whole and add up exactly.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from emulator.trace.analysis.critical_path import CriticalPath, Segment, StepKind
from emulator.trace.analysis.excerpt import commands_at, spans_of, unplanned_spans
from emulator.trace.analysis.intervals import NO_SPAN, Pieces, divide, is_pipelined
from emulator.trace.analysis.ledger import IDLE, plan_shares_ps, span_name
from emulator.trace.reading.reader import Trace

__all__ = ["path_segments", "path_shares_ps"]


def path_shares_ps(trace: Trace, path: CriticalPath) -> dict[str, int]:
    """Return the ps that each name of a ``Segment`` has on ``path``; they add up to the elapsed time."""
    lasting = np.diff(path.edges_ps)
    share_ps: dict[str, int] = {}
    _add(share_ps, IDLE, int(lasting[path.kind == StepKind.IDLE].sum()))
    instrument = np.full(len(path.kind), -1)
    known = path.command >= 0
    instrument[known] = trace.commands.instrument[path.command[known]]
    for number, name in enumerate(trace.labels("commands.instrument")):
        waits = (path.kind == StepKind.WAIT) & (instrument == number)
        _add(share_ps, _waiting(name), int(lasting[waits].sum()))
        steps = np.flatnonzero((path.kind == StepKind.SERVICE) & (instrument == number))
        shares = _service_shares(trace, path, steps)
        for key in np.flatnonzero(shares).tolist():
            _add(share_ps, span_name(trace, key), int(shares[key]))
        _add(share_ps, _served(name), int(lasting[steps].sum() - shares.sum()))
    return share_ps


def _add(share_ps: dict[str, int], name: str, ps: int) -> None:
    if ps:
        share_ps[name] = share_ps.get(name, 0) + ps


def _waiting(instrument: str) -> str:
    return f"wait for {instrument}"


def _served(instrument: str) -> str:
    return f"{instrument}.service"


def _service_shares(trace: Trace, path: CriticalPath, steps: NDArray[np.intp]) -> NDArray[np.int64]:
    """Return the ps of each span key (256 * resource + activity) in the service steps ``steps``.

    Steps that carry out a plan from its beginning to its end are counted, plan by plan.
    """
    commands, row = trace.commands, path.command[steps]
    whole = (path.edges_ps[steps] == commands.t_started[row]) & (
        path.edges_ps[steps + 1] == commands.t_done[row]
    )
    planned = whole & (unplanned_spans(trace)[row] == 0)
    shares = plan_shares_ps(commands_at(commands, row[planned]), trace.plans)
    keys, pieces = _division(trace, path, steps[~planned])
    lies = pieces.span != NO_SPAN
    np.add.at(shares, keys[pieces.span[lies]], (pieces.t_end - pieces.t_start)[lies])
    return shares


def _division(trace: Trace, path: CriticalPath, steps: NDArray[np.intp]) -> tuple[NDArray[np.int64], Pieces]:
    """Return the keys of spans, and the pieces of the service ``steps`` (each once) that refer to them."""
    order = np.argsort(path.command[steps])
    row = path.command[steps][order]
    spans = spans_of(trace, row)
    stretch = order[np.searchsorted(row, spans.command)]
    keys = spans.resource.astype(np.int64) * 256 + spans.activity
    paced = is_pipelined(commands_at(trace.commands, path.command[steps]), trace.plans)
    return keys, divide(spans, stretch, path.edges_ps[steps], path.edges_ps[steps + 1], paced)


def path_segments(trace: Trace, path: CriticalPath, steps: NDArray[np.intp]) -> Iterator[Segment]:
    """Yield the segments of the given ``steps`` (ascending) of ``path``, in order of time.

    The spans of all these steps are held in memory: ask for some hundred thousand steps at a time.
    """
    instruments, instrument = trace.labels("commands.instrument"), trace.commands.instrument
    services = steps[path.kind[steps] == StepKind.SERVICE]
    keys, pieces = _division(trace, path, services)
    bounds = np.searchsorted(pieces.stretch, np.arange(len(services) + 1)).tolist()
    served = 0
    for step in steps.tolist():
        begin, end = path.edges_ps[step : step + 2].tolist()
        row, kind = int(path.command[step]), path.kind[step]
        if kind == StepKind.SERVICE:
            mine = slice(bounds[served], bounds[served + 1])
            rows = zip(*(column[mine].tolist() for column in pieces[1:]), strict=True)
            for span, t_start, t_end in rows:
                known = span != NO_SPAN
                name = span_name(trace, keys[span]) if known else _served(instruments[instrument[row]])
                yield Segment(name, t_start, t_end, row)
            served += 1
        elif kind == StepKind.WAIT:
            yield Segment(_waiting(instruments[instrument[row]]), begin, end, row)
        else:
            yield Segment(IDLE, begin, end, row)
