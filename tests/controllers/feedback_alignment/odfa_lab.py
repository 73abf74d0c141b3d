"""A small training for the tests of the agent, and the same in plain torch; no test lives here.

Networks and data are of double precision; light is of single precision, as it is on a bench.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from controllers.feedback_alignment.odfa import OdfaConfig, TrainingSet, odfa
from emulator.commands import Command, Controller
from emulator.streams import stream
from experiments.models.mlp import Mlp, mlp
from tests.controllers.feedback_alignment.canned_light import light, moves, play
from tests.controllers.feedback_alignment.plain_training import (
    Batches,
    PlainTraining,
    parameters_of,
    shuffled,
)

__all__ = [
    "BATCHES", "CLASSES", "EPOCHS", "HIDDEN", "IN_LIGHT_UNITS", "QUIET", "RATE", "SAMPLES", "SIZES", "Blocks",
    "agent", "batches", "distance", "medium", "network", "plain", "samples", "steps", "trained",
]  # fmt: skip

SIZES = (6, 5, 4, 3)
HIDDEN, CLASSES = SIZES[1:-1], SIZES[-1]
SAMPLES, BATCH, EPOCHS = 22, 8, 3
BATCHES = (8, 8, 6)
RATE = 0.03
QUIET: dict[str, Any] = {"align_every": None, "batch_size": BATCH, "epochs": EPOCHS, "learning_rate": RATE}
IN_LIGHT_UNITS = math.sqrt(2 / CLASSES)
"""Light's projections are scaled to the root mean square of the error: the variance of Re T is 1/2."""

Blocks = list[torch.nn.Module]


def network() -> Blocks:
    return [block.double() for block in mlp(SIZES, stream(0, "tests/odfa/weights"))]


def samples() -> TrainingSet:
    rng = stream(0, "tests/odfa/samples")
    x = torch.from_numpy(rng.standard_normal((SAMPLES, SIZES[0])))
    return TrainingSet(x, torch.from_numpy(rng.integers(CLASSES, size=SAMPLES)))


def medium(width: int = sum(HIDDEN)) -> NDArray[np.float32]:
    return stream(0, "tests/odfa/medium").standard_normal((CLASSES, width), dtype=np.float32)


def batches() -> Batches:
    return shuffled(*samples(), BATCH, EPOCHS, stream(0, "tests/odfa/batches"))


def agent(blocks: Blocks, **options: Any) -> Controller:
    return odfa(
        OdfaConfig(**{**QUIET, **options}),
        Mlp(SIZES, blocks),
        samples(),
        stream(0, "tests/odfa/batches"),
        stream(0, "tests/odfa/feedback"),
    )


def trained(lost: Sequence[int] = (), **options: Any) -> tuple[Blocks, list[Command]]:
    """Return the network after a training by canned light, and what was asked."""
    blocks = network()
    return blocks, play(agent(blocks, **options), light(medium(), lost))


def plain() -> PlainTraining:
    return PlainTraining(network(), RATE)


def distance(blocks: Blocks, other: Sequence[torch.Tensor]) -> float:
    """Return the largest difference between two networks' parameters."""
    pairs = zip(parameters_of(blocks), other, strict=True)
    return max((one - two).abs().max().item() for one, two in pairs)


def steps(asked: Sequence[Command]) -> list[str]:
    return [move for move in moves(asked) if not move.startswith("=")]
