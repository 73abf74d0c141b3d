"""What a re-timing keeps of a recorded run: who asked for what, upon which replies; it computes no new time.

Of the 57 bytes of a command's row about 7 remain: its plan, its cause and its agent. Its times are needed only to
check that they follow from the configuration, and to find what does not: an agent's own waits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.retiming.check import Links, Times, check, claim_plans, conclude, is_ordered, narrow
from emulator.retiming.frames import check_projections
from emulator.retiming.lab import Lab
from emulator.retiming.prices import OPU, PlanFacts, Prices, price
from emulator.trace.reading.contents import Contents
from emulator.trace.reading.reader import Trace
from emulator.trace.schema import NO_COMMAND, Frames

__all__ = ["Ending", "Heating", "Recording", "read_recording"]

_FIRST_WITH_WORK: Final = 2
_CUT_OFF: Final = ("killed", "disk-full")
_CALLER: Final = "caller"
_ENERGY: Final = "energy_j."


@dataclass(frozen=True, slots=True, eq=False)
class Heating:
    """Hold what the heaters drew: ``initial_w``, then ``watts`` (m,) from the end of each setting of phases."""

    initial_w: float
    watts: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ending:
    """Say how the run ended: ``residue_ps`` after the last of the replies to ``rows``.

    ``thought`` tells whether the host's thought upon a reply belongs to it.
    """

    rows: NDArray[np.int64]
    residue_ps: int
    thought: bool


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Hold a checked recording; arrays have one entry a command, or none where a trace has nothing of the kind.

    The run ends when ``agents[main]`` does. ``own_ps`` are durations that commands brought, ``sequential`` tells
    that nothing ever overlapped, ``waits`` counts the commands that were issued later than the replies before them
    explain, and ``unexplained`` names the components that drew what no recorded command explains.
    """

    path: Path
    detail: str
    status: str
    reason: str
    elapsed_ps: int
    queries: int
    lab: Lab
    plans: tuple[PlanFacts, ...]
    agents: tuple[str, ...]
    main: int
    links: Links
    own_ps: NDArray[np.int64]
    heating: Heating | None
    ending: Ending
    frames: Frames
    energy_by_component_j: Mapping[str, float]
    sequential: bool
    waits: int
    unexplained: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Return the number of commands."""
        return len(self.links.plan)


def read_recording(trace: Trace, lab: Lab, verify: bool = True) -> Recording:
    """Return the recording in ``trace``, having checked that its times follow from ``lab``, its configuration.

    Every column that is used is checked against its checksum unless ``verify`` is False. Raises ``TraceError`` for
    a trace of version 1 or of detail "summary", a damaged one, and one that does not follow from ``lab``: the
    message then names the first command that does not.
    """
    _refuse_unsuited(trace)
    contents = Contents(trace.path)
    try:
        return _Loader(trace, contents, lab, verify).load()
    finally:
        contents.close()


def _refuse_unsuited(trace: Trace) -> None:
    if trace.schema_version < _FIRST_WITH_WORK:
        raise TraceError(
            f"{trace.path}: schema version {trace.schema_version} does not say what commands asked for, so it "
            "cannot be re-timed; run its configuration again (replay --mode rerun, or lightloop run)"
        )
    if trace.detail == "summary":
        raise TraceError(
            f"{trace.path}: a trace of detail 'summary' holds no commands, so it cannot be re-timed; record with "
            "trace.detail = 'commands' or 'full'"
        )


class _Loader:
    """Read column after column, and let go of each as soon as it has been condensed."""

    def __init__(self, trace: Trace, contents: Contents, lab: Lab, verify: bool) -> None:
        self._trace, self._contents, self._lab, self._verify = trace, contents, lab, verify
        self._where = str(trace.path)

    def load(self) -> Recording:
        trace = self._trace
        plan = self._column("plan")
        plans = self._plans(plan)
        prices = price(plans, self._lab)
        cause, joins = self._column("cause"), trace.joins
        links = narrow(plan, cause, self._column("agent"), joins.command, joins.cause, self._where)
        del cause, plan  # before the times come: together they would need too much memory
        times = Times(self._column("t_issued"), self._column("t_started"), self._column("t_done"))
        if not is_ordered(times):
            order = np.lexsort((times.t_started, times.t_issued)).astype(np.int32)
            links = links._replace(order=order)
        residue, waits = check(links, prices.rows, times, self._where)
        links = links._replace(residue=residue)
        sequential = _is_sequential(links, prices)
        own_ps = times.t_done - times.t_started if _any_own(plans, prices) else np.empty(0, dtype=np.int64)
        check_projections(links, prices, times, self._lab, self._where)
        ending = self._ending(links, prices, times)
        del times
        return Recording(
            path=trace.path, detail=trace.detail, status=trace.status, reason=trace.reason,
            elapsed_ps=trace.elapsed_ps, queries=trace.queries, lab=self._lab, plans=plans,
            agents=trace.labels("commands.agent"), main=self._main, links=links, own_ps=own_ps,
            heating=self._heating(plans, links.plan), ending=ending, frames=trace.frames,
            energy_by_component_j=self._energy(), sequential=sequential, waits=waits,
        )  # fmt: skip

    def _column(self, name: str) -> NDArray[Any]:
        return self._contents.read(f"/commands/{name}", self._verify)

    def _plans(self, plan: NDArray[np.uint16]) -> tuple[PlanFacts, ...]:
        """Return what is known of every plan, from its steps, its work, and the commands that name it."""
        trace = self._trace
        steps, work = trace.plans, trace.work
        kinds, activities = trace.labels("commands.kind"), trace.labels("spans.activity")
        quantities = trace.labels("work.quantity")
        known = 1 + max((int(table.max()) for table in (steps.plan, work.plan) if len(table)), default=0)
        kind_of, used = claim_plans(plan, self._column("kind"), known, self._where)
        activity = [""] * known
        for number, index in zip(steps.plan[::-1].tolist(), steps.activity[::-1].tolist(), strict=True):
            activity[number] = activities[index]
        asked: list[dict[str, int]] = [{} for _ in range(known)]
        rows = zip(work.plan.tolist(), work.quantity.tolist(), work.value.tolist(), strict=True)
        for number, index, value in rows:
            asked[number][quantities[index]] = value
        return tuple(
            PlanFacts(kinds[kind] if count else "", activity[number], asked[number], count)
            for number, (kind, count) in enumerate(zip(kind_of.tolist(), used.tolist(), strict=True))
        )

    def _heating(self, plans: tuple[PlanFacts, ...], plan: NDArray[np.uint16]) -> Heating | None:
        chip = self._lab.chip
        if chip is None:
            return None
        sets = np.array([facts.kind == "set_phases" for facts in plans])
        watts = self._column("result")[sets[plan]] if sets.any() else np.empty(0)
        driven_rad = float(self._trace.state("initial_phases").sum())
        return Heating(max(0.0, driven_rad) * (chip.heaters.p_pi_w / np.pi), watts)

    def _ending(self, links: Links, prices: Prices, times: Times) -> Ending:
        elapsed_ps, count = self._trace.elapsed_ps, len(links.plan)
        if count == 0:
            return Ending(np.empty(0, dtype=np.int64), elapsed_ps, thought=False)
        if self._trace.status in _CUT_OFF:
            last = np.array([count - 1])
            return Ending(last, elapsed_ps - int(times.t_done[-1]), thought=False)
        rows, last_ps = conclude(links, prices.rows, times, elapsed_ps, self._main)
        return Ending(rows, elapsed_ps - last_ps, thought=True)

    @property
    def _main(self) -> int:
        """Return the label of the main agent, the first that the bench names; who asks beside is none."""
        names = self._trace.labels("commands.agent")
        return next((number for number, name in enumerate(names) if name != _CALLER), 0)

    def _energy(self) -> dict[str, float]:
        return {
            name.removeprefix(_ENERGY): float(series.value[-1])
            for name, series in self._trace.metrics().items()
            if name.startswith(_ENERGY) and len(series.value)
        }


def _any_own(plans: tuple[PlanFacts, ...], prices: Prices) -> bool:
    return any(facts.used and own for facts, own in zip(plans, prices.rows.own.tolist(), strict=True))


def _is_sequential(links: Links, prices: Prices) -> bool:
    """Tell whether one agent did one thing after the other, on instruments that do the same."""
    count = len(links.plan)
    chained = not len(links.join_cause) and np.array_equal(
        links.cause, np.arange(NO_COMMAND, count - 1, dtype=np.int32)
    )
    return bool(chained and not np.any(prices.rows.server == OPU))
