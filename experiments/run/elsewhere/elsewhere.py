"""The bench of a run that stands elsewhere: called up before anything is prepared."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from emulator.errors import ConfigError
from emulator.instruments.instrument import InstrumentKind
from emulator.remote.client.dialect import Dialect
from emulator.remote.client.kinds import remote_kinds
from emulator.remote.client.link import Link
from emulator.remote.client.talk import Talk
from emulator.remote.client.wire import SocketWire, address_of
from experiments.run.study import Study

__all__ = ["Elsewhere", "called_up"]


class Elsewhere(NamedTuple):
    """Hold a talk with a bench that stands elsewhere."""

    talk: Talk

    @property
    def identity(self) -> str:
        """Return what the bench says of itself."""
        return self.talk.identity

    def kinds(self, study: Study) -> Mapping[str, InstrumentKind]:
        """Return what stands there, by name; raises ``ConfigError`` for a study that only an emulator can run."""
        if study.clock.mode != "virtual":
            raise ConfigError(
                f"clock.mode = {study.clock.mode!r} is refused with --bench, which has a time of its own; "
                "allowed: 'virtual'"
            )
        return remote_kinds(Link(self.talk))


@contextmanager
def called_up(url: str, dialect: Dialect) -> Iterator[Elsewhere]:
    """Talk to the bench at ``url`` while the block lasts; raises ``ConfigError`` and ``WireError``."""
    address, config = address_of(url), dialect.config.wire
    wire = SocketWire(address, config)
    try:
        talk = Talk(wire, dialect)
        wire.wait_for(config.answer_s)
        yield Elsewhere(talk)
        talk.close()
    finally:
        wire.close()
