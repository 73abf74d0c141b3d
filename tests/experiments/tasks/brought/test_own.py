"""The user's own data and weights: how they become a task, and that the trace remembers them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emulator.errors import ConfigError, TaskError
from emulator.streams import stream
from emulator.trace.open import open_trace
from experiments.replay.rerun import rerun
from experiments.run.run import run_study
from experiments.run.study import load_study, study_from_text
from experiments.tasks.brought.own import build_own
from experiments.tasks.pretraining import PretrainOptions, pretrain
from experiments.tasks.registry import build_task
from experiments.tasks.task import FileOptions, Task, TaskOptions

STUDIES = Path(__file__).resolve().parents[4] / "experiments" / "studies"
RNG = stream(0, "tests/own")
X = RNG.random((60, 3))
KINDS = np.array(["green", "red", "blue"])[np.arange(60) % 3]


def table(folder: Path, target: Any, name: str = "t.csv", **columns: Any) -> Path:
    every = {"a": X[:, 0], "b": 10 * X[:, 1], "c": X[:, 2] - 5, "y": target, **columns}
    rows = zip(*every.values(), strict=True)
    lines = [",".join(every), *(",".join(map(str, row)) for row in rows)]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / name


def built(path: Path, hidden: tuple[int, ...] | None = None, classes: Any = None, split: str | None = None,
          constant: bool = False, **own: Any) -> Task:  # fmt: skip
    options = FileOptions(str(path), **{"targets": ("y",), **own})
    return build_task(TaskOptions("own", classes, split, hidden=hidden, own=options, constant_input=constant))


def test_texts_are_classes_in_sorted_order_and_scaled_on_the_training_part(tmp_path: Path) -> None:
    task = built(table(tmp_path, KINDS))
    own = task.options.own
    assert (own.labels, own.kind, own.scaling) == (("blue", "green", "red"), "classification", "minmax")
    assert task.layer_sizes == (3, 16, 16, 3)
    assert sorted(len(y) for _, _, y in task.parts()) == [3, 18, 39]
    assert (task.x_train.min(axis=0) == 0).all()
    assert (task.x_train.max(axis=0) == 1).all()
    assert [np.bincount(y).tolist() for _, _, y in task.parts()] == [[13] * 3, [1] * 3, [6] * 3]


def test_labels_choose_classes_and_their_order(tmp_path: Path) -> None:
    path = table(tmp_path, KINDS)
    assert built(path, labels=("red", "blue")).options.own.labels == ("red", "blue")
    assert built(path, classes=(2, 0)).options.own.labels == ("red", "blue")
    with pytest.raises(
        TaskError, match=r"'rod' is no class; the file has blue, green, red. did you mean 'red'"
    ):
        built(path, labels=("rod", "blue"))


def test_numbers_are_values_unless_they_are_few_and_whole(tmp_path: Path) -> None:
    values = built(table(tmp_path, 7 + 3 * X[:, 0]), metric="rmse")
    assert values.options.own.kind == "regression"
    assert values.y_train.mean() == pytest.approx(0.0, abs=1e-12)
    assert values.y_train.std() == pytest.approx(1.0)
    whole = np.arange(60) % 12
    assert built(table(tmp_path, whole)).options.own.labels == tuple(map(str, range(12)))
    assert built(table(tmp_path, whole), kind="regression").layer_sizes[-1] == 1


@pytest.mark.parametrize(
    ("scaling", "low", "high"), [("minmax", 0, 1), ("standard", -4, 4), ("global", 0, 1), ("none", -5, 10)]
)
def test_scalings_are_fitted_on_the_training_part(
    tmp_path: Path, scaling: str, low: float, high: float
) -> None:
    task = built(table(tmp_path, KINDS), scaling=scaling)
    every = np.concatenate([x for _, x, _ in task.parts()])
    assert low <= every.min()
    assert every.max() <= high
    if scaling == "standard":
        np.testing.assert_allclose(task.x_train.mean(axis=0), 0, atol=1e-12)


def test_a_file_says_its_parts_and_another_file_may_be_the_test_part(tmp_path: Path) -> None:
    parts = np.array(["train"] * 30 + ["test"] * 30)
    task = built(table(tmp_path, KINDS, split=parts))
    assert (task.options.split, len(task.y_test)) == ("stored", 30)
    assert len(built(table(tmp_path, KINDS, split=parts), split="random").y_test) == 18
    both = built(table(tmp_path, KINDS), test_path=str(table(tmp_path, KINDS, "test.csv")))
    assert len(both.y_test) == 60


def test_a_constant_input_is_one_more_feature(tmp_path: Path) -> None:
    task = built(table(tmp_path, KINDS), constant=True)
    assert task.layer_sizes[0] == 4
    assert (task.x_test[:, 3] == 1).all()


@pytest.mark.parametrize(
    ("target", "own", "said"),
    [
        (np.zeros(60), {}, "at least two different ones"),
        (np.append(["rare"], KINDS[1:]), {}, r"the class 'rare' has 1 sample\(s\)"),
        (KINDS, {"kind": "regression"}, "the target 'y' is text"),
        (KINDS, {"metric": "rmse"}, "'rmse' is refused for classes; allowed: 'accuracy'"),
        (X[:, 0], {"metric": "accuracy"}, "'accuracy' is refused for values; allowed: 'r2', 'rmse'"),
        (X[:, 0], {"labels": ("a", "b")}, "values have no classes"),
        (KINDS, {"digest": "0" * 64}, "is another file than the study was made with"),
    ],
)
def test_what_no_task_can_be_made_of_is_refused(
    tmp_path: Path, target: Any, own: dict[str, Any], said: str
) -> None:
    with pytest.raises(TaskError, match=said):
        built(table(tmp_path, target), **own)


def test_constant_features_and_few_samples_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"the feature 'd' is constant in the training part \(3\)"):
        built(table(tmp_path, KINDS, d=np.full(60, 3)))
    assert built(table(tmp_path, KINDS, d=np.full(60, 3)), scaling="global").layer_sizes[0] == 4
    (tmp_path / "few.csv").write_text("a,y\n1,0\n2,1\n", encoding="utf-8")
    with pytest.raises(TaskError, match="2 samples; allowed: at least 10"):
        built(tmp_path / "few.csv")
    with pytest.raises(TaskError, match="it needs a file"):
        build_own(TaskOptions("own"))


def test_values_are_pretrained_by_their_squared_error(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    task = built(table(tmp_path, X @ [1.0, -2.0, 0.5] + 0.25), hidden=(6,), constant=True)
    options = PretrainOptions(epochs=600, learning_rate=0.03)
    assert pretrain(task, options, cache_dir=tmp_path).test_metric > 0.8


def weights(folder: Path, *shapes: tuple[int, int], dtype: Any = np.float32) -> Path:
    np.savez(
        folder / "w.npz",
        **{f"W{n}": RNG.normal(size=shape).astype(dtype) for n, shape in enumerate(shapes, 1)},
    )
    return folder / "w.npz"


def study(folder: Path, *overrides: str, name: str = "vowel_recovery") -> Any:
    return load_study(
        STUDIES / f"{name}.toml", (f"task.file={folder / 't.csv'}", "task.target=y", *overrides)
    )


@pytest.mark.parametrize(("loop", "target"), [("host", KINDS), ("host", X[:, 0]), ("sequencer", X[:, 0])])
def test_own_data_and_weights_run_on_a_chip_and_the_trace_remembers_them(
    tmp_path: Path, loop: str, target: Any
) -> None:
    path, classes = table(tmp_path, target), 3 if target is KINDS else 1
    file = weights(tmp_path, (5, 3), (classes, 5))
    wanted = study(tmp_path, f"task.weights={file}", "controller.queries=40", f"controller.loop={loop}")
    run_study(wanted, tmp_path / "t.h5")
    with open_trace(tmp_path / "t.h5") as trace:
        again = study_from_text(trace.config_text).task
        metric = "accuracy" if target is KINDS else "r2"
        assert f"selected_test_{metric}" in trace.metrics()
    assert again.file == str(path)
    assert again.file_digest is not None
    assert again.weights_digest is not None
    assert again.labels == (("blue", "green", "red") if target is KINDS else None)
    assert rerun(tmp_path / "t.h5", tmp_path / "again.h5", kept=False).identical
    path.write_text(path.read_text(encoding="utf-8").replace("a,b", "a,b", 1) + "1,2,3,4\n", encoding="utf-8")
    with pytest.raises(TaskError, match="is another file than the study was made with"):
        rerun(tmp_path / "t.h5", tmp_path / "other.h5", kept=False)
    path.unlink()
    with pytest.raises(TaskError, match="was not found; it was sought at"):
        rerun(tmp_path / "t.h5", tmp_path / "other.h5", kept=False)
    assert not (tmp_path / "other.h5").exists()


@pytest.mark.parametrize("target", [KINDS, X[:, 0]])
def test_own_data_trains_a_network_with_light(tmp_path: Path, target: Any) -> None:
    table(tmp_path, target)
    wanted = study(
        tmp_path, "task.hidden=[8]", "controller.epochs=1", "controller.batch_size=20", name="mnist_light"
    )
    assert run_study(wanted).status == "complete"


def test_weights_say_the_network_and_contradictions_are_refused(tmp_path: Path) -> None:
    table(tmp_path, KINDS)
    file = weights(tmp_path, (5, 3), (3, 5))
    for overrides, said in (
        (("task.hidden=[4]",), r"task.hidden = \[4\] is refused: the weights .* have \[5\]"),
        (('task.features=["a"]',), "takes 3 inputs and gives 3 outputs; the task 'own' has 1 and 3"),
        (("task.model=rnn",), "task.model = 'rnn' is unknown"),
        (("task.scaling=none",), r"the inputs reach .* and the modulators 4"),
    ):
        with pytest.raises(ConfigError, match=said):
            run_study(study(tmp_path, f"task.weights={file}", *overrides))
    with pytest.raises(ConfigError, match="'odfa' trains from scratch"):
        run_study(study(tmp_path, f"task.weights={file}", name="mnist_light"))


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("task.target=y", "the task 'vowel' has data of its own"),
        ("task.scaling=none", "it belongs to a task.file of samples"),
        ("task.size=4", "it is that of the random matrix"),
        ("task.weights_digest=" + "0" * 64, "it is the digest of task.weights, which is not given"),
        ("task.name=own", "the task 'own' needs a file"),
        ("task.eofs=4", "maps have them; it belongs to the tasks 'climate_na' and 'climate_bench'"),
        ("task.whitened=true", "it weighs the amplitudes of task.eofs, and there are none"),
    ],
)
def test_keys_without_a_use_are_refused(override: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_study(STUDIES / "vowel_recovery.toml", (override,))


def test_paths_in_a_study_are_seen_from_its_folder_and_kept_absolute(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[task]\nfile = "t.csv"\ntarget = "y"\n', encoding="utf-8")
    found = load_study(tmp_path / "mine.toml")
    assert found.task.file == str(tmp_path / "t.csv")
    assert found.task.name == "own"


def test_the_title_says_what_the_task_has_become() -> None:
    file = STUDIES / "vowel_recovery.toml"
    assert load_study(file, ("task.hidden=[8]",)).title.endswith("by SZO-SCD; with task.hidden=[8]")
    assert load_study(file, ("task.name=mnist8x8",)).title == "vowel_recovery with task.name=mnist8x8"
    assert load_study(file, ("task.seed=3",)).title == load_study(file).title
