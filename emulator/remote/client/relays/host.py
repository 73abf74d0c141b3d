"""The host of a bench at the end of a wire: it is paid there, or by the wall clock."""

from collections.abc import Mapping

from emulator.commands import Compute, Computed, Reply
from emulator.errors import CommandError, DivergedError
from emulator.instruments.instrument import Rows, Setting
from emulator.remote.client.link import Link
from emulator.remote.client.phrases import Values
from emulator.remote.client.relays.relay import PREFIX, Relay, Told

__all__ = ["RemoteHost"]


class RemoteHost(Relay):
    """Pass on what computing costs to a host elsewhere; ``design`` it has none."""

    resource = "host"
    kinds: Mapping[type, str] = {Compute: f"{PREFIX}compute"}
    counts: Mapping[str, str] = {f"{PREFIX}compute": ""}

    def __init__(self, link: Link, design: None, setting: Setting) -> None:
        del design
        super().__init__(link, setting)

    def expect(self, command: Compute) -> None:
        """Raise ``CommandError`` for what is no work."""
        for name, amount in (("flops", command.flops), ("bytes", command.bytes)):
            if type(amount) is not int or amount < 0:
                raise CommandError(f"Compute: {name}={amount!r} is no whole number of at least 0")

    def perform(self, command: Compute, start_ps: int) -> tuple[Reply | DivergedError, Rows]:
        """Have ``command`` paid for elsewhere; without words for it, it costs what this computer takes."""
        if self.link.speaks(Compute):
            return super().perform(command, start_ps)
        self.queries += 1
        return Computed(0), self._row(command, Told(), self.link.mark, self.link.mark)

    def values(self, command: Compute) -> Values:
        """Return how much is computed, and what for."""
        return {"flops": command.flops, "bytes": command.bytes, "activity": command.activity}

    def told(self, command: Compute, reply: Computed) -> Told:
        """Count a computation."""
        del command, reply
        self.queries += 1
        return Told()

    def activity(self, command: Compute) -> str:
        """Return what the agent computes for."""
        return command.activity
