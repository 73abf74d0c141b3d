"""Where the energy went: the energy ledger, whose printed cells add up to the printed total."""

from collections.abc import Sequence

from emulator.trace.analysis.sums import sum_once
from experiments.compare.comparison import Contender
from experiments.report.markup import note, table
from experiments.report.numbers import PrintedColumn, Scale, adding_up, percentages, scale_for
from experiments.report.section import Section

__all__ = ["energy_section"]


def energy_section(contenders: Sequence[Contender]) -> Section:
    """Return the section: energy, share and mean power of each component, three columns a trace."""
    names = list(dict.fromkeys(name for one in contenders for name in one.energy_by_component_j))
    if not names:
        return Section(
            "energy", "Where the energy went", (note("No trace holds the power of any component."),)
        )
    largest = {name: max(one.energy_by_component_j.get(name, 0.0) for one in contenders) for name in names}
    names.sort(key=lambda name: -largest[name])
    head, columns = ["component"], list[list[str]]()
    for one in contenders:
        mark = f"{one.name}: " if len(contenders) > 1 else ""
        scale = scale_for(sum_once(one.energy_by_component_j.values()), "J")
        own = [name for name in names if name in one.energy_by_component_j]
        joules = [one.energy_by_component_j[name] for name in own]
        head += [f"{mark}energy ({scale.unit})", "share (%)"]
        printed = [adding_up(joules, scale), percentages(joules)]
        if one.elapsed_s:
            head.append("mean power (W)")
            printed.append(adding_up([amount / one.elapsed_s for amount in joules], Scale(1.0, "W")))
        columns += [_spread(column, own, names) for column in printed]
    *rows, foot = zip([*names, "total"], *columns, strict=True)
    ledger = table(head, rows, foot)
    words = (
        "Exact integrals of the recorded power, idle time included. Last digits are rounded so that each column "
        "adds up as printed."
    )
    return Section("energy", "Where the energy went", (ledger, note(words)))


def _spread(column: PrintedColumn, own: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return the cells of ``column``, one for each of ``own``, beside ``names``, and the total below."""
    cells = dict(zip(own, column.cells, strict=True))
    return [*(cells.get(name, "") for name in names), column.total]
