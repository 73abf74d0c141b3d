"""A study: everything that defines one run, strict and frozen, from a TOML file and ``--set`` overrides."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from controllers.feedback_alignment.odfa import OdfaConfig
from controllers.zeroth_order.szo_scd import SzoScdConfig
from emulator.bench_config import BudgetConfig, ClockConfig, TraceConfig
from emulator.config.models import (
    Name,
    PositiveInt,
    StrictModel,
    Tree,
    build,
    parse_toml,
    read_toml,
    with_overrides,
)
from emulator.errors import ConfigError, nearest
from emulator.instruments.chip.config import ChipConfig
from emulator.instruments.host.config import HostConfig
from emulator.instruments.opu.config import OpuConfig

__all__ = [
    "CommonConfig",
    "EvaluationConfig",
    "Study",
    "StudyConfig",
    "TaskConfig",
    "TrainingConfig",
    "chip_study",
    "load_study",
    "study_from_text",
]


class TaskConfig(StrictModel):
    """Choose the data set and how it is split."""

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
    hidden: tuple[Annotated[int, Field(ge=1, le=100_000)], ...] | None = None
    """Units of the hidden layers; None is the task's default."""


class EvaluationConfig(StrictModel):
    """Say when the observer measures accuracy, at no cost in emulated time or energy."""

    every_queries: PositiveInt | None = None
    """Queries between two evaluations; None is a two-hundredth of the controller's queries."""


class CommonConfig(StrictModel):
    """Define what every run has; ``seed`` fixes all that is random in it."""

    title: Annotated[str, Field(max_length=200)] = ""
    """What the study is about, for people."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Seed of every random stream."""
    task: TaskConfig = TaskConfig()
    """Data set."""
    host: HostConfig = HostConfig()
    """Computer that runs the controller."""
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


class StudyConfig(CommonConfig):
    """Define the recovery of a chip; the seed fixes device spread, active set, batches, noise and pre-training."""

    chip: ChipConfig = ChipConfig()
    """Instrument."""
    controller: SzoScdConfig = SzoScdConfig()
    """Algorithm."""
    evaluation: EvaluationConfig = EvaluationConfig()
    """Observer."""

    @property
    def evaluate_every(self) -> int:
        """Return the queries between two evaluations."""
        return self.evaluation.every_queries or max(1, self.controller.queries // 200)


class TrainingConfig(CommonConfig):
    """Define training with light; the seed fixes the medium, first weights, batches and noise."""

    opu: OpuConfig = OpuConfig()
    """Instrument; it stands on the bench when the controller's feedback is optical."""
    controller: OdfaConfig = OdfaConfig()
    """Algorithm."""


Study = StudyConfig | TrainingConfig
"""What ``lightloop run`` takes: ``controller.kind`` says which."""

_KINDS: dict[str, type[StudyConfig] | type[TrainingConfig]] = {
    "szo_scd": StudyConfig,
    "odfa": TrainingConfig,
}

_OWNERS = {"chip": "szo_scd", "evaluation": "szo_scd", "opu": "odfa"}
"""Sections that make sense for one kind of controller only."""


def load_study(path: Path | str, overrides: tuple[str, ...] = (), seed: int | None = None) -> Study:
    """Return the study in the TOML file ``path``, with overrides such as ``"controller.alpha=0.05"`` on top.

    Raises ``ConfigError`` naming file, key, value and what is allowed.
    """
    return _built(read_toml(path), str(path), overrides, seed)


def study_from_text(text: str, where: str = "study", overrides: tuple[str, ...] = ()) -> Study:
    """Return the study in the TOML ``text``, such as a trace's embedded one, with ``overrides`` on top.

    An embedded study gives every key, and would hide a preset that an override names: the preset replaces the whole
    section.
    """
    tree = parse_toml(text, where)
    for path in (override.partition("=")[0].strip() for override in overrides):
        if path.endswith(".preset"):
            tree.pop(path.removesuffix(".preset"), None)
    return _built(tree, where, overrides, None)


def chip_study(study: Study) -> StudyConfig:
    """Return ``study`` where only the recovery of a chip makes sense; raises ``ConfigError`` for another."""
    if not isinstance(study, StudyConfig):
        raise ConfigError(
            f"controller.kind = {study.controller.kind!r} is refused here: it tunes no chip; allowed: 'szo_scd'"
        )
    return study


def _built(tree: Tree, where: str, overrides: tuple[str, ...], seed: int | None) -> Study:
    merged = with_overrides(tree, (*overrides, *([] if seed is None else [f"seed={seed}"])))
    section = merged.get("controller")
    kind = section.get("kind", "szo_scd") if isinstance(section, dict) else "szo_scd"
    if not isinstance(kind, str) or kind not in _KINDS:
        hint = nearest(str(kind), _KINDS)
        raise ConfigError(
            f"{where}: controller.kind = {str(kind)[:60]!r} is refused; allowed: one of "
            f"{', '.join(map(repr, _KINDS))}{hint and f'; {hint}'}"
        )
    for key, owner in _OWNERS.items():
        if key in merged and owner != kind:
            raise ConfigError(
                f"{where}: the section [{key}] is refused with controller.kind = {kind!r}; it belongs to {owner!r}"
            )
    return build(_KINDS[kind], merged, where)
