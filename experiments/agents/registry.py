"""The agents by name; adding one is one file and one line here."""

from collections.abc import Mapping

from experiments.agents import disturb, fault_plan
from experiments.agents.faults.registry import FAULTS
from experiments.agents.kind import AgentKind

__all__ = ["AGENTS"]

AGENTS: Mapping[str, AgentKind] = {
    kind.name: kind for kind in (disturb.KIND, *FAULTS.values(), fault_plan.KIND)
}
"""Every agent that a study may have."""
