"""The bench of a run that stands elsewhere, in one place or several: called up before anything is prepared."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from emulator.commands import Batch
from emulator.errors import ConfigError
from emulator.instruments.instrument import InstrumentKind
from emulator.remote.client.dialect import DEFAULT, Dialect, load_dialect
from emulator.remote.client.kinds import remote_kinds
from emulator.remote.client.link import Link
from emulator.remote.client.talk import Talk
from emulator.remote.client.wire import SocketWire, address_of
from experiments.run.study import Study

__all__ = ["Elsewhere", "Place", "called_up", "places_of"]


class Place(NamedTuple):
    """Say where an instrument is, ``tcp://host:port``, and in which words it is spoken to."""

    url: str
    dialect: Dialect


class Elsewhere(NamedTuple):
    """Hold the talks with the instruments of a bench that stands elsewhere."""

    talks: tuple[Talk, ...]

    @property
    def identity(self) -> str:
        """Return what the bench says of itself, instrument by instrument."""
        return "; ".join(talk.identity for talk in self.talks)

    def cautions(self, study: Study) -> tuple[str, ...]:
        """Return what to keep in mind of this bench."""
        if "chip" not in study.standing() or any(Batch in talk.dialect.commands for talk in self.talks):
            return ()
        return (
            "no dialect has words for Batch: nothing brings the study's samples to the chip, and every reading is "
            "of the light that the laboratory lets in",
        )

    def kinds(self, study: Study) -> Mapping[str, InstrumentKind]:
        """Return what stands there, by name; raises ``ConfigError`` for a study that only an emulator can run."""
        if study.clock.mode != "virtual":
            raise ConfigError(
                f"clock.mode = {study.clock.mode!r} is refused with --bench, which has a time of its own; "
                "allowed: 'virtual'"
            )
        return remote_kinds(Link(*self.talks))


def places_of(urls: Sequence[str], dialects: Sequence[str]) -> tuple[Place, ...]:
    """Return the places of ``urls``, each spoken to in its own of the ``dialects``, or all in the default one.

    Raises ``ConfigError`` for a dialect that cannot be read, and where there are not as many of both.
    """
    if dialects and len(dialects) != len(urls):
        raise ConfigError(
            f"--dialect is said {len(dialects)} times and --bench {len(urls)} times; allowed: one for each, in the "
            f"same order, or none, which is {DEFAULT}"
        )
    read = [load_dialect(name) for name in dialects] or [load_dialect()] * len(urls)
    return tuple(Place(url, dialect) for url, dialect in zip(urls, read, strict=True))


@contextmanager
def called_up(*places: Place) -> Iterator[Elsewhere]:
    """Talk to the bench at ``places`` while the block lasts; raises ``ConfigError`` and ``WireError``."""
    addresses = [address_of(place.url) for place in places]
    with ExitStack() as wires:
        talks: list[Talk] = []
        for address, (_, dialect) in zip(addresses, places, strict=True):
            wire = SocketWire(address, dialect.config.wire)
            wires.callback(wire.close)
            talks.append(Talk(wire, dialect))
            wire.wait_for(dialect.config.wire.answer_s)
        yield Elsewhere(tuple(talks))
        for talk in talks:
            talk.close()
