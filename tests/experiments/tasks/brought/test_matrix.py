"""A matrix as a task: real, complex, random, weights; and a chip that becomes it."""

from pathlib import Path

import numpy as np
import pytest

from emulator.errors import ConfigError, TaskError
from emulator.streams import stream
from emulator.trace.open import open_trace
from experiments.run.run import run_study
from experiments.run.study import load_study
from experiments.tasks.brought.matrix import build_matrix
from experiments.tasks.task import FileOptions, Task, TaskOptions

STUDY = Path(__file__).resolve().parents[4] / "experiments" / "studies" / "matrix_recovery.toml"
RNG = stream(0, "tests/matrix")


def built(path: Path | None = None, **own: object) -> Task:
    options = FileOptions(None if path is None else str(path), **own)  # type: ignore[arg-type]
    return build_matrix(TaskOptions("matrix", seed=3, own=options))


def test_a_random_matrix_is_orthogonal_and_its_columns_are_what_unit_vectors_become() -> None:
    task = built(size=6)
    matrix = task.y_train.T
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(6), atol=1e-12)
    np.testing.assert_array_equal(task.x_train, np.eye(6))
    assert task.metric.name == "fidelity"


def test_a_weight_matrix_is_judged_by_its_relative_error(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", RNG.normal(size=(3, 5)).astype(np.float32))
    task = built(tmp_path / "w.npy")
    assert (task.layer_sizes, task.metric.name) == ((5, 3), "relative_error")
    with pytest.raises(TaskError, match="fidelity is that of an orthogonal"):
        built(tmp_path / "w.npy", metric="fidelity")


def test_a_complex_unitary_is_a_real_matrix_of_twice_the_size(tmp_path: Path) -> None:
    square = RNG.normal(size=(4, 4)) + 1j * RNG.normal(size=(4, 4))
    np.savez(tmp_path / "u.npz", u=np.linalg.qr(square)[0])
    task = built(tmp_path / "u.npz")
    assert (task.layer_sizes, task.metric.name) == ((8, 8), "fidelity")


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.ones(3), r"shape \(3,\); allowed: \(rows, columns\)"),
        (np.zeros((3, 3)), "all numbers of the matrix are 0"),
        (np.full((2, 2), np.nan), "2 of 2 rows hold NaN"),
        (np.array([["a", "b"], ["c", "d"]]), "allowed: real numbers"),
    ],
)
def test_what_is_no_matrix_is_refused(tmp_path: Path, array: np.ndarray, said: str) -> None:
    np.save(tmp_path / "m.npy", array)
    with pytest.raises(TaskError, match=said):
        built(tmp_path / "m.npy")


def test_an_archive_of_several_needs_a_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "m.npz", one=np.eye(3), two=2 * np.eye(2))
    with pytest.raises(TaskError, match=r"task.target says which array is the matrix; allowed: one, two"):
        built(tmp_path / "m.npz")
    assert built(tmp_path / "m.npz", targets=("two",)).layer_sizes == (2, 2)


def test_a_chip_becomes_the_matrix_and_one_beyond_its_attenuators_is_scaled(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", 9 * RNG.normal(size=(4, 4)))
    for name, overrides, metric in (
        ("random", ("task.size=4",), "fidelity"),
        ("large", (f"task.file={tmp_path / 'w.npy'}",), "relative_error"),
    ):
        changes = (*overrides, "controller.batch_size=4", "controller.queries=600")
        run_study(load_study(STUDY, changes), tmp_path / f"{name}.h5")
        with open_trace(tmp_path / f"{name}.h5") as trace:
            found = trace.metrics()
        best = found[f"selected_test_{metric}"].value[-1], found[f"test_{metric}"].value[0]
        assert best[0] > best[1] if metric == "fidelity" else best[0] < best[1]
        assert found[f"ideal_test_{metric}"].value[0] == pytest.approx(
            1.0 if metric == "fidelity" else 0.0, abs=1e-9
        )


def test_keys_of_samples_say_nothing_of_a_matrix() -> None:
    for key in ("classes=[0,1]", "hidden=[4]", "split=random", "weights=w.npz", "labels=['a','b']"):
        with pytest.raises(ConfigError, match=f"task.{key.partition('=')[0]}"):
            load_study(STUDY, (f"task.{key}",))
