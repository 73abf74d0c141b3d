"""Faults of the links between host and instruments: late packets, lost packets."""

from collections.abc import Callable, Iterator
from typing import Annotated, Final, Literal

from pydantic import Field

from emulator.commands import Disturb
from emulator.physics.link import exponential_delay_s, losses_in_a_row
from emulator.streams import stream
from emulator.units import s_to_ps
from experiments.agents.faults.fault import Gradual, Period, Timed, fault_kind, ticks

__all__ = ["KINDS"]

_LONGEST_S: Final = 9e6

Seed = Annotated[int, Field(ge=0, lt=2**63)]


class LinkJitter(Gradual):
    """Hold the link now and then for a random time, as other traffic does."""

    kind: Literal["link_jitter"]
    """Which agent this entry configures."""
    instrument: Literal["chip", "opu"] = "chip"
    """Whose link."""
    mean_s: Period = 100e-6
    """Mean time for which it is held, exponentially distributed, in seconds, (0, 9e6]; assumed."""
    seed: Seed = 0
    """Draws the times."""


class LinkLoss(Gradual):
    """Lose packets, which are sent again after a while; every ``every_s`` there is one at risk."""

    kind: Literal["link_loss"]
    """Which agent this entry configures."""
    instrument: Literal["chip", "opu"] = "chip"
    """Whose link."""
    probability: Annotated[float, Field(ge=0, lt=1)] = 0.01
    """Share of packets that are lost, [0, 1); assumed."""
    timeout_s: Period = 1e-3
    """Time after which a lost packet is sent again, in seconds, (0, 9e6]; assumed."""
    seed: Seed = 0
    """Draws which are lost."""


def _held(options: LinkJitter | LinkLoss, time_s: Callable[[float], float]) -> Iterator[Timed]:
    """Yield for how long the link is held, where that is more than nothing."""
    rng, target = stream(options.seed, f"agents/{options.kind}"), f"{options.instrument}.link"
    for at_s in ticks(options):
        held_s = min(time_s(float(rng.random())), _LONGEST_S)
        if held_s > 0.0:
            yield s_to_ps(at_s), Disturb(target, held_s)


def _jitter(options: LinkJitter) -> Iterator[Timed]:
    return _held(options, lambda share: exponential_delay_s(share, options.mean_s))


def _loss(options: LinkLoss) -> Iterator[Timed]:
    return _held(options, lambda share: options.timeout_s * losses_in_a_row(share, options.probability))


KINDS = (
    fault_kind(
        LinkJitter, "chip.link", "a link is held by other traffic", _jitter,
        lambda rng, horizon_s: {
            "every_s": horizon_s / 50, "mean_s": horizon_s / 500,
            "seed": int(rng.integers(2**31)),
        },
    ),
    fault_kind(
        LinkLoss, "chip.link", "a link loses packets", _loss,
        lambda rng, horizon_s: {
            "every_s": horizon_s / 50, "timeout_s": horizon_s / 100,
            "probability": float(rng.uniform(0.0, 0.2)), "seed": int(rng.integers(2**31)),
        },
    ),
)  # fmt: skip
"""The faults of links."""
