"""What a study needs before emulated time begins: data, a network, its deployment, the controller's setting."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from controllers.deployment import Deployment, deploy
from controllers.kind import DEPLOYMENT, Setting
from emulator.errors import ConfigError
from emulator.instruments.chip.config import ChipConfig
from emulator.physics.chip.converters import phase_step_rad
from emulator.streams import stream
from experiments.models.model import Model
from experiments.models.registry import draw_model
from experiments.run.preflight.needs import refuse_what_cannot_fit
from experiments.run.sections import DeploymentConfig
from experiments.run.study import Study
from experiments.tasks.pretraining import Pretrained, PretrainOptions, default_options, pretrain
from experiments.tasks.registry import build_task
from experiments.tasks.task import Task, TaskOptions

__all__ = ["Prepared", "TapedOut", "Trainer", "prepare", "task_of"]


@dataclass(frozen=True, slots=True, eq=False)
class TapedOut:
    """Hold a network that was trained electronically, and what became of it on a chip."""

    pretrained: Pretrained
    deployment: Deployment


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Hold the task, what the controller is given, and the network: taped out, or with its first weights."""

    task: Task
    setting: Setting
    taped_out: TapedOut | None = None
    model: Model | None = None

    @property
    def deployment(self) -> Deployment:
        """Return what was taped out; raises ``ConfigError`` when the controller tunes no chip."""
        return self._taped_out().deployment

    @property
    def pretrained(self) -> Pretrained:
        """Return the electronic network; raises ``ConfigError`` when there is none."""
        return self._taped_out().pretrained

    def _taped_out(self) -> TapedOut:
        if self.taped_out is None:
            raise ConfigError(
                f"task '{self.task.name}': nothing was deployed; the controller trains from scratch"
            )
        return self.taped_out


def task_of(study: Study) -> Task:
    """Return the task of ``study``; raises ``TaskError`` when it is unknown or its options do not fit."""
    t = study.task
    return build_task(
        TaskOptions(t.name, t.classes, t.split, study.task_seed, t.validation_fraction, t.hidden)
    )


Trainer = Callable[[Task, PretrainOptions, int], Pretrained]
"""What gives the weights of an electronic network: of a task, how to train, and a seed."""


def prepare(study: Study, train: Trainer = pretrain) -> Prepared:
    """Load the data; train a network and deploy it (or find it in the cache), or draw one with random weights.

    Raises ``ConfigError`` or ``TaskError`` for what cannot be, and for what would not fit in memory.
    """
    task = task_of(study)
    refuse_what_cannot_fit(study, task)
    setting = Setting(task.x_train, task.y_train, partial(stream, study.seed), loss=task.loss.of_tensors)
    if DEPLOYMENT in study.kind.needs:
        return _deployed(study, task, setting, train)
    weights = stream(study.seed, f"{study.kind.name}/weights")
    model = draw_model(study.task.model, task.layer_sizes, weights)
    return Prepared(task, replace(setting, model=model), model=model)


def _deployed(study: Study, task: Task, setting: Setting, train: Trainer) -> Prepared:
    if study.batch_size > len(task.x_train):
        raise ConfigError(
            f"controller.batch_size = {study.batch_size} is refused; task '{task.name}' has {len(task.x_train):,} "
            "samples to learn from"
        )
    chip, wanted = study.section(ChipConfig), study.section(DeploymentConfig)
    training = replace(
        default_options(study.task.name),
        sigma_max=chip.mesh.sigma_max,
        activation_clip=chip.activation_clip,
    )
    pretrained = train(task, training, study.task_seed)
    deployment = deploy(
        pretrained.weights,
        wanted.alpha,
        stream(study.seed, "deployment/active"),
        chip.mesh.sigma_max,
        chip.mesh.shape,
        chip.mesh.rotation,
        wanted.active_share,
    )
    setting = replace(
        setting,
        heaters=deployment.heaters,
        phases=deployment.phases[deployment.active],
        dac_step_rad=phase_step_rad(chip.dac.bits),
    )
    return Prepared(task, setting, TapedOut(pretrained, deployment))
