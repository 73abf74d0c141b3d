"""What a study needs before emulated time begins: data, a network, its deployment, the controller's setting."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from controllers.data_sheet import DataSheet
from controllers.deployment import Deployment, deploy
from controllers.kind import DEPLOYMENT, WORKLOAD, Setting
from data.own import read_bytes, sought
from data.sets import FloatArray
from emulator.errors import ConfigError
from emulator.instruments.chip.config import ChipConfig
from emulator.physics.chip.converters import phase_step_rad
from emulator.streams import stream
from experiments.models import mlp
from experiments.models.cnn import CNN
from experiments.models.deployable import Reach, deployable
from experiments.models.model import Model
from experiments.models.registry import MODELS, draw_model, model_kind
from experiments.models.weights import folded, read_weights
from experiments.run.preflight.needs import refuse_what_cannot_fit
from experiments.run.preflight.timed import nothing, timed_setting
from experiments.run.sections import FOLDERS, MATRIX, OWN, DeploymentConfig
from experiments.run.study import Study
from experiments.tasks.brought.own import checked_digest
from experiments.tasks.pretraining import Pretrained, PretrainOptions, default_options, pretrain
from experiments.tasks.registry import build_task
from experiments.tasks.task import FileOptions, Task, TaskOptions

__all__ = [
    "Prepared",
    "TapedOut",
    "Trainer",
    "prepare",
    "recorded",
    "refuse_early",
    "sheet_of",
    "task_of",
]

_MESH_MODELS: Final = (mlp.KIND.name, CNN)
"""The kinds of network that a chip of meshes may be."""


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
    notes: tuple[str, ...] = ()
    """What was done to what the user brought, in words."""
    weights_digest: str | None = None
    """SHA-256 of the file that the weights came from."""
    learns: bool = True
    """Whether there is anything to learn and to measure."""

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
    return _task(study, _brought(study))


Trainer = Callable[[Task, PretrainOptions, int], Pretrained]
"""What gives the weights of an electronic network: of a task, how to train, and a seed."""


def prepare(study: Study, train: Trainer = pretrain) -> Prepared:
    """Load the data; train a network and deploy it (or find it, or read its weights), or draw one at random.

    Raises ``ConfigError`` or ``TaskError`` for what cannot be, and for what would not fit in memory.
    """
    if WORKLOAD in study.kind.needs:
        return Prepared(nothing(study), timed_setting(study), learns=False)
    _refuse_words(study)
    if DEPLOYMENT in study.kind.needs:
        brought = _brought(study)
        task = _task(study, brought)
        refuse_early(study, task)
        return _deployed(study, task, brought, train)
    task = _task(study, None)
    refuse_early(study, task)
    weights = stream(study.seed, f"{study.kind.name}/weights")
    model = draw_model(study.task.model, task.blueprint(study.task.heads), weights)
    return Prepared(task, replace(_setting(study, task), model=model), model=model)


def refuse_early(study: Study, task: Task) -> None:
    """Raise ``ConfigError`` for what ``study`` cannot do with ``task``, or has no memory for, before any work."""
    _refuse_words(study)
    fit = [name for name, kind in MODELS.items() if kind.tokens == task.tokens]
    if study.task.model in MODELS and study.task.model not in fit:
        raise ConfigError(
            f"task.model = {study.task.model!r} is refused with the task {task.name!r}; allowed: "
            f"{', '.join(map(repr, fit))}"
        )
    refuse_what_cannot_fit(study, task)
    if DEPLOYMENT in study.kind.needs:
        _refuse_on_a_chip(study, task)


def recorded(study: Study, prepared: Prepared) -> Study:
    """Return ``study`` with what the user's files turned out to be: digests, kind, scaling, split, classes.

    So the trace says it, and a rerun refuses other files.
    """
    task, own = study.task, prepared.task.options.own
    found: dict[str, object] = {}
    if task.name in FOLDERS and task.file is not None:
        found |= {"file_digest": own.digest}
    if task.name in {OWN, MATRIX}:
        found |= {"file_digest": own.digest, "metric": own.metric}
    if task.name == OWN:
        found |= {
            "test_file_digest": own.test_digest, "kind": own.kind, "scaling": own.scaling, "labels": own.labels,
            "classes": None, "split": prepared.task.options.split,
        }  # fmt: skip
    if prepared.weights_digest is not None:
        found["weights_digest"] = prepared.weights_digest
    return study.model_copy(update={"task": task.model_copy(update=found)}) if found else study


@dataclass(frozen=True, eq=False)
class _Brought:
    """Hold the weights that a study brings along, the hidden layers they make, and their file's digest."""

    weights: tuple[FloatArray, ...]
    hidden: tuple[int, ...]
    digest: str


def _brought(study: Study) -> _Brought | None:
    """Return the weights in the file of ``study``, or None when it has none; raises ``TaskError``."""
    task = study.task
    if task.weights is None:
        return None
    path = sought(Path(task.weights), task.weights_digest, "task.weights")
    content = read_bytes(path)
    digest = checked_digest(content, task.weights_digest, path, "task.weights")
    layers = read_weights(path, content)
    hidden = tuple(len(layer.matrix) for layer in layers[:-1])
    if task.hidden is not None and task.hidden != hidden:
        raise ConfigError(
            f"task.hidden = {list(task.hidden)} is refused: the weights in {path} have {list(hidden)}; leave it out"
        )
    weights = folded(layers, bool(task.constant_input), str(path))
    return _Brought(weights, tuple(len(matrix) for matrix in weights[:-1]), digest)


def _task(study: Study, brought: _Brought | None) -> Task:
    t = study.task
    own = FileOptions(
        t.file, t.file_digest, t.test_file, t.test_file_digest, t.targets, t.features, t.kind, t.metric, t.scaling,
        t.labels, t.size,
    )  # fmt: skip
    hidden = t.hidden if brought is None else brought.hidden
    if t.model == CNN and hidden is None:
        hidden = ()
    task = build_task(
        TaskOptions(
            t.name,
            t.classes,
            t.split,
            study.task_seed,
            t.validation_fraction,
            hidden=hidden,
            own=own,
            constant_input=bool(t.constant_input),
            components=t.components,
            context=t.context,
            vocabulary=t.vocabulary,
            eofs=t.eofs,
            whitened=t.whitened,
        )
    )
    if t.model == CNN:
        return task.with_convolutions(t.layers)
    if brought is not None:
        has = (brought.weights[0].shape[1], len(brought.weights[-1]))
        wanted = (task.layer_sizes[0], task.layer_sizes[-1])
        if has != wanted:
            raise ConfigError(
                f"task.weights: the network takes {has[0]} inputs and gives {has[1]} outputs; the task "
                f"{task.name!r} has {wanted[0]} and {wanted[1]}"
                f"{', the constant input included' if t.constant_input else ''}"
            )
    return task


def _setting(study: Study, task: Task) -> Setting:
    return Setting(
        task.x_train,
        task.y_train,
        partial(stream, study.seed),
        loss=task.loss.of_tensors,
        present=task.present,
        batch_size=study.batch_size or len(task.x_train),
        query_budget=study.budget.queries,
    )


def _refuse_words(study: Study) -> None:
    """Refuse what the study alone shows, before any data is read."""
    task = study.task
    from_scratch = DEPLOYMENT not in study.kind.needs
    for key, given in (
        ("weights", task.weights is not None), ("name", task.name == MATRIX), ("model", task.model == CNN),
    ):  # fmt: skip
        if from_scratch and given:
            raise ConfigError(
                f"task.{key} = {getattr(task, key)!r} is refused: {study.kind.name!r} trains from scratch; "
                "allowed with a controller that tunes a chip"
            )
    if task.model not in {*MODELS, *_MESH_MODELS}:
        model_kind(task.model)  # says which there are


def _refuse_on_a_chip(study: Study, task: Task) -> None:
    if task.tiles is not None:
        raise ConfigError(
            f"task.name = {study.task.name!r} is refused on a chip: what comes out is a map, and its network is "
            "trained from scratch; allowed with controller.kind = 'odfa'"
        )
    if study.batch_size is not None and study.batch_size > len(task.x_train):
        raise ConfigError(
            f"controller.batch_size = {study.batch_size} is refused; task '{task.name}' has {len(task.x_train):,} "
            "samples to learn from"
        )
    chip = study.section(ChipConfig)
    if study.task.model not in _MESH_MODELS:
        raise ConfigError(
            f"task.model = {study.task.model!r} is refused on a chip, which is a network of matrices without "
            f"biases; allowed: {', '.join(map(repr, _MESH_MODELS))}"
        )
    greatest = max(float(np.abs(x).max()) for _, x, _ in task.parts())
    if greatest > chip.activation_clip:
        raise ConfigError(
            f"task.scaling: the inputs reach {greatest:.4g}, and the modulators {chip.activation_clip:g} "
            "(chip.activation_clip); allowed: 'minmax', 'global', 'standard' up to 4, or data within that range"
        )


def sheet_of(chip: ChipConfig) -> DataSheet:
    """Return what the maker of ``chip`` tells of it."""
    mesh, heaters, receiver = chip.mesh, chip.heaters, chip.receiver
    return DataSheet(
        mesh.sigma_max,
        mesh.shape,
        mesh.rotation,
        mesh.insertion_loss_db,
        chip.activation_clip,
        receiver.full_scale_output if receiver.adc_bits else math.inf,
        heaters.sigma_gamma / (heaters.gamma_rad_per_v2 if heaters.sigma_kind == "absolute" else 1.0),
    )


def _deployed(study: Study, task: Task, brought: _Brought | None, train: Trainer) -> Prepared:
    chip, wanted = study.section(ChipConfig), study.section(DeploymentConfig)
    notes: tuple[str, ...] = ()
    given = brought.weights if brought is not None else None
    if task.name == MATRIX:
        given = (np.ascontiguousarray(task.y_train.T),)
    if given is None:
        training = replace(
            default_options(task.name, len(task.x_train)),
            sigma_max=chip.mesh.sigma_max,
            activation_clip=chip.activation_clip,
        )
        pretrained = train(task, training, study.task_seed)
    else:
        receiver = chip.receiver
        reach = Reach(
            chip.mesh.sigma_max, chip.activation_clip, receiver.full_scale_hidden, receiver.full_scale_output
        )
        fit = deployable(given, task.x_train, reach)
        if task.y_train.ndim > 1:
            task = task.with_values_times(fit.factor)
        pretrained, notes = Pretrained.of(fit.weights, task, chip.activation_clip), fit.notes()
    deployment = deploy(
        pretrained.weights,
        wanted.alpha,
        stream(study.seed, "deployment/active"),
        chip.mesh.sigma_max,
        chip.mesh.shape,
        chip.mesh.rotation,
        wanted.active_share,
        task.feeds,
    )
    setting = replace(
        _setting(study, task),
        heaters=deployment.heaters,
        phases=deployment.phases[deployment.active],
        dac_step_rad=phase_step_rad(chip.dac.bits),
        deployment=deployment,
        sheet=sheet_of(chip),
    )
    digest = None if brought is None else brought.digest
    return Prepared(task, setting, TapedOut(pretrained, deployment), notes=notes, weights_digest=digest)
