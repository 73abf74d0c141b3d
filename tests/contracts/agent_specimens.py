"""Every agent in small, and how to talk to one; a new one joins ``SPECIMENS``. No test lives here."""

from itertools import islice
from typing import Any

from emulator.commands import Controller
from emulator.streams import stream
from experiments.agents.disturb import DisturbOptions
from experiments.agents.fault_plan import FaultPlanOptions
from experiments.agents.faults.registry import FAULTS
from experiments.agents.kind import AgentKind, AgentOptions, Scene
from experiments.agents.registry import AGENTS

__all__ = ["HIDDEN", "SPECIMENS", "conversation", "started"]

HIDDEN = {
    **{f"chip.{state}": (3, 5, 7) for state in ("dead", "gamma", "stuck", "channel")},
    **{f"chip.{state}": (0, 1, 2, 3) for state in ("responsivity", "offset")},
    **{f"chip.{state}": () for state in ("laser", "laser_noise", "substrate", "link")},
    **{
        f"opu.{state}": ()
        for state in ("correlation", "laser", "laser_noise", "torn", "missed", "trigger", "link")
    },
    "opu.responsivity": tuple(range(9)),
}
"""A bench on which everything may break."""

SPECIMENS: dict[str, AgentOptions] = {
    "disturb": DisturbOptions(kind="disturb", target="chip.dead", value=1.0, at_s=1e-3, every_s=2e-3),
    "fault_plan": FaultPlanOptions(kind="fault_plan", count=4),
    **{
        name: kind.options.model_validate({"kind": name, "at_s": 1e-3, "until_s": 0.5})
        for name, kind in FAULTS.items()
    },
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
    """Return the first agent that the specimen of ``kind`` comes to on a bench on which everything may break."""
    entry = kind.resolve(SPECIMENS[kind.name], Scene(HIDDEN, stream(0, "tests/agents")))[0]
    return AGENTS[entry.kind].start(entry)
