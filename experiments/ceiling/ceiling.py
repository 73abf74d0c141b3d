"""The ceiling of a study: what the exact gradient of its true chip reaches with the phases that are active.

An oracle's number, no controller's: it says how much of what is lost could be had back at all, by anybody. Found
once for a task, a chip, a deployment and a seed, it is kept beside the weights of trained networks.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from emulator.config.models import to_toml
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.chip.state import ChipCore
from emulator.streams import stream
from experiments.ceiling.oracle import STEPS, Oracle
from experiments.run.bench import design_of
from experiments.run.prepare import Prepared, prepare
from experiments.run.study import Study
from experiments.tasks.pretraining import reproducible
from experiments.tasks.weight_cache import cache_key, default_folder, read_weights, write_weights

__all__ = ["Ceiling", "ceiling_of", "ceilings_of"]

_RECIPE: Final = 1
"""Part of the cache's key: raise it whenever a change alters what the oracle finds."""


@dataclass(frozen=True)
class Ceiling:
    """Hold what the oracle reached on one chip, beside the electronic network and the chip as it was deployed.

    ``test`` and ``val`` are the task's ``metric`` in the state of least validation loss, read by the chip itself
    when it has settled; accuracies are fractions. ``active`` phases were tuned.
    """

    seed: int
    metric: str
    test: float
    val: float
    ideal: float
    deployed: float
    test_samples: int
    active: int


def _silent(step: int) -> None:
    del step


def ceiling_of(study: Study, told: Callable[[int], None] = _silent, steps: int = STEPS) -> Ceiling:
    """Return the ceiling of ``study``, whatever its controller; ``told`` hears of steps where it is not known yet.

    Raises ``ConfigError`` where there is no chip, and what ``prepare`` refuses.
    """
    chip = study.section(ChipConfig)
    with reproducible():
        prepared = prepare(study)
        design = design_of(prepared)
        oracle = Oracle(ChipCore(chip, design, study.seed), prepared.task)
        start = oracle.settled.radians
        key = _key(study, chip, prepared, steps)
        known = read_weights(default_folder(), key, ((1, start.size),))
        if known is None:
            rng = stream(study.seed, "ceiling/batches")
            known = (oracle.climb(rng, steps, told)[np.newaxis],)
            write_weights(default_folder(), key, known)
        found, before = oracle.scores(known[0][0]), oracle.scores(start)
    return Ceiling(
        study.seed,
        prepared.task.metric.name,
        found.test,
        found.val,
        prepared.pretrained.test_metric,
        before.test,
        len(prepared.task.x_test),
        start.size,
    )


def ceilings_of(
    study: Study, seeds: int, told: Callable[[int], None] = _silent, steps: int = STEPS
) -> tuple[Ceiling, ...]:
    """Return the ceilings of ``study`` with so many ``seeds``, from its own on; ``told`` hears all steps."""

    def one(number: int) -> Ceiling:
        other = study.model_copy(update={"seed": study.seed + number})
        return ceiling_of(other, lambda step: told(number * steps + step), steps)

    return tuple(one(number) for number in range(seeds))


def _key(study: Study, chip: ChipConfig, prepared: Prepared, steps: int) -> str:
    """Return the name of what is found: all that it depends on."""
    deployment = prepared.deployment
    made = hashlib.blake2b(deployment.phases.tobytes() + deployment.active.tobytes())
    for layer in deployment.layers:
        made.update(layer.signs.tobytes())
    task = prepared.task.digest()
    return cache_key("ceiling", _RECIPE, steps, study.seed, to_toml(chip), task, made.hexdigest())
