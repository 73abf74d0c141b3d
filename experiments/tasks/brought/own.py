"""A task of the user's own samples: classes or values, split and scaled; NOT how a file is read (see ``data``).

What is fitted (ranges, means) is fitted on the training part alone. Every choice that the file suggested is written
into the task's options, from where it goes into the trace.
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from data.own import Samples, read_bytes, read_samples, sought
from data.sets import FloatArray
from emulator.errors import TaskError, nearest
from experiments.tasks.brought.values import R_SQUARED, SQUARED_ERROR, Rmse
from experiments.tasks.judges import ACCURACY, CROSS_ENTROPY, Loss, Metric, Targets
from experiments.tasks.scaling import Affine
from experiments.tasks.splits import Split, choose_split, held_out
from experiments.tasks.task import Task, TaskKind, TaskOptions

__all__ = ["KIND", "build_own", "checked_digest"]

_HIDDEN: Final = (16, 16)
_LEAST_SAMPLES: Final = 10
_LEAST_OF_A_CLASS: Final = 3
_MAX_CLASSES: Final = 1000
_FEW: Final = 100
"""Whole numbers of at most so many values are classes unless ``task.kind`` says otherwise."""

_CLASSES, _VALUES = "classification", "regression"
_LIMIT: Final = 4.0
"""Standard deviations beyond which a feature counts as being there: what modulators reach by default."""


@dataclass(frozen=True, eq=False)
class _Learnt:
    """Hold what is to be learnt of all samples: targets, who judges, and how many outputs that takes."""

    targets: Targets
    outputs: int
    loss: Loss
    metric: Metric
    labels: tuple[str, ...] | None


def build_own(options: TaskOptions) -> Task:
    """Build the task of the file ``options.own.path``; raises ``TaskError`` that names file, column and line."""
    own = options.own
    if own.path is None:
        raise TaskError("task 'own': it needs a file; allowed: task.file = an .npz, .csv or .parquet")
    samples, digest = _read(own.path, own.digest, options, "task.file")
    test_digest = None
    if own.test_path is not None:
        test, test_digest = _read(own.test_path, own.test_digest, options, "task.test_file")
        samples = samples.joined(test)
    if len(samples.inputs) < _LEAST_SAMPLES:
        raise TaskError(
            f"{own.path}: {len(samples.inputs)} samples; allowed: at least {_LEAST_SAMPLES}, of which some "
            "are held out"
        )
    kind = own.kind or (_VALUES if _looks_like_values(samples.targets) else _CLASSES)
    rows, labels = _chosen_classes(samples, options, kind)
    samples = replace(
        samples, inputs=samples.inputs[rows], targets=samples.targets[rows],
        parts=None if samples.parts is None else samples.parts[rows],
    )  # fmt: skip
    split, split_name = _split(samples, labels, options)
    learnt = _values(samples, split, options) if labels is None else _classes(samples, labels, options)
    scaling = own.scaling or ("global" if samples.one_range else "minmax")
    scale = _fitted(samples, split, scaling)
    hidden = options.hidden_or(_HIDDEN)
    what = f"{len(labels)} classes" if labels is not None else ", ".join(samples.target_names[:4])
    return Task(
        name=options.name,
        title=f"{Path(own.path).name}: {what} from {samples.inputs.shape[1]} features",
        layer_sizes=(samples.inputs.shape[1], *hidden, learnt.outputs),
        x_train=scale.apply(samples.inputs[split.train]), y_train=learnt.targets[split.train],
        x_val=scale.apply(samples.inputs[split.val]), y_val=learnt.targets[split.val],
        x_test=scale.apply(samples.inputs[split.test]), y_test=learnt.targets[split.test],
        options=replace(
            options, split=split_name, hidden=hidden, classes=None,
            own=replace(own, digest=digest, test_digest=test_digest, kind=kind, metric=learnt.metric.name,
                        scaling=scaling, labels=learnt.labels),
        ),
        source=f"{own.path}, SHA-256 {digest}",
        loss=learnt.loss,
        metric=learnt.metric,
        bounded=scaling in {"minmax", "global"},
    )  # fmt: skip


def checked_digest(content: bytes, wanted: str | None, path: Path, key: str) -> str:
    """Return the SHA-256 of ``content``, read from ``path``; raises ``TaskError`` where another is ``wanted``."""
    found = hashlib.sha256(content).hexdigest()
    if wanted is not None and found != wanted:
        raise TaskError(
            f"{key}: {path} is another file than the study was made with: its SHA-256 is {found}, must be "
            f"{wanted}; "
            f"restore that file, or leave {key}_digest out in a new run"
        )
    return found


def _read(path: str, wanted: str | None, options: TaskOptions, key: str) -> tuple[Samples, str]:
    where = sought(Path(path), wanted, key)
    content = read_bytes(where)
    digest = checked_digest(content, wanted, where, key)
    return read_samples(where, content, options.own.targets, options.own.features), digest


def _looks_like_values(targets: NDArray[Any]) -> bool:
    if targets.ndim > 1:
        return True
    if targets.dtype.kind in "USb":
        return False
    whole = bool((targets == np.rint(targets)).all())
    return not whole or len(np.unique(targets)) > _FEW


def _chosen_classes(
    samples: Samples, options: TaskOptions, kind: str
) -> tuple[NDArray[np.bool_], tuple[str, ...] | None]:
    """Return which samples are kept, and the classes in the order of outputs; of values all, and None."""
    own, every = options.own, np.ones(len(samples.targets), dtype=np.bool_)
    if kind == _VALUES:
        for key, given in (("classes", options.classes), ("labels", own.labels)):
            if given is not None:
                raise TaskError(
                    f"task.{key} is refused: values have no classes; allowed with task.kind = '{_CLASSES}'"
                )
        if samples.targets.dtype.kind in "US":
            raise TaskError(
                f"{own.path}: the target {samples.target_names[0]!r} is text; allowed: numbers, or task.kind = "
                f"'{_CLASSES}'"
            )
        return every, None
    names, known = _class_names(samples, str(own.path))
    if options.classes is not None:
        wrong = [label for label in options.classes if label >= len(known)]
        if wrong:
            raise TaskError(
                f"task.classes = {wrong[0]} is unknown; allowed: 0..{len(known) - 1}: {', '.join(known)}"
            )
        labels = tuple(known[label] for label in options.classes)
    else:
        labels = known if own.labels is None else own.labels
    for label in labels:
        if label not in known:
            hint = nearest(label, known)
            raise TaskError(
                f"task.labels = {label!r} is no class; the file has {', '.join(known[:20])}. {hint}".strip()
            )
    if len(labels) < 2 or len(set(labels)) < len(labels):
        raise TaskError(
            f"{own.path}: the classes are {', '.join(labels)}; allowed: at least two different ones"
        )
    kept = np.isin(names, labels)
    for label in labels:
        count = int((names == label).sum())
        if count < _LEAST_OF_A_CLASS:
            raise TaskError(
                f"{own.path}: the class {label!r} has {count} sample(s); allowed: at least "
                f"{_LEAST_OF_A_CLASS}, for "
                "training, validation and test; leave it out with task.labels"
            )
    return kept, labels


def _class_names(samples: Samples, where: str) -> tuple[NDArray[np.str_], tuple[str, ...]]:
    """Return each sample's class as text, and all of them in order: numbers by value, texts by alphabet."""
    targets = samples.targets
    if targets.ndim > 1:
        raise TaskError(
            f"{where}: a classification has one target; allowed: one column, or task.kind = '{_VALUES}'"
        )
    different = np.unique(targets)
    if len(different) > _MAX_CLASSES:
        raise TaskError(
            f"{where}: the target {samples.target_names[0]!r} has {len(different):,} different values; "
            "allowed: up to "
            f"{_MAX_CLASSES} classes, or task.kind = '{_VALUES}'"
        )
    if targets.dtype.kind in "US":
        return targets.astype(np.str_), tuple(str(name) for name in different)
    texts = {value: f"{value:.12g}" for value in different.astype(np.float64).tolist()}
    return np.array([texts[value] for value in targets.astype(np.float64).tolist()]), tuple(texts.values())


def _split(samples: Samples, labels: tuple[str, ...] | None, options: TaskOptions) -> tuple[Split, str]:
    stored = ("stored", "random") if samples.parts is not None else ("random",)
    name = choose_split(options, stored)
    classes = None if labels is None else _class_names(samples, "")[0]
    split = held_out(len(samples.inputs), classes, samples.parts if name == "stored" else None, options)
    for part, rows in (("training", split.train), ("validation", split.val), ("test", split.test)):
        if not len(rows):
            raise TaskError(f"{options.own.path}: the {part} part is empty under task.split = {name!r}")
    missing = (
        [] if labels is None or classes is None else sorted({*labels} - {*classes[split.train].tolist()})
    )
    if missing:
        raise TaskError(f"{options.own.path}: the training part has no sample of the class {missing[0]!r}")
    return split, name


def _classes(samples: Samples, labels: tuple[str, ...], options: TaskOptions) -> _Learnt:
    if options.own.metric not in {None, ACCURACY.name}:
        raise TaskError(
            f"task.metric = {options.own.metric!r} is refused for classes; allowed: {ACCURACY.name!r}"
        )
    names, _ = _class_names(samples, "")
    place = {label: number for number, label in enumerate(labels)}
    targets = np.array([place[name] for name in names.tolist()], dtype=np.int64)
    return _Learnt(targets, len(labels), CROSS_ENTROPY, ACCURACY, labels)


def _values(samples: Samples, split: Split, options: TaskOptions) -> _Learnt:
    """Return values of zero mean and unit variance over the training part, or as they are with scaling "none"."""
    values = samples.targets.astype(np.float64).reshape(len(samples.targets), -1)
    spread = values[split.train].std(axis=0)
    if not (spread > 0).all():
        name = samples.target_names[int((spread <= 0).argmax())]
        raise TaskError(
            f"{options.own.path}: the target {name!r} is constant in the training part: nothing is learnt"
        )
    if options.own.scaling == "none":
        spread = np.ones_like(spread)
    else:
        values = (values - values[split.train].mean(axis=0)) / spread
    metrics: dict[str, Metric] = {R_SQUARED.name: R_SQUARED, Rmse.name: Rmse(tuple(spread.tolist()))}
    metric = options.own.metric or R_SQUARED.name
    if metric not in metrics:
        raise TaskError(
            f"task.metric = {metric!r} is refused for values; allowed: {', '.join(map(repr, metrics))}"
        )
    return _Learnt(np.ascontiguousarray(values), values.shape[1], SQUARED_ERROR, metrics[metric], None)


def _fitted(samples: Samples, split: Split, scaling: str) -> Affine:
    """Return the scale of the inputs; raises ``TaskError`` for a constant feature where each has its own."""
    train: FloatArray = samples.inputs[split.train]
    if scaling == "none":
        return Affine.identity()
    if scaling == "global":
        scale = Affine.onto_unit(train.min(keepdims=True).reshape(1), train.max(keepdims=True).reshape(1))
    elif scaling == "minmax":
        scale = Affine.onto_unit(train.min(axis=0), train.max(axis=0))
    else:
        scale = Affine(train.mean(axis=0), train.std(axis=0), -_LIMIT, _LIMIT)
    if not (scale.span > 0).all():
        constant = int((scale.span <= 0).argmax())
        more = int((scale.span <= 0).sum()) - 1
        raise TaskError(
            f"task.file: the feature {samples.names[constant]!r} is constant in the training part "
            f"({train[0, constant]:g}){f', as are {more} more' if more else ''}: leave it out with "
            "task.features, or "
            "scale all by one range with task.scaling = 'global'"
        )
    return scale


KIND = TaskKind("own", build_own)
