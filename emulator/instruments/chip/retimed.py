"""What replays have to know of the chip beyond its plans: how its rows came about, and what their numbers are."""

from collections.abc import Iterator, Mapping
from typing import Final

from emulator.commands import Forward, Monitor, Probe, SetPhases, Settle
from emulator.instruments.again import Recorded
from emulator.instruments.chip.chip import HEATERS
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.chip.effects import EFFECTS
from emulator.instruments.chip.sequencing.resequence import LOOPS
from emulator.instruments.chip.settling import less_settled, unsettled
from emulator.instruments.chip.timing import LIGHTS, MONITOR
from emulator.instruments.retiming import Level, Retiming
from emulator.units import format_si

__all__ = ["RETIMING", "again"]

_SETTLING: Final = frozenset({"settle", "probe"})


def again(row: Recorded) -> SetPhases | Settle | Forward | Probe | Monitor:
    """Return the command that ``row`` was; for a Sequence's row one that sets what was set, and decides nothing."""
    if row.kind == "set_phases":
        return SetPhases(*row.setpoints())
    if row.kind == "settle":
        return Settle(row.lasted_ps if row.work.get("asked") else None)
    if row.kind == MONITOR:
        light = LIGHTS[row.work["light"]]
        return Monitor(light, row.batch(), row.vectors() if light == "adjoint" else None)
    return Probe(*row.setpoints(), row.batch()) if row.kind == "probe" else Forward(row.batch())


def _goes_on(work: Mapping[str, int]) -> bool:
    return work.get("sequencer", 0) == 1 and work["first"] == 0


def _power_ratio(old: ChipConfig, new: ChipConfig) -> float:
    return new.heaters.p_pi_w / old.heaters.p_pi_w


def _numbers(kind: str, value: float, result: float, held_ps: int, factor: float) -> tuple[float, float]:
    """Return a row's numbers: a settling's value is its duration, and a setting's result the heaters' power."""
    if kind == "settle":
        return float(held_ps), result
    return value, result * factor if kind == "set_phases" else result


def _cautions(old: ChipConfig, new: ChipConfig, kinds: frozenset[str]) -> Iterator[str]:
    yield from _totals(old, new)
    if kinds & _SETTLING:
        yield from less_settled(old, new)
        yield from unsettled(new)


def _totals(old: ChipConfig, new: ChipConfig) -> Iterator[str]:
    """Yield that powers which were recorded as totals do not follow the channels."""
    if (old.inputs.wavelengths, old.inputs.symbol_rate_hz) == (
        new.inputs.wavelengths,
        new.inputs.symbol_rate_hz,
    ):
        return
    for name, bank in (("inputs", new.inputs), ("receiver", new.receiver)):
        if bank.shared_power_w and not bank.power_w_per_channel and not bank.energy_j_per_symbol:
            yield (
                f"chip.{name} draws {format_si(bank.shared_power_w, 'W')} whatever its channels: all of it is "
                "shared_power_w, as old traces had it"
            )


RETIMING = Retiming(
    effects=EFFECTS,
    level=Level(HEATERS, ("dac", "update"), _power_ratio),
    goes_on=_goes_on,
    loops=LOOPS,
    numbers=_numbers,
    untold=frozenset({"link"}),
    cautions=_cautions,
)
