"""The kinds of instrument that there are; a new one is its own folder and a line here."""

from collections.abc import Mapping

from emulator.arguments import checked_kind, checked_mapping
from emulator.errors import ConfigError, nearest
from emulator.instruments.chip.kind import KIND as CHIP
from emulator.instruments.gpu.kind import KIND as GPU
from emulator.instruments.host.config import HostConfig
from emulator.instruments.host.kind import KIND as HOST
from emulator.instruments.instrument import InstrumentKind, Lab, Stand, by_name
from emulator.instruments.opu.kind import KIND as OPU

__all__ = ["INSTRUMENTS", "placed", "with_host"]

INSTRUMENTS: Mapping[str, InstrumentKind] = by_name(CHIP, OPU, GPU, HOST)
"""Every kind by its name. Of those on a bench, the first counts the run's queries."""


def placed() -> Mapping[str, InstrumentKind]:
    """Return the kinds that a study may place on its bench, by name; the host is always there."""
    return {name: kind for name, kind in INSTRUMENTS.items() if kind is not HOST}


def with_host(lab: Lab) -> Lab:
    """Return ``lab`` with a host, its own or a default one; raises ``ConfigError`` for a kind that is not known."""
    checked_mapping(
        "bench: lab", lab, "a Stand by the name of each kind of instrument: {'chip': Stand(config, design)}"
    )
    unknown = [name for name in lab if name not in INSTRUMENTS]
    if unknown:
        raise ConfigError(
            f"bench: {unknown[0]!r} is no kind of instrument; {nearest(unknown[0], INSTRUMENTS)}; "
            f"known: {', '.join(INSTRUMENTS)}"
        )
    for name, stand in lab.items():
        checked_kind(f"bench: lab[{name!r}]", stand, Stand, "a Stand(config, design)")
        config = INSTRUMENTS[name].config
        checked_kind(f"bench: {name}'s config", stand.config, config, f"{config.__name__}")
    return lab if "host" in lab else {**lab, "host": Stand(HostConfig())}
