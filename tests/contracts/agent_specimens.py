"""Every agent in small, and how to talk to one; a new one joins ``SPECIMENS``. No test lives here."""

from itertools import islice
from typing import Any

from emulator.commands import Controller
from experiments.agents.disturb import DisturbOptions
from experiments.agents.kind import AgentKind, AgentOptions

__all__ = ["SPECIMENS", "conversation", "started"]

SPECIMENS: dict[str, AgentOptions] = {
    "disturb": DisturbOptions(kind="disturb", target="chip.dead", value=1.0, at_s=1e-3, every_s=2e-3),
}
"""Options of every agent; a new one joins here."""


def conversation(agent: Controller, reply: Any = None, most: int = 20) -> list[Any]:
    """Return the first commands of ``agent``, to each of which ``reply`` was given."""

    def commands() -> Any:
        yield next(agent)
        while True:
            try:
                yield agent.send(reply)
            except StopIteration:
                return

    return list(islice(commands(), most))


def started(kind: AgentKind) -> Controller:
    return kind.start(SPECIMENS[kind.name])
