"""The limits of a run, and whether they are spent; the bench asks after every command."""

import math
from collections.abc import Callable, Collection, Iterator

from emulator.arguments import checked_kind
from emulator.bench_config import BudgetConfig
from emulator.commands import Spent
from emulator.errors import ConfigError, nearest
from emulator.meter import Meter
from emulator.peak import PeakWatch
from emulator.units import LAST_PS, PS_PER_S, ps_to_s, s_to_ps

__all__ = ["Budgets", "counted"]


class Budgets:
    """Compare a run with its ``config``; ``any`` tells whether there is a limit that a reply can spend.

    Where power is limited, ``peak`` is told what is drawn, by ``meter`` and by whoever serves commands. Raises
    ``ConfigError`` when ``config`` names a component that ``meter`` does not know, or limits nothing of them.
    """

    def __init__(self, config: BudgetConfig, meter: Meter) -> None:
        checked_kind("bench: budget", config, BudgetConfig, "a BudgetConfig, or None")
        self.any = (config.energy_j, config.peak_power_w, config.time_s, config.queries) != (None,) * 4
        self.peak: PeakWatch | None = None
        self._config = config
        self._meter = meter
        if config.components and config.energy_j is None and config.peak_power_w is None:
            raise ConfigError(
                "budget.components limits nothing by itself; give budget.energy_j or budget.peak_power_w, "
                "which count what it names"
            )
        self._counted = counted(config.components, meter.names)
        self._commands = 0
        self._most = math.inf if config.commands is None else config.commands
        self._at_once = 0
        self._most_at_once = config.commands_at_once
        self._now_ps = -1
        if config.peak_power_w is not None:
            self.peak = PeakWatch(config.peak_power_w, self._counted)
            meter.watch(self.peak)

    def ask(self, now_ps: int) -> str | None:
        """Count one more command of an agent, or return why there must be no more."""
        if now_ps != self._now_ps:
            self._now_ps, self._at_once = now_ps, 0
        if self._commands >= self._most:
            return f"budget.commands: {self._commands} of {self._most} commands spent"
        if self._at_once >= self._most_at_once:
            return (
                f"budget.commands_at_once: {self._at_once} commands in a row at {ps_to_s(now_ps):.6g} s, and no "
                "time passes"
            )
        self._commands += 1
        self._at_once += 1
        return None

    def excuse(self) -> None:
        """Uncount the last command: its agent waits for the outside, and cannot ask without end."""
        self._commands -= 1
        self._at_once = 0

    def spent(self, now_ps: int, queries: int, settled_ps: Callable[[], int]) -> str | None:
        """Return which limit is spent, or None.

        All that is drawn until ``settled_ps()`` has been told.
        """
        budget = self._config
        if budget.queries is not None and queries >= budget.queries:
            return f"budget.queries: {queries} of {budget.queries} queries spent"
        if budget.time_s is not None and now_ps >= budget.time_s * PS_PER_S:
            return f"budget.time_s: {ps_to_s(now_ps):.6g} of {budget.time_s:g} s spent"
        if budget.energy_j is not None and (drawn := self._drawn_j(now_ps)) >= budget.energy_j:
            return f"budget.energy_j: {drawn:.6g} of {budget.energy_j:g} J spent{self._whose()}"
        if self.peak is not None:
            self.peak.settle(settled_ps())
            if self.peak.exceeded_w is not None:
                power = (
                    f"{self.peak.exceeded_w:.6g} W drawn{self._whose()}, {budget.peak_power_w:g} W allowed"
                )
                return f"budget.peak_power_w: {power}"
        return None

    def last_until_ps(self, now_ps: int) -> int:
        """Return when a budget of time or energy is spent, if nothing but the present levels is drawn till then."""
        return min(self._instants(now_ps), default=LAST_PS) if self.any else LAST_PS

    def _instants(self, now_ps: int) -> Iterator[int]:
        budget = self._config
        if budget.time_s is not None:
            end_ps = s_to_ps(budget.time_s)
            yield end_ps if end_ps >= budget.time_s * PS_PER_S else end_ps + 1
        if budget.energy_j is not None and (power_w := self._meter.power_w(self._counted)):
            left_ps = (budget.energy_j - self._drawn_j(now_ps)) * PS_PER_S / power_w
            yield now_ps + max(1, min(LAST_PS, math.ceil(left_ps)))

    def account(self, now_ps: int, queries: int) -> Spent:
        """Return what has been spent, of what counts, and what is left."""
        budget, power_w, drawn_j = self._config, self._meter.power_w(self._counted), self._drawn_j(now_ps)
        time_ps = None if budget.time_s is None else s_to_ps(budget.time_s)
        return Spent(
            now_ps,
            queries,
            self._commands,
            drawn_j,
            power_w,
            None if time_ps is None else max(0, time_ps - now_ps),
            None if budget.queries is None else max(0, budget.queries - queries),
            None if budget.commands is None else max(0, budget.commands - self._commands),
            None if budget.energy_j is None else max(0.0, budget.energy_j - drawn_j),
            None if budget.peak_power_w is None else max(0.0, budget.peak_power_w - power_w),
        )

    def _drawn_j(self, now_ps: int) -> float:
        return self._meter.total_j(now_ps, self._counted)

    def _whose(self) -> str:
        return f" by {', '.join(self._config.components)}" if self._config.components else ""


def counted(components: Collection[str], known: Collection[str]) -> frozenset[str] | None:
    """Return which of the ``known`` components are meant by ``components``; None is all.

    A name means the component that has it, and all that stand below it: "chip" is "chip.laser" and its like.
    Raises ``ConfigError`` for a name that means none.
    """
    if not components:
        return None
    found: set[str] = set()
    for name in components:
        meant = {each for each in known if each == name or each.startswith(f"{name}.")}
        if not meant:
            names = dict.fromkeys(text for each in known for text in (each.partition(".")[0], each))
            hint = nearest(name, names)
            raise ConfigError(
                f"budget.components = {name!r} is no component of this bench{hint and f'; {hint}'}; allowed: "
                f"{', '.join(names)}"
            )
        found |= meant
    return frozenset(found)
