"""Files of one's own as samples and targets: npz, csv and parquet; NOT shipped, scaled or cut into tasks.

Nothing in a file is unpickled or run. A file is read once: its digest is that of the bytes that were parsed. Sizes
are looked at before anything is unpacked.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from data.arrays import check_numbers, npz_arrays
from data.columns import (
    PART_COLUMN,
    Columns,
    check_known,
    check_targets,
    csv_columns,
    listed,
    parquet_columns,
)
from data.sets import FloatArray
from emulator.errors import TaskError

__all__ = ["SUFFIXES", "Samples", "file_digest", "read_bytes", "read_samples", "sought"]

SUFFIXES: Final = (".npz", ".csv", ".parquet")
"""What a file of samples may be, by the end of its name."""

_MAX_BYTES: Final = 2**30
_INPUTS: Final = ("x", "inputs", "features", "data", "images")
_TARGETS: Final = ("y", "labels", "targets", "label", "target")
_PARTS: Final = ("train", "val", "test")


@dataclass(frozen=True, eq=False)
class Samples:
    """Hold what a file says, before anything is done with it.

    ``inputs`` (n, features), float64, finite. ``targets`` (n,) numbers or texts, or (n, outputs) numbers, finite.
    ``parts`` (n,) says "train", "val" or "test" of each row, where the file does. ``one_range`` where all features
    are of one kind, as pixels are: an array of more than two dimensions, or of unsigned bytes.
    """

    inputs: FloatArray
    targets: NDArray[Any]
    names: tuple[str, ...]
    target_names: tuple[str, ...]
    parts: NDArray[np.str_] | None = None
    one_range: bool = False

    def joined(self, other: "Samples") -> "Samples":
        """Return these samples as training part, and ``other`` as test part; raises ``TaskError``."""
        if (
            self.inputs.shape[1:] != other.inputs.shape[1:]
            or self.targets.shape[1:] != other.targets.shape[1:]
        ):
            raise TaskError(
                f"task.test_file has {other.inputs.shape[1]} features and targets of shape "
                f"{other.targets.shape[1:]}; "
                f"task.file has {self.inputs.shape[1]} and {self.targets.shape[1:]}"
            )
        mine = np.full(len(self.inputs), "train", dtype="U5") if self.parts is None else self.parts
        return Samples(
            np.concatenate([self.inputs, other.inputs]),
            np.concatenate([self.targets, other.targets]),
            self.names,
            self.target_names,
            np.concatenate([mine, np.full(len(other.inputs), "test", dtype="U5")]),
            self.one_range,
        )


def sought(path: Path, digest: str | None, key: str) -> Path:
    """Return where the file at ``path`` is: there, or under its name in the current folder if its digest is known.

    Raises ``TaskError`` that says where it was sought.
    """
    if path.is_file():
        return path
    places = [path]
    if digest is not None:
        places.append(Path.cwd() / path.name)
        if places[1].is_file() and file_digest(places[1]) == digest:
            return places[1]
    where = " and ".join(str(place) for place in places)
    what = "is a folder" if path.is_dir() else "was not found"
    raise TaskError(f"{key}: the file {what}; it was sought at {where}")


def file_digest(path: Path) -> str:
    """Return the hexadecimal SHA-256 of the file at ``path``; raises ``TaskError``."""
    return hashlib.sha256(read_bytes(path)).hexdigest()


def read_bytes(path: Path, most: int = _MAX_BYTES) -> bytes:
    """Return what is in the file at ``path``, up to ``most`` bytes; raises ``TaskError``."""
    try:
        size = path.stat().st_size
        if size > most:
            raise TaskError(
                f"{path}: the file has {size:,} bytes; allowed: up to {most:,}; take a part of it"
            )
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise TaskError(f"{path}: the file cannot be read ({error.strerror})") from error
    if len(content) > most:  # a pipe has no size
        raise TaskError(f"{path}: the file has more than {most:,} bytes, which is what is allowed")
    return content


def read_samples(
    path: Path, content: bytes, targets: Sequence[str], features: Sequence[str] | None
) -> Samples:
    """Return the samples in ``content``, that of the file at ``path``, whose suffix says how to read it.

    ``targets`` name its target columns, or its array of targets; empty is "y" in an npz. ``features`` None are all
    other columns, or the array "x". Raises ``TaskError`` that names line, column or array.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise TaskError(
            f"{path}: {suffix or 'no suffix'!r} is no kind of data file; allowed: {', '.join(SUFFIXES)}"
        )
    if suffix == ".npz":
        arrays = npz_arrays(content, str(path))
        if not all(array.ndim == 1 for array in arrays.values()):
            return _of_arrays(str(path), arrays, targets, features)
        columns = Columns(str(path), arrays, None)
    else:
        columns = (csv_columns if suffix == ".csv" else parquet_columns)(
            content, str(path), targets, features
        )
    return _of_columns(columns, targets, features)


def _of_columns(columns: Columns, targets: Sequence[str], features: Sequence[str] | None) -> Samples:
    where, known = columns.where, tuple(columns.values)
    check_targets(targets, known, where)
    check_known("task.features", features or (), known, where)
    parts = columns.values.get(PART_COLUMN) if PART_COLUMN not in {*targets, *(features or ())} else None
    rest = [name for name in known if name not in targets and (parts is None or name != PART_COLUMN)]
    chosen = list(features) if features is not None else rest
    both = [name for name in chosen if name in targets]
    if both or not chosen:
        raise TaskError(
            f"{where}: {f'task.features holds the target {both[0]!r}' if both else 'there is no feature'}"
        )
    inputs = np.column_stack([columns.numbers(name) for name in chosen])
    wanted = [columns.values[name] for name in targets]
    columns.check_complete((*chosen, *targets))
    target = wanted[0] if len(targets) == 1 else np.column_stack([columns.numbers(name) for name in targets])
    return Samples(
        np.ascontiguousarray(inputs), target, tuple(chosen), tuple(targets),
        None if parts is None else _parts(parts, columns),
    )  # fmt: skip


def _parts(values: NDArray[Any], columns: Columns) -> NDArray[np.str_]:
    names = np.char.lower(np.char.strip(values.astype(np.str_)))
    names = np.where(names == "validation", "val", names)
    wrong = np.flatnonzero(~np.isin(names, _PARTS))
    if len(wrong):
        raise TaskError(
            f"{columns.at(int(wrong[0]))}: the column 'split' has {str(values[wrong[0]])[:40]!r}; allowed: "
            f"{', '.join(_PARTS)}"
        )
    return names


def _of_arrays(
    where: str, arrays: Mapping[str, NDArray[Any]], targets: Sequence[str], features: Sequence[str] | None
) -> Samples:
    check_known("task.target", targets, arrays, where)
    check_known("task.features", features or (), arrays, where)
    if len(targets) > 1 or len(features or ()) > 1:
        raise TaskError(f"{where}: of arrays, one holds the inputs and one the targets; name one each")
    y_name = targets[0] if targets else _named(arrays, _TARGETS, "task.target", where)
    x_name = features[0] if features else _named(arrays, _INPUTS, "task.features", where, besides=y_name)
    x, y = arrays[x_name], arrays[y_name]
    test = [_lookup(arrays, f"{name}_test") for name in (x_name, y_name)]
    if (test[0] is None) != (test[1] is None):
        raise TaskError(f"{where}: of {x_name}_test and {y_name}_test one is missing; a test part needs both")
    found = _pair(where, x_name, x, y_name, y)
    if test[0] is None or test[1] is None:
        return found
    return found.joined(_pair(where, f"{x_name}_test", arrays[test[0]], f"{y_name}_test", arrays[test[1]]))


def _pair(where: str, x_name: str, x: NDArray[Any], y_name: str, y: NDArray[Any]) -> Samples:
    if x.ndim < 2 or y.ndim not in {1, 2} or len(x) != len(y):
        raise TaskError(
            f"{where}: the inputs {x_name!r} have shape {x.shape} and the targets {y_name!r} {y.shape}; allowed: "
            "(samples, ...) and (samples,) or (samples, outputs), with the same number of samples"
        )
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    inputs = check_numbers(x, f"{where}: array {x_name!r}").reshape(len(x), -1)
    targets = y if y.dtype.kind in "US" and y.ndim == 1 else check_numbers(y, f"{where}: array {y_name!r}")
    names = tuple(f"{x_name}[{place}]" for place in range(inputs.shape[1]))
    outputs = (y_name,) if y.ndim == 1 else tuple(f"{y_name}[{place}]" for place in range(y.shape[1]))
    one_range = x.ndim > 2 or x.dtype == np.uint8
    return Samples(np.ascontiguousarray(inputs), targets.astype(np.str_) if targets.dtype.kind == "S" else targets,
                   names, outputs, None, one_range)  # fmt: skip


def _named(
    arrays: Mapping[str, Any], names: Sequence[str], key: str, where: str, besides: str | None = None
) -> str:
    """Return the array that has one of ``names``, in any case, or the only one that is left."""
    for name in names:
        found = _lookup(arrays, name)
        if found is not None and found != besides:
            return found
    left = [name for name in arrays if name != besides and not name.lower().endswith("_test")]
    if besides is not None and len(left) == 1:
        return left[0]
    raise TaskError(
        f"{where}: say which array it is: {key} = one of {listed(arrays)} (by default {names[0]!r})"
    )


def _lookup(arrays: Mapping[str, Any], name: str) -> str | None:
    return next((each for each in arrays if each.lower() == name.lower()), None)
