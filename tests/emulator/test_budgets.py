"""Budgets by component: power and energy of what is named, and of nothing else."""

import numpy as np
import pytest

from emulator.bench_config import BudgetConfig
from emulator.budgets import Budgets, counted
from emulator.commands import Compute, Controller, SetPhases
from emulator.errors import ConfigError
from emulator.meter import Meter
from tests.bench_lab import RESULT, SmallLab, queries, rows_of

KNOWN = ("chip.heaters", "chip.laser", "chip.dac", "host", "host.frames", "opu.box")


@pytest.mark.parametrize(
    ("components", "found"),
    [
        ((), None),
        (("chip",), {"chip.heaters", "chip.laser", "chip.dac"}),
        (("chip.laser",), {"chip.laser"}),
        (("host",), {"host", "host.frames"}),
        (("chip", "chip.dac", "opu"), {"chip.heaters", "chip.laser", "chip.dac", "opu.box"}),
    ],
)
def test_a_name_means_a_component_or_all_of_an_instrument(
    components: tuple[str, ...], found: set[str] | None
) -> None:
    assert counted(components, KNOWN) == found


@pytest.mark.parametrize(
    ("name", "hint"), [("chp", "'chip'"), ("chip.lasers", "'chip.laser'"), ("", ""), ("hosts", "'host'")]
)
def test_a_name_that_means_nothing_is_refused_with_the_nearest_one_and_all(name: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=r"budget\.components = .* is no component of this bench") as caught:
        counted((name,), KNOWN)
    assert hint in str(caught.value)
    assert "allowed: chip, chip.heaters, chip.laser, chip.dac, host, host.frames, opu, opu.box" in str(
        caught.value
    )


def test_components_without_a_limit_of_theirs_are_refused() -> None:
    with pytest.raises(ConfigError, match="limits nothing by itself"):
        Budgets(BudgetConfig(components=("chip",), time_s=3.0), Meter())


def test_one_component_may_be_given_without_a_list() -> None:
    assert BudgetConfig.model_validate({"components": "chip", "energy_j": 1.0}).components == ("chip",)


def test_a_bench_refuses_a_component_that_it_does_not_have(lab: SmallLab) -> None:
    with pytest.raises(ConfigError, match="did you mean 'chip'"):
        lab.unattended(budget=BudgetConfig(energy_j=1.0, components=("chop",)))


def test_the_host_does_not_count_where_the_chip_alone_is_limited(lab: SmallLab) -> None:
    """The host draws 40 to 100 W, the chip some watts and what its heaters draw."""

    def rising() -> Controller:
        for heater in range(10):
            yield Compute(10**6, 0)
            yield SetPhases([heater], [6.2])

    chip_w = lab.still_w("host")
    power = [chip_w + row[RESULT] for row in rows_of(lab.run(rising))[1::2]]
    assert power == sorted(power)
    limit = (power[3] + power[4]) / 2
    for components in (("chip",), ("chip", "chip.heaters")):
        outing = lab.run(rising, budget=BudgetConfig(peak_power_w=limit, components=components))
        assert outing.result.status == "budget"
        assert len(rows_of(outing)) == 10
        assert f"{power[4]:.6g} W drawn by {', '.join(components)}" in outing.result.reason
    rich = BudgetConfig(peak_power_w=power[-1] * 1.0001, components=("chip",))
    assert lab.run(rising, budget=rich).result.status == "complete"


@pytest.mark.parametrize("share", [0.2, 0.51, 0.93])
def test_energy_is_that_of_the_components_named(lab: SmallLab, share: float) -> None:
    free = lab.run(lambda: queries(12)).result.energy_by_component_j
    for name in ("host", "chip.heaters", "chip"):
        whole = sum(joules for each, joules in free.items() if each == name or each.startswith(f"{name}."))
        budget = BudgetConfig(energy_j=share * whole, components=(name,))
        result = lab.run(lambda: queries(12), budget=budget).result
        spent = sum(
            joules
            for each, joules in result.energy_by_component_j.items()
            if each == name or each.startswith(f"{name}.")
        )
        assert result.status == "budget"
        assert f"J spent by {name}" in result.reason
        assert budget.energy_j is not None
        assert budget.energy_j <= spent < budget.energy_j + whole / 12


def test_what_is_left_is_never_below_nothing() -> None:
    meter = Meter()
    meter.component("chip.laser", 2.0)
    budgets = Budgets(BudgetConfig(energy_j=1.0, peak_power_w=1.0, time_s=0.5, queries=1), meter)
    left = budgets.account(10**12, 3)[5:]
    assert np.array_equal([value for value in left if value is not None], np.zeros(4))
