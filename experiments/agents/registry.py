"""The agents by name; adding one is one file and one line here."""

from collections.abc import Mapping

from experiments.agents import disturb
from experiments.agents.kind import AgentKind

__all__ = ["AGENTS"]

AGENTS: Mapping[str, AgentKind] = {kind.name: kind for kind in (disturb.KIND,)}
