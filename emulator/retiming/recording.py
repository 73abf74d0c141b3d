"""What a re-timing keeps of a recorded run: who asked for what, upon which replies; it computes no new time.

Of the 57 bytes of a command's row about 7 remain: its plan, its cause and its agent, and what levels it set. Its
times are needed only to check that they follow from the configuration, and to find what does not: an agent's waits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TraceError
from emulator.retiming.check import Links, Times, check, claim_plans, conclude, narrow, order_of
from emulator.retiming.lab import Laboratory
from emulator.retiming.levels import Levels, recorded_levels, set_instants
from emulator.retiming.prices import SENDS, PlanFacts, Prices, price
from emulator.trace.reading.reader import Trace
from emulator.trace.schema import COMMANDS, NO_COMMAND, REMAINDER, SCHEMA_VERSION, Frames

__all__ = ["Ending", "Recording", "is_sequential", "read_recording"]

_FIRST_WITH_WORK: Final = 2
_CUT_OFF: Final = ("killed", "disk-full")
_CALLER: Final = "caller"
_ENERGY: Final = "energy_j"


@dataclass(frozen=True, slots=True, eq=False)
class Ending:
    """Say how the run ended: ``residue_ps`` after the last of the replies to ``rows``."""

    rows: NDArray[np.int64]
    residue_ps: int


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Hold a checked recording; arrays have one entry a command, or none where a trace has nothing of the kind.

    The run ends when ``agents[main]`` does. ``own_ps`` are durations that commands brought, ``sequential`` tells
    that nothing ever overlapped, ``levels`` are those of each component that commands set, ``unexplained`` names
    the components that drew what no recorded command explains. ``cautions`` speak of what was altered before.
    """

    path: Path
    detail: str
    status: str
    reason: str
    elapsed_ps: int
    queries: int
    laboratory: Laboratory
    plans: tuple[PlanFacts, ...]
    agents: tuple[str, ...]
    main: int
    links: Links
    own_ps: NDArray[np.int64]
    levels: Mapping[str, Levels]
    ending: Ending
    frames: Frames
    energy_by_component_j: Mapping[str, float]
    sequential: bool
    unexplained: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()

    @property
    def waits(self) -> int:
        """Return how many commands were issued later than the replies before them explain."""
        return int(np.count_nonzero(self.links.residue))

    @property
    def count(self) -> int:
        """Return the number of commands."""
        return len(self.links.plan)


def read_recording(trace: Trace, laboratory: Laboratory, verify: bool = True) -> Recording:
    """Return the recording in ``trace``, having checked that it follows from ``laboratory``, its configuration.

    Every column that is used is checked against its checksum unless ``verify`` is False. Raises ``TraceError`` for
    a trace of version 1 or of detail "summary", a damaged one, and one that does not follow from ``laboratory``:
    the message then names the first command that does not.
    """
    _refuse_unsuited(trace)
    return _Loader(trace, laboratory, verify).load()


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

    def __init__(self, trace: Trace, laboratory: Laboratory, verify: bool) -> None:
        self._trace, self._laboratory, self._verify = trace, laboratory, verify
        self._where = str(trace.path)

    def load(self) -> Recording:
        trace = self._trace
        plan = self._column("commands", "plan")
        plans = self._plans(plan)
        prices = price(plans, self._laboratory)
        cause, joins = self._column("commands", "cause"), trace.joins
        agent = self._column("commands", "agent")
        links = narrow(plan, cause, agent, joins.command, joins.cause, self._where)
        del cause, plan  # before the times come: together they would need too much memory
        times = Times(*(self._column("commands", name) for name in Times._fields))
        links = links._replace(order=order_of(links, prices.rows, times))
        links = check(links, prices.rows, times, self._unheld_from_ps(), self._where)
        sequential = is_sequential(links, prices)
        own_ps = times.t_done - times.t_started if prices.rows.own.any() else np.empty(0, dtype=np.int64)
        self._check_sent(plans, links, prices, times)
        ending = self._ending(links, times)
        set_ps = self._set_instants(links, prices, times)
        del times  # before the powers come
        levels = {component: self._recorded(component, instants) for component, instants in set_ps.items()}
        return Recording(
            path=trace.path, detail=trace.detail, status=trace.status, reason=trace.reason,
            elapsed_ps=trace.elapsed_ps, queries=trace.queries, laboratory=self._laboratory, plans=plans,
            agents=trace.labels("commands.agent"), main=self._main, links=links, own_ps=own_ps,
            levels=levels, ending=ending, frames=trace.frames,
            energy_by_component_j=trace.totals().get(_ENERGY, {}), sequential=sequential,
        )  # fmt: skip

    def _unheld_from_ps(self) -> int:
        """Return from when on a command that left its instrument may have had no reply before the end."""
        plans = self._trace.plans
        free = (plans.held == 0) & (plans.duration_ps != REMAINDER)
        return self._trace.elapsed_ps - int(plans.duration_ps[free].max(initial=0))

    def _column(self, table: str, name: str) -> NDArray[Any]:
        if self._trace.schema_version == SCHEMA_VERSION:
            return self._trace.contents.read(f"/{table}/{name}", self._verify)
        whole = self._trace.commands if table == COMMANDS.name else self._trace.power_levels
        return np.asarray(getattr(whole, name))  # of an older trace the columns are made anew

    def _plans(self, plan: NDArray[np.uint16]) -> tuple[PlanFacts, ...]:
        """Return what is known of every plan, from its steps, its work, and the commands that name it."""
        trace = self._trace
        steps, work = trace.plans, trace.work
        kinds, activities = trace.labels("commands.kind"), trace.labels("spans.activity")
        quantities = trace.labels("work.quantity")
        known = 1 + max((int(table.max()) for table in (steps.plan, work.plan) if len(table)), default=0)
        instrument, kind = self._column("commands", "instrument"), self._column("commands", "kind")
        of, used = claim_plans(plan, instrument, kind, known, self._where)
        activity = [""] * known
        for number, index in zip(steps.plan[::-1].tolist(), steps.activity[::-1].tolist(), strict=True):
            activity[number] = activities[index]
        asked: list[dict[str, int]] = [{} for _ in range(known)]
        rows = zip(work.plan.tolist(), work.quantity.tolist(), work.value.tolist(), strict=True)
        for number, index, value in rows:
            asked[number][quantities[index]] = value
        names = trace.labels("commands.instrument")
        return tuple(
            PlanFacts(kinds[whose & 0xFF], names[whose >> 8], activity[number], asked[number], count)
            if count
            else PlanFacts("", "", activity[number], asked[number], 0)
            for number, (whose, count) in enumerate(zip(of.tolist(), used.tolist(), strict=True))
        )

    def _check_sent(self, plans: Sequence[PlanFacts], links: Links, prices: Prices, times: Times) -> None:
        """Raise ``TraceError`` naming the first pipelined command that took another time than it would now."""
        laboratory = self._laboratory
        for place, (kind, stand) in enumerate(laboratory.standing()):
            mine = (prices.rows.mode == SENDS) & (prices.rows.server == place)
            if kind.retiming.sender is None or not mine.any():
                continue
            sender = kind.retiming.sender(stand, laboratory.host, laboratory.seed)
            plan = links.plan[links.order] if links.order.size else links.plan
            rows = np.flatnonzero(mine[plan])
            for row in (links.order[rows] if links.order.size else rows).tolist():
                sent = sender.send(int(times.t_issued[row]), plans[links.plan[row]].work)
                found = (int(times.t_started[row]), int(times.t_done[row]))
                if found != (sent.started_ps, sent.done_ps):
                    raise TraceError(
                        f"{self._where}: the trace does not follow from its configuration: commands row {row}: it "
                        f"went from {found[0]} to {found[1]} ps, and should have from {sent.started_ps} to "
                        f"{sent.done_ps} ps"
                    )

    def _set_instants(self, links: Links, prices: Prices, times: Times) -> dict[str, NDArray[np.int64]]:
        """Return when commands set levels (ps), by the component that draws them."""
        return {
            kind.retiming.level.component: set_instants(links, times, prices.rows, place)
            for place, (kind, _) in enumerate(self._laboratory.standing())
            if kind.retiming.level is not None
        }

    def _recorded(self, component: str, set_ps: NDArray[np.int64]) -> Levels:
        """Return the levels of ``component``, set at ``set_ps`` (m,)."""
        names = self._trace.labels("power.component")
        mine = self._column("power", "component") == (names.index(component) if component in names else -1)
        t, watts = (self._column("power", name)[mine] for name in ("t", "watts"))
        return recorded_levels(set_ps, t, watts)

    def _ending(self, links: Links, times: Times) -> Ending:
        elapsed_ps, count = self._trace.elapsed_ps, len(links.plan)
        if count == 0:
            return Ending(np.empty(0, dtype=np.int64), elapsed_ps)
        if self._trace.status in _CUT_OFF:
            return Ending(np.array([count - 1]), elapsed_ps - int(times.t_done[-1]))
        rows, last_ps = conclude(links, times, elapsed_ps, self._main)
        return Ending(rows, elapsed_ps - last_ps)

    @property
    def _main(self) -> int:
        """Return the label of the main agent, the first that the bench names; who asks beside is none."""
        names = self._trace.labels("commands.agent")
        return next((number for number, name in enumerate(names) if name != _CALLER), 0)


def is_sequential(links: Links, prices: Prices) -> bool:
    """Tell whether one agent did one thing after the other, on instruments that do the same."""
    count = len(links.plan)
    if len(links.join_cause) or np.any(prices.rows.mode == SENDS):
        return False
    chained = links.cause == np.arange(NO_COMMAND, count - 1, dtype=np.int32)
    if prices.rows.goes_on.any():  # and what went on with the command before
        same = np.append(False, links.cause[1:] == links.cause[:-1])[:count]
        chained |= prices.rows.goes_on[links.plan] & same
    return bool(chained.all())
