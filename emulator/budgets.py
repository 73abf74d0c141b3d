"""The limits of a run, and whether they are spent; the bench asks after every command."""

from collections.abc import Callable

from emulator.bench_config import BudgetConfig
from emulator.meter import Meter
from emulator.peak import PeakWatch
from emulator.units import PS_PER_S, ps_to_s

__all__ = ["Budgets"]


class Budgets:
    """Compare a run with its ``config``; ``any`` tells whether there is a limit at all.

    Where power is limited, ``peak`` is told what is drawn, by ``meter`` and by whoever serves commands.
    """

    def __init__(self, config: BudgetConfig, meter: Meter) -> None:
        self.any = any(limit is not None for limit in config.model_dump().values())
        self.peak: PeakWatch | None = None
        self._config = config
        self._meter = meter
        if config.peak_power_w is not None:
            self.peak = PeakWatch(config.peak_power_w)
            meter.watch(self.peak)

    def spent(self, now_ps: int, queries: int, settled_ps: Callable[[], int]) -> str | None:
        """Return which limit is spent, or None.

        All that is drawn until ``settled_ps()`` has been told.
        """
        budget = self._config
        if budget.queries is not None and queries >= budget.queries:
            return f"budget.queries: {queries} of {budget.queries} queries spent"
        if budget.time_s is not None and now_ps >= budget.time_s * PS_PER_S:
            return f"budget.time_s: {ps_to_s(now_ps):.6g} of {budget.time_s:g} s spent"
        if budget.energy_j is not None and (drawn := self._meter.total_j(now_ps)) >= budget.energy_j:
            return f"budget.energy_j: {drawn:.6g} of {budget.energy_j:g} J spent"
        if self.peak is not None:
            self.peak.settle(settled_ps())
            if self.peak.exceeded_w is not None:
                power = f"{self.peak.exceeded_w:.6g} W drawn, {budget.peak_power_w:g} W allowed"
                return f"budget.peak_power_w: {power}"
        return None
