"""The kinds of instrument of a bench whose instruments stand elsewhere, at the end of a wire."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from emulator.errors import ConfigError
from emulator.instruments.chip.kind import KIND as CHIP
from emulator.instruments.host.kind import KIND as HOST
from emulator.instruments.instrument import Instrument, InstrumentKind, Setting, Stand
from emulator.instruments.opu.kind import KIND as OPU
from emulator.instruments.registry import INSTRUMENTS
from emulator.remote.client.link import Link
from emulator.remote.client.relays.chip import RemoteChip
from emulator.remote.client.relays.host import RemoteHost
from emulator.remote.client.relays.opu import RemoteOpu

__all__ = ["RELAYS", "remote_kinds"]

RELAYS: Final[Mapping[str, type[RemoteChip] | type[RemoteOpu] | type[RemoteHost]]] = {
    CHIP.name: RemoteChip,
    OPU.name: RemoteOpu,
    HOST.name: RemoteHost,
}
"""Who passes on what is asked of each kind."""


def remote_kinds(link: Link) -> Mapping[str, InstrumentKind]:
    """Return every kind by its name, as it stands at the end of ``link``; nothing hidden can be changed there.

    A bench of a kind that nobody passes commands on to raises ``ConfigError``.
    """
    return {name: _remote(kind, link) for name, kind in INSTRUMENTS.items()}


def _remote(kind: InstrumentKind, link: Link) -> InstrumentKind:
    relay: Any = RELAYS.get(kind.name)
    if relay is None:
        return replace(kind, check=_refused(kind.name))

    def build(stand: Stand, setting: Setting) -> Instrument:
        built: Instrument = relay(link, stand.design, setting)
        return built

    return replace(
        kind,
        commands=relay.kinds,
        counts=relay.counts,
        build=build,
        idle_w=_no_power,
        check=_never_refused,
        disturbs={},
    )


def _no_power(stand: Stand) -> Mapping[str, float]:
    del stand
    return {}


def _refused(name: str) -> Callable[[Stand, Any], None]:
    def check(stand: Stand, host: Any) -> None:
        del stand, host
        raise ConfigError(f"{name} is refused at the end of a wire; allowed there: {', '.join(RELAYS)}")

    return check


def _never_refused(stand: Stand, host: Any) -> None:
    del stand, host
