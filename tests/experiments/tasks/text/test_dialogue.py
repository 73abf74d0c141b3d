"""The task of dialogues: whole works are held out, and nothing of them is learnt, not even how to cut text."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data.dialogues import HELD_OUT, load_dialogues
from emulator.errors import ConfigError, TaskError
from experiments.run.prepare import prepare
from experiments.run.study import study_from_overrides
from experiments.tasks.registry import build_task
from experiments.tasks.task import FileOptions, TaskOptions
from experiments.tasks.text.dialogue import parts_of, vocabulary_of
from tests.dialogue_lab import write_corpus

OPTIONS = TaskOptions("dialogue", context=16, vocabulary=120)


def films(folder: Path, **said: object) -> TaskOptions:
    return replace(OPTIONS, own=FileOptions(str(write_corpus(folder))), **said)  # type: ignore[arg-type]


def test_the_four_plays_are_the_test_and_no_play_is_in_two_parts() -> None:
    parts = parts_of(load_dialogues(), OPTIONS)
    names = [{work.name for work in part} for part in parts]
    assert names[2] == set(HELD_OUT)
    assert [len(each) for each in names] == [31, 3, 4]
    assert len(set.union(*names)) == 38
    assert parts_of(load_dialogues(), replace(OPTIONS, seed=1)).val != parts.val


def test_windows_are_the_text_and_the_token_behind_each_token(tmp_path: Path) -> None:
    task, vocabulary = build_task(films(tmp_path)), vocabulary_of(films(tmp_path))
    x, y = task.x_train.astype(np.int64), task.y_train
    assert (x[:, 1:] == y[:, :-1]).all()
    first = vocabulary.text([*x[0], y[0, -1]])
    assert any(work.text.startswith(first) for work in parts_of_films(tmp_path).train)
    assert (task.layer_sizes, task.options.split) == ((16, 64, 64, 64, 64, 120), "works")


def parts_of_films(folder: Path):  # type: ignore[no-untyped-def]
    from data.dialogues import load_movies

    return parts_of(load_movies(folder), OPTIONS)


def test_parts_of_films_share_none(tmp_path: Path) -> None:
    write_corpus(tmp_path)
    parts = parts_of_films(tmp_path)
    assert [len(part) for part in parts] == [2, 2, 2]


def test_a_uniform_guess_costs_what_it_must(tmp_path: Path) -> None:
    task = build_task(films(tmp_path))
    outputs = np.zeros((*task.y_test.shape, 120), dtype=np.float32)
    lengths = vocabulary_of(films(tmp_path)).lengths
    expected = np.log2(120) * task.y_test.size / lengths[task.y_test].sum()
    assert task.metric.of_arrays(outputs, task.y_test) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            ("task.model=mlp",),
            r"task.model = 'mlp' is refused with the task 'dialogue'; allowed: 'transformer'",
        ),
        (("task.hidden=[64, 32]",), r"task.hidden = \[64, 32\] is refused with task.model = 'transformer'"),
        (("task.heads=5",), r"task.heads = 5 is refused: 64 values .*allowed: 1, 2, 4, 8, 16, 32, 64"),
        (("task.context=4000",), "task.context = 4,000 is refused: no work of a part has so many tokens"),
        (("task.split=random",), "split is 'random', must be one of works"),
        (("task.classes=[0, 1]",), "task.classes is refused with the task 'dialogue': its inputs are tokens"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_line(changes: tuple[str, ...], said: str, tmp_path: Path) -> None:
    folder = write_corpus(tmp_path)
    common = ("task.name=dialogue", "task.vocabulary=120", f"task.file={folder}", "controller.kind=odfa")
    with pytest.raises((ConfigError, TaskError), match=said):
        prepare(study_from_overrides((*common, "task.model=transformer", *changes)))


def test_a_transformer_learns_text_alone_and_keys_of_text_belong_to_it() -> None:
    common = ("controller.kind=odfa", "task.name=vowel")
    with pytest.raises(ConfigError, match=r"task\.model = 'transformer' is refused with the task 'vowel'"):
        prepare(study_from_overrides((*common, "task.model=transformer")))
    for key in ("heads=2", "context=8", "vocabulary=200"):
        with pytest.raises(ConfigError, match=rf"task\.{key.partition('=')[0]}"):
            study_from_overrides((*common, f"task.{key}"))


def test_a_missing_corpus_is_said_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"task.file: .*movie_lines.txt cannot be read"):
        build_task(replace(OPTIONS, own=FileOptions(str(tmp_path / "none"))))
