"""A study: everything that defines one run, strict and frozen, from a TOML file and ``--set`` overrides."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from controllers.zeroth_order.szo_scd import SzoScdConfig
from emulator.chip_config import BudgetConfig, ChipConfig, ClockConfig, HostConfig, TraceConfig
from emulator.config import Name, PositiveInt, StrictModel, Tree, build, parse_toml, read_toml, with_overrides

__all__ = ["EvaluationConfig", "StudyConfig", "TaskConfig", "load_study", "study_from_text"]


class TaskConfig(StrictModel):
    """Choose the data set and how it is split."""

    name: Name = "mnist8x8"
    """Task: ``vowel``, ``mnist8x8`` or ``fashion8x8``."""
    classes: tuple[Annotated[int, Field(ge=0, le=1000)], ...] | None = None
    """Classes that are kept, in their new order; None is the task's default."""
    split: Name | None = None
    """How the set is split; None is the task's default."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    """Seed of the split and of pre-training; None is the study's seed."""
    validation_fraction: Annotated[float, Field(gt=0, le=0.5)] = 0.1
    """Part of the training set that is held out to choose the best state, (0, 0.5]."""


class EvaluationConfig(StrictModel):
    """Say when the observer measures accuracy, at no cost in emulated time or energy."""

    every_queries: PositiveInt | None = None
    """Queries between two evaluations; None is a two-hundredth of the controller's queries."""


class StudyConfig(StrictModel):
    """Define one run; ``seed`` fixes device spread, active set, batches, noise, split and pre-training."""

    title: Annotated[str, Field(max_length=200)] = ""
    """What the study is about, for people."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Seed of every random stream."""
    task: TaskConfig = TaskConfig()
    """Data set."""
    chip: ChipConfig = ChipConfig()
    """Instrument."""
    host: HostConfig = HostConfig()
    """Computer that runs the controller."""
    controller: SzoScdConfig = SzoScdConfig()
    """Algorithm."""
    evaluation: EvaluationConfig = EvaluationConfig()
    """Observer."""
    budget: BudgetConfig = BudgetConfig()
    """Limits."""
    trace: TraceConfig = TraceConfig()
    """Recording."""
    clock: ClockConfig = ClockConfig()
    """Virtual or real time."""

    @property
    def task_seed(self) -> int:
        """Return the seed of the split and of pre-training."""
        return self.seed if self.task.seed is None else self.task.seed

    @property
    def evaluate_every(self) -> int:
        """Return the queries between two evaluations."""
        return self.evaluation.every_queries or max(1, self.controller.queries // 200)


def load_study(path: Path | str, overrides: tuple[str, ...] = (), seed: int | None = None) -> StudyConfig:
    """Return the study in the TOML file ``path``, with overrides such as ``"controller.alpha=0.05"`` on top.

    Raises ``ConfigError`` naming file, key, value and what is allowed.
    """
    return _built(read_toml(path), str(path), overrides, seed)


def study_from_text(text: str, where: str = "study") -> StudyConfig:
    """Return the study in the TOML ``text``, such as a trace's embedded configuration."""
    return _built(parse_toml(text, where), where, (), None)


def _built(tree: Tree, where: str, overrides: tuple[str, ...], seed: int | None) -> StudyConfig:
    merged = with_overrides(tree, (*overrides, *([] if seed is None else [f"seed={seed}"])))
    return build(StudyConfig, merged, where)
