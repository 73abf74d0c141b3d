"""What is shown of a network of text: what it says comes from its guesses, and its error from windows."""

from dataclasses import replace

import numpy as np
import pytest

from emulator.errors import TaskError
from emulator.streams import stream
from experiments.models.transformer import Transformer
from experiments.tasks.judges import ACCURACY
from experiments.tasks.registry import build_task
from experiments.tasks.task import FileOptions, Task, TaskOptions
from experiments.tasks.text.dialogue import vocabulary_of
from experiments.tasks.text.exhibit import PROMPT, error_of, said, text_exhibit, text_rows
from tests.dialogue_lab import write_corpus


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> TaskOptions:
    own = FileOptions(str(write_corpus(tmp_path_factory.mktemp("films"))))
    return TaskOptions("dialogue", own=own, context=32, vocabulary=120, hidden=(8, 8))


@pytest.fixture(scope="module")
def task(options: TaskOptions) -> Task:
    return build_task(options)


def network(task: Task) -> Transformer:
    return Transformer.drawn(task.blueprint(heads=2), stream(0, "test/weights"))


class Sure(Transformer):
    """A network that is sure that the token after the last comes next."""

    def answers(self, x, side=()):  # type: ignore[no-untyped-def]
        del side
        return 100.0 * np.eye(120, dtype=np.float32)[(x.astype(int) + 1) % 120]


def test_a_network_says_what_it_guesses_and_the_same_at_every_look(task: Task, options: TaskOptions) -> None:
    vocabulary, model = vocabulary_of(options), network(task)
    sure = Sure(model.sizes, model.heads, model.blocks)
    expected = vocabulary.text(range(1, 101))
    assert bytes(said(task, sure, vocabulary)).rstrip(b"\0").decode() == expected
    assert (said(task, model, vocabulary) == said(task, model, vocabulary)).all()


def test_attention_on_the_sentence_is_kept_with_its_tokens(task: Task, options: TaskOptions) -> None:
    found = text_exhibit(task, network(task), vocabulary_of(options))
    looks, tokens = found.states["attention"][0], found.states["attention_tokens"][0]
    assert looks.shape == (2, len(tokens), len(tokens))
    np.testing.assert_allclose(looks.sum(axis=-1), 1.0, rtol=1e-5)
    assert PROMPT.startswith("".join(bytes(row).rstrip(b"\0").decode() for row in tokens))
    assert 0 < found.metrics["text_error"] < 1


def test_the_error_of_windows_is_that_of_their_mean_where_they_are_equally_long() -> None:
    bits = stream(0, "test/windows").normal(100, 10, 400)
    characters = np.full(400, 50.0)
    expected = (bits / 50).std(ddof=1) / np.sqrt(400)
    assert error_of(bits, characters) == pytest.approx(expected)
    assert np.isnan(error_of(bits[:1], characters[:1]))


def test_another_task_has_no_text_to_show(task: Task, options: TaskOptions) -> None:
    with pytest.raises(TaskError, match="it has no text to show"):
        text_exhibit(replace(task, metric=ACCURACY), network(task), vocabulary_of(options))


def test_texts_are_cut_or_filled_up() -> None:
    assert [bytes(row) for row in text_rows(["ab", "abcd"], 3)] == [b"ab\0", b"abc"]
