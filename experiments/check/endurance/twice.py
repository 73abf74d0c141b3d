"""Whether a run is itself: run again, recorded at another detail, seen by another view, and re-timed unchanged."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from emulator.bench import RunResult
from emulator.retiming.lab import Laboratory
from emulator.retiming.retime import load_recording, retime
from emulator.trace.open import open_trace
from emulator.units import s_to_ps
from experiments.check.accounts import Accounts, accounts_of, differences
from experiments.check.endurance.books import TOLERANCE
from experiments.check.endurance.rows import Rows
from experiments.check.endurance.talk import Heard

__all__ = ["retimed", "same_commands", "same_results", "same_talk", "same_views"]

_SAME: tuple[str, ...] = ("commands", "plans", "work", "joins", "frames", "setpoints", "batches", "totals")
"""Tables that hold the same at detail ``full`` and ``commands``."""


def same_results(one: RunResult, other: RunResult) -> Iterator[str]:
    """Yield in what two runs of one scenario ended otherwise."""
    if one != other:
        yield f"rerun: {other}, not {one}"


def same_talk(one: Sequence[Heard], other: Sequence[Heard]) -> Iterator[str]:
    """Yield the first command that went otherwise in two runs of one scenario; replies are compared bit for bit."""
    if len(one) != len(other):
        yield f"rerun: {len(other)} commands, not {len(one)}"
    for then, now in zip(one, other, strict=False):
        name = f"{type(then.command).__name__} of {then.agent} at {then.issued_ps} ps"
        facts = [(each.agent, each.issued_ps, each.done_ps, each.refusal) for each in (then, now)]
        if facts[0] != facts[1]:
            yield f"rerun: {name} went otherwise: {facts[1]}"
            return
        if not _equal(then.reply, now.reply):
            yield f"rerun: {name} was told otherwise"
            return


def _equal(one: object, other: object) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and one.tobytes() == other.tobytes()
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    return repr(one) == repr(other)


def same_commands(one: Rows, other: Rows) -> Iterator[str]:
    """Yield the tables in which a run recorded in full differs from one recorded at ``commands``."""
    for table in _SAME:
        if one.tables[table].tobytes() != other.tables[table].tobytes():
            yield f"detail: /{table} differs between full and commands"


def same_views(one: Path, other: Path) -> Iterator[str]:
    """Yield in which views two traces of one run differ, and what does not add up within either."""
    accounts = [accounts_of(path) for path in (one, other)]
    if "ledger" not in accounts[1].exact:  # of which a trace of detail "summary" holds sums alone
        accounts[0] = _sums(accounts[0])
    yield from (f"views: {name}" for name in differences(*accounts))


def _sums(one: Accounts) -> Accounts:
    energies = {name: value for name, value in one.rounded.items() if name.startswith("energy: ")}
    return Accounts({name: one.exact[name] for name in ("run", "status")}, energies, one.faults)


def retimed(path: Path, laboratory: Laboratory, under_way: bool) -> Iterator[str]:
    """Yield in what a closed re-timing of ``path`` into the ``laboratory`` it was recorded in is not the recording.

    Where commands may have been ``under_way`` when the run ended, a trace holds what their frames drew and no row
    of them; the re-timing names such components as unexplained.
    """
    with open_trace(path) as trace:
        recording = load_recording(trace, laboratory)
        found, unexplained = retime(recording, laboratory), recording.unexplained
        for name in ("t_issued", "t_started", "t_done"):
            if not np.array_equal(getattr(trace.commands, name), getattr(found.times, name)):
                yield f"what-if of no change: {name} differs"
        if found.elapsed_ps != trace.elapsed_ps or (unexplained and not under_way):
            yield f"what-if of no change: {found.elapsed_ps} ps, not {trace.elapsed_ps}; {unexplained}"
        for name, joules in trace.totals()["energy_j"].items():
            again = found.energy_by_component_j[name]
            if name not in unexplained and abs(again - joules) > TOLERANCE * abs(joules):
                yield f"what-if of no change: energy of {name} {again!r} J, not {joules!r}"
        if sum(map(s_to_ps, found.latency_by_span_s.values())) != trace.elapsed_ps:
            yield "what-if of no change: the shares of its time are not all of it"
