"""The plan of a command: what it occupies, for how long, and what that draws: the price of all that is served.

An instrument serves a plan, the recorder numbers it, the meter integrates it, a re-timing asks for it again under
other parameters, and a calibration differentiates it. Nothing else in the house knows what a command costs.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

__all__ = ["REMAINDER", "Plan", "Step", "Work"]

REMAINDER: Final = -1
"""Duration of the one step of a plan that takes what the others leave of the command's time."""

Work = tuple[tuple[str, int], ...]
"""What a command asks for, as (quantity, amount): enough to price it anew under other parameters."""


class Step(NamedTuple):
    """Say that ``resource`` does ``activity`` for ``ps``, while ``component`` draws ``watts`` above its idle level.

    ``held`` says whether the instrument is occupied meanwhile; the host's thought upon a reply does not hold it.
    """

    resource: str
    activity: str
    ps: int
    component: str = ""
    watts: float = 0.0
    held: bool = True


@dataclass(frozen=True)
class Plan:
    """Hold the steps of a command, one after the other from its start to its reply, and the work that it asks for.

    Steps that hold the instrument come first. A plan without steps lasts as long as its instrument says.
    """

    steps: tuple[Step, ...]
    work: Work = ()

    @cached_property
    def reply_ps(self) -> int:
        """Return the time from the command's start to its reply."""
        return sum(step.ps for step in self.steps)

    @cached_property
    def free_ps(self) -> int:
        """Return the time from the command's start until its instrument takes another one."""
        return sum(step.ps for step in self.steps if step.held)

    def until(self, resource: str, activity: str) -> int:
        """Return the time from the command's start to the first step of this name; raises ``ValueError``."""
        names = [step[:2] for step in self.steps]
        return sum(step.ps for step in self.steps[: names.index((resource, activity))])
