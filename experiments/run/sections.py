"""The sections of a study that belong to no instrument and to no controller."""

from typing import Annotated

from pydantic import Field

from controllers.deployment import ActiveShare
from emulator.config.models import Name, PositiveInt, StrictModel

__all__ = ["DeploymentConfig", "EvaluationConfig", "TaskConfig"]


class TaskConfig(StrictModel):
    """Choose the data set, how it is split, and the network that learns it."""

    name: Name = "mnist8x8"
    """Task: ``vowel``, ``mnist8x8``, ``fashion8x8``; to train from scratch also ``mnist`` or ``fashion``."""
    classes: tuple[Annotated[int, Field(ge=0, le=1000)], ...] | None = None
    """Classes that are kept, in their new order; None is the task's default."""
    split: Name | None = None
    """How the set is split; None is the task's default."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    """Seed of the split and of pre-training; None is the study's seed."""
    validation_fraction: Annotated[float, Field(gt=0, le=0.5)] = 0.1
    """Part of the training set that is held out to choose the best state, (0, 0.5]."""
    model: Name = "mlp"
    """Kind of network that is trained from scratch; weights for a chip are those of a network without biases."""
    hidden: tuple[Annotated[int, Field(ge=1, le=100_000)], ...] | None = None
    """Units of the hidden layers; None is the task's default."""


class DeploymentConfig(StrictModel):
    """Say which devices of a deployed network stay tunable; every controller gets the same ones."""

    alpha: Annotated[float, Field(gt=0, le=1)] = 0.15
    """Share of devices that are active, (0, 1]; the paper's alpha."""
    active_share: ActiveShare = "of_all"
    """Whether alpha counts all phases, Sigma included (the paper's alpha d), or rotators only."""


class EvaluationConfig(StrictModel):
    """Say when accuracy is measured, at no cost in emulated time or energy."""

    every_queries: PositiveInt | None = None
    """Queries between two evaluations; None is every epoch, or a two-hundredth of the queries without epochs."""
