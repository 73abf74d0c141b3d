"""Second agents for a bench whose first one tunes the chip: one that queries it as well, one that only wakes up."""

from collections.abc import Generator, Mapping
from typing import Any

from emulator.commands import Command, Controller, Probe, Settle, Wait

__all__ = ["beside_querier", "beside_sleeper"]

_WAKES_EVERY_PS = 10_000_000


def beside_querier(first: Controller) -> Mapping[str, Controller]:
    """Return ``first`` and an agent that probes the first one's heaters, on the batch that lies on the chip.

    Another batch would have to be brought each time the agents alternate; that is the chip's cost and not theirs.
    """
    asked: list[Probe] = []

    def watched() -> Controller:
        reply: Any = None
        while True:
            command = first.send(reply)
            if type(command) is Probe:
                asked[:] = [command]
            reply = yield command

    def querier() -> Controller:
        while not asked:
            yield Settle()
        while True:
            yield asked[0]

    return {"szo_scd": watched(), "querier": querier()}


def beside_sleeper(first: Controller) -> Mapping[str, Controller]:
    """Return ``first`` and an agent that does nothing, every 10 us."""

    def sleeper() -> Generator[Command, Any, None]:
        now_ps = 0
        while True:
            now_ps += _WAKES_EVERY_PS
            yield Wait(now_ps)

    return {"szo_scd": first, "sleeper": sleeper()}
