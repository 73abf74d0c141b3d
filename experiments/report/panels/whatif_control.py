"""Sliders that stretch the recorded run in the reader's hands: an estimate, made in the page, of time and energy.

With factors f on spans and g on components the page shows T = sum_s f_s t_s and E = sum_s f_s sum_c g_c E_sc,
where E_sc is what component c drew while span s ran (``analysis.attribution``). The recorded readings and
choices are kept; nothing is simulated anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from emulator.trace.analysis.attribution import Attribution
from emulator.trace.analysis.ledger import IDLE
from experiments.compare.comparison import Contender
from experiments.report.markup import Markup, element, join, note, text
from experiments.report.section import Section

__all__ = ["Stretched", "whatif_section"]

_SMALLEST_SHARE: Final = 0.005
"""Share of some run's time or energy below which a part gets no slider."""

_FIXED: Final = -1


@dataclass(frozen=True)
class Stretched:
    """One run for the page's script: each span's time and energies, and the number of its slider (-1: none)."""

    time_s: tuple[float, ...]
    energy_j: tuple[tuple[float, ...], ...]
    time_slider: tuple[int, ...]
    power_slider: tuple[int, ...]


def whatif_section(
    contenders: Sequence[Contender], attributions: Sequence[Attribution]
) -> tuple[Section, tuple[Stretched, ...]]:
    """Return the section and the runs for its script; none when no run took time."""
    if not any(one.elapsed_s for one in contenders):
        nothing = note("No run took emulated time: there is nothing to stretch.")
        return Section("what-if", "What if", (nothing,)), ()
    resources = _worth_a_slider([_time_by_resource(one) for one in attributions])
    components = _worth_a_slider([_energy_by_component(one) for one in attributions])
    runs = tuple(_stretched(one, resources, components) for one in attributions)
    controls = element(
        "div",
        join(
            (
                _column("Time, as a multiple of what was recorded", "time", resources, 0),
                _column("Power, as a multiple of what was recorded", "power", components, len(resources)),
            )
        ),
        class_="sliders",
    )
    parts = (note(_words(attributions)), controls, _reset(), _table(contenders))
    return Section("what-if", "What if", parts), runs


def _time_by_resource(one: Attribution) -> dict[str, float]:
    amounts: dict[str, float] = {}
    for name, seconds in zip(one.spans, one.time_s.tolist(), strict=True):
        resource = _resource(name)
        amounts[resource] = amounts.get(resource, 0.0) + (0.0 if name == IDLE else seconds)
    return amounts


def _energy_by_component(one: Attribution) -> dict[str, float]:
    return dict(zip(one.components, one.energy_j.sum(axis=0).tolist(), strict=True))


def _worth_a_slider(amounts: Sequence[dict[str, float]]) -> tuple[str, ...]:
    """Return the names that hold a share of some run worth moving, the greatest share first."""
    share: dict[str, float] = {}
    for one in amounts:
        total = sum(one.values())
        for name, amount in one.items():
            share[name] = max(share.get(name, 0.0), amount / total if total > 0 else 0.0)
    return tuple(
        sorted((name for name in share if share[name] >= _SMALLEST_SHARE), key=lambda name: -share[name])
    )


def _resource(span: str) -> str:
    return span.partition(".")[0]


def _stretched(one: Attribution, resources: Sequence[str], components: Sequence[str]) -> Stretched:
    of_time = {name: number for number, name in enumerate(resources)}
    of_power = {name: number + len(resources) for number, name in enumerate(components)}
    return Stretched(
        tuple(one.time_s.tolist()),
        tuple(map(tuple, one.energy_j.tolist())),
        tuple(_FIXED if name == IDLE else of_time.get(_resource(name), _FIXED) for name in one.spans),
        tuple(of_power.get(name, _FIXED) for name in one.components),
    )


def _column(title: str, kind: str, names: Sequence[str], first: int) -> Markup:
    rows = [_slider(f"{name} {kind}", number) for number, name in enumerate(names, start=first)]
    return element("fieldset", join((element("legend", text(title)), *rows)))


def _slider(label: str, number: int) -> Markup:
    """Return a slider over the decades from 0.1 to 10; its value is the logarithm of the factor."""
    name = f"whatif-slider-{number}"
    parts = (
        element("label", text(label), for_=name),
        element(
            "input", id=name, type="range", min="-1", max="1", step="0.01", value="0", data_whatif=str(number)
        ),
        element("output", "1.00 ×", id=f"whatif-factor-{number}", for_=name),
    )
    return element("div", join(parts), class_="slider")


def _reset() -> Markup:
    return element("p", element("button", "Back to what was recorded", id="whatif-reset", type="button"))


def _table(contenders: Sequence[Contender]) -> Markup:
    head = join(
        element("th", text(title))
        for title in (
            "run",
            "time, recorded",
            "time, estimated",
            "ratio",
            "energy, recorded",
            "energy, estimated",
            "ratio",
            "energy × delay, ratio",
        )
    )
    rows = join(
        element("tr", join((element("td", text(one.name)), *_cells(number))))
        for number, one in enumerate(contenders)
    )
    body = join((element("thead", element("tr", head)), element("tbody", rows)))
    return element("div", element("table", body, class_="numbers"), class_="wide")


def _cells(number: int) -> list[Markup]:
    fields = ("time-recorded", "time", "time-ratio", "energy-recorded", "energy", "energy-ratio", "edp-ratio")
    return [element("td", id=f"whatif-{field}-{number}") for field in fields]


def _words(attributions: Sequence[Attribution]) -> str:
    words = (
        "An estimate that keeps the recorded readings and choices: each instant is stretched by the factor of its "
        "span, at the power recorded then; that of a heater is proportional to P_π. It does not know that a chip "
        "read before it has settled answers otherwise, nor what would overlap in another order of events: "
        "“lightloop whatif” re-times the run."
    )
    if not all(one.measured for one in attributions):
        words += " Of a trace of detail “summary” only each component’s mean power is known, and used here."
    return words
