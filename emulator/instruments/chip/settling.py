"""How settled heaters are when light comes, in words: for a run before it begins, and for a re-timing of one."""

import math
from collections.abc import Iterator
from typing import Final

from emulator.instruments.chip.config import ChipConfig
from emulator.units import format_si, ps_to_s, s_to_ps

__all__ = ["LEFT", "less_settled", "unsettled"]

LEFT: Final = 0.02
"""Share of a step of phase that may be still to come when light is sent: 2 %, reached after 3.9 time constants."""


def unsettled(chip: ChipConfig) -> Iterator[str]:
    """Yield that light comes before heaters have settled, if it does."""
    heaters = chip.heaters
    if heaters.dynamics != "dynamic":
        return
    constants = ps_to_s(_until_light_ps(chip)) / heaters.tau_s
    left = math.exp(-constants)
    if left > LEFT:
        yield (
            f"light comes {constants:.2g} time constants after phases change, with {100 * left:.2g} % of each step "
            f"still to come: chip.heaters.settle_s = {format_si(heaters.settle_s, 's')} is short for tau_s = "
            f"{format_si(heaters.tau_s, 's')}; '5 tau' leaves 0.7 %"
        )


def less_settled(old: ChipConfig, new: ChipConfig) -> Iterator[str]:
    """Yield that readings of ``old`` were of heaters that had more time than those of ``new`` would have."""
    if new.heaters.dynamics != "dynamic":
        return
    before_ps, after_ps = _until_light_ps(old), _until_light_ps(new)
    if after_ps < before_ps:
        yield (
            f"light comes {format_si(ps_to_s(after_ps), 's')} after phases change, and came "
            f"{format_si(ps_to_s(before_ps), 's')} after in the recording: heaters of tau "
            f"{format_si(new.heaters.tau_s, 's')} would have been read less settled; the recorded readings are kept"
        )


def _until_light_ps(chip: ChipConfig) -> int:
    """Return the time between new phases and light, upload apart."""
    return s_to_ps(chip.heaters.settle_s) + s_to_ps(chip.link.latency_s)
