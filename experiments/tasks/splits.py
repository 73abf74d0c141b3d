"""Choosing classes and cutting samples into training, validation and test rows; NOT scaling them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.sets import DataSet, IntArray
from emulator.errors import TaskError, nearest
from emulator.streams import stream
from experiments.tasks.task import TaskOptions

__all__ = [
    "Split",
    "choose_split",
    "held_out",
    "in_time",
    "labels_of",
    "random_split",
    "stored_split",
    "with_classes",
]

_TEST_SHARE = 0.3


@dataclass(frozen=True, eq=False)
class Split:
    """Rows of a data set, each in ascending order, shape (samples,); the three share none."""

    train: IntArray
    val: IntArray
    test: IntArray


def choose_split(options: TaskOptions, allowed: tuple[str, ...]) -> str:
    """Return the split the options ask for, or the first of ``allowed``; raise ``TaskError`` on any other."""
    if options.split is None:
        return allowed[0]
    if options.split not in allowed:
        hint = nearest(options.split, allowed)
        raise TaskError(
            f"task '{options.name}': split is '{options.split}', must be one of {', '.join(allowed)}."
            f" {hint}".rstrip()
        )
    return options.split


def in_time(options: TaskOptions) -> str:
    """Return the split of years, which is by time; raise ``TaskError`` on another, and where classes are named."""
    if options.classes is not None:
        raise TaskError(f"task '{options.name}': task.classes is refused: years have no classes")
    return choose_split(options, ("chronological",))


def with_classes(options: TaskOptions, data: DataSet) -> tuple[int, ...]:
    """Return the classes the options ask for, or all of them; raise ``TaskError`` on one ``data`` lacks."""
    known = range(len(data.class_names))
    classes = tuple(known) if options.classes is None else options.classes
    for label in classes:
        if isinstance(label, bool) or not isinstance(label, int) or label not in known:
            raise TaskError(
                f"task '{options.name}': class {label!r} is unknown, must be in 0..{len(known) - 1}"
            )
    return classes


def labels_of(data: DataSet, rows: IntArray, classes: tuple[int, ...]) -> IntArray:
    """Return the label of each row as its position in ``classes``, which must hold them all."""
    position = np.full(len(data.class_names), -1, dtype=np.int64)
    position[list(classes)] = np.arange(len(classes))
    return position[data.labels[rows]]


def random_split(data: DataSet, classes: tuple[int, ...], options: TaskOptions) -> Split:
    """Cut the samples of ``classes`` at random, 70 % training to 30 % test, whoever they come from."""
    rows = _rows_of(data, np.arange(len(data.labels)), classes)
    shuffled = stream(options.seed, f"task/{options.name}/test").permutation(rows)
    tests = round(_TEST_SHARE * len(rows))
    return _hold_out(data, np.sort(shuffled[tests:]), np.sort(shuffled[:tests]), options)


def stored_split(data: DataSet, classes: tuple[int, ...], options: TaskOptions) -> Split:
    """Use the parts the data set was published with, keeping the samples of ``classes``.

    Where the set names groups (speakers), its parts share none, and so whole groups are held out for
    validation: otherwise the validation part would promise more than the test part can keep. They are at
    least two, as one voice is no sample of voices.
    """
    train, test = _rows_of(data, data.train, classes), _rows_of(data, data.test, classes)
    if data.groups is None:
        return _hold_out(data, train, test, options)
    groups = stream(options.seed, f"task/{options.name}/val").permutation(np.unique(data.groups[train]))
    held = np.isin(data.groups[train], groups[: max(2, _share(options.validation_fraction, len(groups)))])
    return Split(train=train[~held], val=train[held], test=test)


def held_out(
    count: int, classes: NDArray[np.str_] | None, parts: NDArray[np.str_] | None, options: TaskOptions
) -> Split:
    """Cut ``count`` samples of one's own: by ``parts`` ("train", "val", "test"), and what these lack at random.

    Without a test part 30 % are held out, without a validation part the options' share of what is left; of each of
    ``classes`` (count,) alike, where there are any.
    """
    rows = np.arange(count)
    groups = [rows] if classes is None else [rows[classes == name] for name in np.unique(classes)]

    def drawn(pool: IntArray, fraction: float, what: str) -> IntArray:
        rng = stream(options.seed, f"task/{options.name}/{what}")
        taken = [rng.permutation(np.intersect1d(group, pool)) for group in groups]
        return np.sort(
            np.concatenate([each[: _share(fraction, len(each))] for each in taken if len(each) > 1])
        )

    test = drawn(rows, _TEST_SHARE, "test") if parts is None else rows[parts == "test"]
    pool = np.setdiff1d(rows, test) if parts is None else rows[parts == "train"]
    val = np.empty(0, dtype=np.int64) if parts is None else rows[parts == "val"]
    if parts is not None and not len(test):
        test = drawn(pool, _TEST_SHARE, "test")
        pool = np.setdiff1d(pool, test)
    if not len(val):
        val = drawn(pool, options.validation_fraction, "val")
        pool = np.setdiff1d(pool, val)
    return Split(train=pool, val=val, test=test)


def _rows_of(data: DataSet, rows: IntArray, classes: tuple[int, ...]) -> IntArray:
    return rows[np.isin(data.labels[rows], classes)]


def _hold_out(data: DataSet, train: IntArray, test: IntArray, options: TaskOptions) -> Split:
    shuffled = stream(options.seed, f"task/{options.name}/val").permutation(train)
    held = _share(options.validation_fraction, len(train))
    return Split(train=np.sort(shuffled[held:]), val=np.sort(shuffled[:held]), test=test)


def _share(fraction: float, count: int) -> int:
    return max(1, round(fraction * count))
