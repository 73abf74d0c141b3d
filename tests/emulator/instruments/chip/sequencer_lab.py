"""A chip read and decided upon in no time, and Sequences for it; no test lives here."""

from typing import Any, Literal

import numpy as np

from emulator.commands import (
    Batch,
    Controller,
    Descent,
    Sequence,
)
from emulator.instruments.chip.chip import Chip
from emulator.instruments.chip.config import (
    ChipConfig,
    HeaterConfig,
    LinkConfig,
    ReceiverConfig,
    SequencerConfig,
)
from emulator.streams import stream
from tests.bench_lab import (
    HASTY_HOST,
    KIND,
    SIZES,
    STARTED,
    Outing,
    SmallLab,
    rows_of,
)

Rule = Literal["step_back", "three_point", "best_of_both"]

AT_HAND = LinkConfig(latency_s=0.0).model_copy(update={"rate_bit_per_s": 1e30})
"""A link without delay: whoever decides is as near as the sequencer."""

BESIDE = ChipConfig(
    heaters=HeaterConfig(omega=0.02, settle_s=2e-6),
    link=AT_HAND,
    sequencer=SequencerConfig(decision_s=0.0, power_w=0.0),
    receiver=ReceiverConfig(averages=4),
)
NEAR = SmallLab(BESIDE, HASTY_HOST, active=0.6)
"""A noisy chip with heaters that take their time, read and decided upon in no time."""


def labelled(key: int, samples: int = 12) -> Batch:
    rng = stream(key, "tests/sequencer")
    return Batch(key, rng.random((samples, SIZES[0])), rng.integers(SIZES[-1], size=samples))


def told(outing: Outing) -> list[tuple[Any, ...]]:
    """Return of every row what does not depend on who decides: kind, times, target, value, result."""
    names = outing.rows.names["commands.kind"]
    return [(names[row[KIND]], *row[STARTED:]) for row in rows_of(outing)]


def visits(
    rule: Rule,
    number: int = 8,
    queries: int = 1000,
    seed: int = 0,
    step_rad: float = 0.4,
    lab: SmallLab = NEAR,
) -> Sequence:
    """Return a Sequence that visits ``number`` active heaters, some of which may not step back."""
    core = lab.bench().instrument(Chip).core
    rng = stream(seed, "tests/sequences")
    heaters = rng.choice(np.flatnonzero(core.design.active), number, replace=False)
    home = core.driven_phases()[heaters]
    decide = Descent(rule, home - step_rad, home, rng.random(number) < 0.3, queries)
    return Sequence(heaters[:, np.newaxis], (home + step_rad)[:, np.newaxis], labelled(1), decide)


def asking(found: list[Any], *commands: Any) -> Controller:
    for command in commands:
        reply = yield command
        found.append(reply)


def blind(number: int, key: int = 1) -> Sequence:
    heaters = np.arange(number)[:, np.newaxis]
    return Sequence(heaters, np.linspace(1.0, 2.0, number)[:, np.newaxis], labelled(key))
