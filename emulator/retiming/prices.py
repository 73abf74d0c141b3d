"""What the commands of a recording cost in a laboratory: the plans that instruments give for their work.

It knows no row and no instant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError, TraceError
from emulator.instruments.instrument import InstrumentKind
from emulator.instruments.registry import INSTRUMENTS
from emulator.plan import REMAINDER, Step
from emulator.retiming.lab import Laboratory
from emulator.units import LAST_PS, beyond_time, ps_to_s

__all__ = ["HOLDS", "NEVER", "PASSES", "SENDS", "PlanFacts", "PriceRows", "Prices", "price"]

HOLDS: Final = 0
"""A command that takes its turn, and holds its instrument."""

PASSES: Final = 1
"""One that takes effect at once, and holds nothing."""

SENDS: Final = 2
"""One that goes through its instrument's pipeline."""

NEVER: Final = -1
"""Stands for the instant of a level in a plan that sets none."""


class PlanFacts(NamedTuple):
    """Say what the commands of one plan are and ask for; ``activity`` is that of the plan's first step.

    ``used`` is how many commands there are.
    """

    kind: str
    instrument: str
    activity: str
    work: Mapping[str, int]
    used: int


class PriceRows(NamedTuple):
    """Hold what a compiled pass needs of each plan, all (plans,).

    ``reply`` and ``free`` (ps) last from the start to the reply, and until the instrument takes another command;
    ``server`` is the instrument's place on the bench, and ``mode`` one of ``HOLDS``, ``PASSES``, ``SENDS``.
    Commands that are ``own`` bring a duration of their own, and those that ``goes_on`` marks were asked for with
    the one before. ``level`` (ps) is when a new level is drawn, or ``NEVER``.
    """

    reply: NDArray[np.int64]
    free: NDArray[np.int64]
    server: NDArray[np.uint8]
    mode: NDArray[np.uint8]
    own: NDArray[np.bool_]
    goes_on: NDArray[np.bool_]
    level: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """Hold the price of every plan; ``steps`` are empty where only the instrument can tell, or nothing is done."""

    rows: PriceRows
    steps: tuple[tuple[Step, ...], ...]

    @property
    def servers(self) -> int:
        """Return for how many instruments a pass needs a place."""
        return int(self.rows.server.max(initial=0)) + 1


def price(plans: Sequence[PlanFacts], laboratory: Laboratory) -> Prices:
    """Return what each of ``plans`` costs in ``laboratory``.

    Raises ``ConfigError`` when an instrument that was used does not stand there, ``TraceError`` for a kind of
    command that no instrument here serves, and ``ClockError`` for one that lasts longer than time.
    """
    count = len(plans)
    ps, flags = np.zeros((2, count), dtype=np.int64), np.zeros((2, count), dtype=np.uint8)
    own, goes_on = np.zeros((2, count), dtype=np.bool_)
    level = np.full(count, NEVER, dtype=np.int64)
    rows = PriceRows(ps[0], ps[1], flags[0], flags[1], own, goes_on, level)
    places = {kind.name: place for place, (kind, _) in enumerate(laboratory.standing())}
    steps: list[tuple[Step, ...]] = [()] * count
    for number, facts in enumerate(plans):
        if facts.used:
            kind = _kind(facts, places)
            rows.server[number] = places[kind.name]
            rows.mode[number], steps[number] = _priced(facts, kind, laboratory)
            rows.goes_on[number] = kind.retiming.goes_on(facts.work)
            _fill(rows, number, steps[number], kind, facts.kind)
    return Prices(rows, tuple(steps))


def _kind(facts: PlanFacts, places: Mapping[str, int]) -> InstrumentKind:
    kind = INSTRUMENTS.get(facts.instrument)
    if kind is None or facts.kind not in {*kind.commands.values(), *kind.at_once}:
        known = ", ".join(
            dict.fromkeys(name for each in INSTRUMENTS.values() for name in each.commands.values())
        )
        raise TraceError(f"re-timing: the trace has commands of kind {facts.kind!r}; known: {known}")
    state = kind.disturbances.get(facts.kind)
    if state in kind.retiming.untold:
        raise TraceError(
            f"re-timing: an agent changed {kind.name}.{state} during the run, which decides what commands take; "
            "run its configuration again (replay --mode rerun, or lightloop run)"
        )
    if kind.name not in places:
        raise ConfigError(
            f"re-timing: recorded commands are for {kind.name!r}, and the configuration has no {kind.name}; on the "
            f"bench: {', '.join(places)}"
        )
    return kind


def _priced(facts: PlanFacts, kind: InstrumentKind, laboratory: Laboratory) -> tuple[int, tuple[Step, ...]]:
    """Return the mode of a plan's commands, and its steps."""
    if facts.kind in kind.at_once:
        return PASSES, ()
    config = laboratory.lab[kind.name].config
    steps = kind.plan(config, laboratory.host, facts.kind, facts.work).steps
    if kind.retiming.names_itself and steps:
        steps = (steps[0]._replace(activity=facts.activity), *steps[1:])
    return SENDS if kind.retiming.sender is not None else HOLDS, steps


def _fill(rows: PriceRows, number: int, steps: tuple[Step, ...], kind: InstrumentKind, command: str) -> None:
    lasting = [0 if step.ps == REMAINDER else step.ps for step in steps]
    if sum(lasting) > LAST_PS:
        raise beyond_time(f"re-timing: a command of {ps_to_s(sum(lasting)):g} s")
    rows.reply[number] = sum(lasting)
    rows.free[number] = sum(ps for ps, step in zip(lasting, steps, strict=True) if step.held)
    rows.own[number] = any(step.ps == REMAINDER for step in steps)
    level = kind.retiming.level
    if level is not None and command in kind.disturbances:
        rows.level[number] = 0
    for place, step in enumerate(steps):
        if level is not None and step[:2] == level.after:
            rows.level[number] = sum(lasting[: place + 1])
