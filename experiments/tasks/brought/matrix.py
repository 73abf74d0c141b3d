"""One matrix as a task: a chip is to be that matrix, and is told how far it is by what it makes of unit vectors.

The inputs are the unit vectors, so that outputs are the columns of what the chip does. All three parts are
these same vectors: there is nothing to generalise to. A complex matrix, which a mesh of real rotators cannot
be, is written as the real one of twice the size, [[Re, -Im], [Im, Re]]; its fidelity is the real part of the
complex one.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from data.arrays import check_numbers, npy_array, npz_arrays
from data.own import read_bytes, sought
from data.sets import FloatArray
from emulator.errors import TaskError, nearest
from emulator.streams import stream
from experiments.tasks.brought.own import checked_digest
from experiments.tasks.brought.values import SQUARED_ERROR, Fidelity, RelativeError
from experiments.tasks.judges import Metric
from experiments.tasks.task import Task, TaskKind, TaskOptions

__all__ = ["KIND", "build_matrix", "matrix_of"]

_SIZE: Final = 16
_MOST: Final = 1024
_ORTHOGONAL: Final = 1e-5  # what 32-bit numbers leave of orthogonality


def build_matrix(options: TaskOptions) -> Task:
    """Build the task of the matrix in ``options.own.path``, or of a random orthogonal one from the task's seed.

    Raises ``TaskError`` when the file holds no real or complex matrix of finite numbers.
    """
    matrix, digest = matrix_of(options)
    rows, columns = matrix.shape
    orthogonal = rows == columns and bool(
        np.allclose(matrix @ matrix.T, np.eye(rows), rtol=0, atol=_ORTHOGONAL)
    )
    metrics: dict[str, Metric] = {RelativeError.name: RelativeError()}
    if orthogonal:
        metrics[Fidelity.name] = Fidelity()
    metric = options.own.metric or (Fidelity.name if orthogonal else RelativeError.name)
    if metric not in metrics:
        why = (
            "" if orthogonal else "; fidelity is that of an orthogonal (unitary) matrix, and this one is none"
        )
        raise TaskError(f"task.metric = {metric!r} is refused; allowed: {', '.join(map(repr, metrics))}{why}")
    name = "random orthogonal matrix" if options.own.path is None else Path(options.own.path).name
    x, y = np.eye(columns), np.ascontiguousarray(matrix.T)
    return Task(
        name=options.name,
        title=f"{name}, {rows} x {columns}",
        layer_sizes=(columns, rows),
        x_train=x, y_train=y, x_val=x, y_val=y, x_test=x, y_test=y,
        options=replace(options, own=replace(options.own, digest=digest, metric=metric)),
        source="a random matrix" if digest is None else f"{options.own.path}, SHA-256 {digest}",
        loss=SQUARED_ERROR,
        metric=metrics[metric],
    )  # fmt: skip


def matrix_of(options: TaskOptions) -> tuple[FloatArray, str | None]:
    """Return the matrix, shape (outputs, inputs), real, and the digest of its file."""
    own = options.own
    if own.path is None:
        size = own.size or _SIZE
        square = stream(options.seed, "task/matrix").normal(size=(size, size))
        q, r = np.linalg.qr(square)
        return np.ascontiguousarray(q * np.sign(np.diagonal(r))), None  # so drawn, all directions are alike
    path = sought(Path(own.path), own.digest, "task.file")
    content = read_bytes(path)
    digest = checked_digest(content, own.digest, path, "task.file")
    if path.suffix.lower() not in {".npy", ".npz"}:
        raise TaskError(f"{path}: a matrix is read from .npy or .npz; allowed: np.save(path, matrix)")
    found = (
        npy_array(content, str(path)) if path.suffix.lower() == ".npy" else _only(content, path, own.targets)
    )
    return _real(found, str(path)), digest


def _only(content: bytes, path: Path, names: tuple[str, ...]) -> NDArray[Any]:
    """Return the array that ``names`` say, or the only one."""
    arrays = npz_arrays(content, str(path))
    if not names and len(arrays) == 1:
        return next(iter(arrays.values()))
    name = names[0] if names else ""
    if name not in arrays or len(names) > 1:
        hint = nearest(name, arrays)
        raise TaskError(
            f"{path}: task.target says which array is the matrix; allowed: {', '.join(arrays)}. {hint}".strip()
        )
    return arrays[name]


def _real(found: NDArray[Any], where: str) -> FloatArray:
    if found.ndim != 2 or min(found.shape) < 2 or max(found.shape) > _MOST:
        raise TaskError(
            f"{where}: the array has shape {found.shape}; allowed: (rows, columns), 2..{_MOST} each"
        )
    if found.dtype.kind == "c" and found.imag.any():
        found = np.block([[found.real, -found.imag], [found.imag, found.real]])
    matrix = check_numbers(found.real if found.dtype.kind == "c" else found, where)
    if not matrix.any():
        raise TaskError(f"{where}: all numbers of the matrix are 0")
    return np.ascontiguousarray(matrix)


KIND = TaskKind("matrix", build_matrix)
