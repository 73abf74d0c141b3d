"""What the commands of a recording cost under a configuration, plan by plan; it knows no row and no instant."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import ConfigError, TraceError
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.chip.timing import chip_steps
from emulator.instruments.host.host import compute_steps
from emulator.instruments.opu.config import OpuConfig
from emulator.instruments.opu.timing import patterns_of
from emulator.retiming.lab import Lab
from emulator.trace.plans import Step
from emulator.units import s_to_ps

__all__ = [
    "CHIP",
    "HOST",
    "INSTRUMENTS",
    "OPU",
    "PlanFacts",
    "PriceRows",
    "Prices",
    "price",
    "skipped_vectors",
]

INSTRUMENTS: Final = ("chip", "host", "opu")
CHIP, HOST, OPU = range(3)
"""Places in ``INSTRUMENTS``; chip and host serve one command at a time, an optical processing unit many."""

_SERVER: Final = {"set_phases": CHIP, "settle": CHIP, "forward": CHIP, "compute": HOST, "project": OPU}
_ASKED: Final = "asked"


class PlanFacts(NamedTuple):
    """Say what the commands of one plan are and ask for; ``activity`` is that of the plan's first step.

    ``used`` is how many commands there are.
    """

    kind: str
    activity: str
    work: Mapping[str, int]
    used: int


class PriceRows(NamedTuple):
    """Hold what a compiled pass needs of each plan, all (plans,): times in ps, ``server`` in ``INSTRUMENTS``.

    ``own`` marks commands that bring a duration of their own; ``think`` is what the agent waits after the reply.
    """

    duration: NDArray[np.int64]
    think: NDArray[np.int64]
    server: NDArray[np.uint8]
    own: NDArray[np.bool_]


class Prices(NamedTuple):
    """Hold the price of every plan; ``steps`` are empty where only the instrument can tell.

    ``patterns`` is how many patterns a projection sends.
    """

    rows: PriceRows
    steps: tuple[tuple[Step, ...], ...]
    patterns: tuple[int, ...]


def price(plans: Sequence[PlanFacts], lab: Lab) -> Prices:
    """Return what each of ``plans`` costs in ``lab``.

    Raises ``ConfigError`` when an instrument that was used does not stand there, or the parameters leave open what
    it would be asked, and ``TraceError`` for a kind of command that no instrument here serves.
    """
    count = len(plans)
    rows = PriceRows(
        np.zeros(count, dtype=np.int64),
        np.zeros(count, dtype=np.int64),
        np.zeros(count, dtype=np.uint8),
        np.zeros(count, dtype=np.bool_),
    )
    think_ps = s_to_ps(lab.host.overhead_s)
    steps: list[tuple[Step, ...]] = []
    patterns = [0] * count
    for number, facts in enumerate(plans):
        steps.append(())
        if not facts.used:
            continue
        if facts.kind not in _SERVER:
            known = ", ".join(_SERVER)
            raise TraceError(f"re-timing: the trace has commands of kind {facts.kind!r}; known: {known}")
        rows.server[number] = _SERVER[facts.kind]
        rows.think[number] = think_ps if facts.kind == "forward" else 0
        rows.own[number] = facts.kind == "settle" and facts.work[_ASKED] == 1
        if facts.kind == "project":
            patterns[number] = patterns_of(_opu(lab), facts.work["vectors"], facts.work["dark"])
        elif not rows.own[number]:
            steps[number] = _steps(facts, lab)
            rows.duration[number] = sum(step[2] for step in steps[number])
    return Prices(rows, tuple(steps), tuple(patterns))


def _steps(facts: PlanFacts, lab: Lab) -> tuple[Step, ...]:
    if facts.kind == "compute":
        return compute_steps(lab.host, facts.activity, facts.work)
    return chip_steps(_chip(lab), facts.kind, facts.work)


def skipped_vectors(work: Mapping[str, int], config: OpuConfig) -> int:
    """Return how many vectors of a projection send no frame."""
    return work["dark"] if config.skip_zero else 0


def _chip(lab: Lab) -> ChipConfig:
    if lab.chip is None:
        raise ConfigError("re-timing: the recorded commands are a chip's, and the configuration has no chip")
    return lab.chip


def _opu(lab: Lab) -> OpuConfig:
    if lab.opu is None or lab.opu_design is None:
        raise ConfigError(
            "re-timing: the recorded commands are an optical processing unit's, and the configuration has none"
        )
    return lab.opu
