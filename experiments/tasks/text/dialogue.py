"""Guessing the next token of dialogues: Shakespeare's, shipped, or Cornell's of films where one has them.

Whole plays are held out, and the vocabulary is learnt from those to learn from alone. Text is cut into windows of
as many tokens as the network sees; the held-out parts are judged on windows spread evenly over all their plays. The
first tokens of a window are guessed from little, which counts in full.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from data.dialogues import Dialogues, Script, load_dialogues, load_movies
from data.sets import FloatArray, IntArray
from emulator.errors import TaskError
from emulator.streams import stream
from experiments.tasks.splits import choose_split
from experiments.tasks.task import Task, TaskKind, TaskOptions
from experiments.tasks.text.exhibit import said, text_exhibit
from experiments.tasks.text.judge import NEXT_TOKEN, BitsPerCharacter
from experiments.tasks.text.vocabulary import Vocabulary, learn_vocabulary

__all__ = ["KIND", "Parts", "build_dialogue", "parts_of", "vocabulary_of"]

_CONTEXT: Final = 64
_VOCABULARY: Final = 512
_HIDDEN: Final = (64, 64, 64, 64)
_CHOSEN_BY: Final = 10_000
_TESTED_ON: Final = 40_000
"""Tokens, at most, on which validation and test part are judged; a look takes as long as that."""
_TEST_SHARE: Final = 0.1


class Parts(NamedTuple):
    """Hold the works to learn from, to choose by, and to test on."""

    train: tuple[Script, ...]
    val: tuple[Script, ...]
    test: tuple[Script, ...]


def build_dialogue(options: TaskOptions) -> Task:
    """Build the task from the shipped plays, or from the folder of films that ``options.own.path`` names.

    Raises ``TaskError`` when files are missing or not sound, or the options do not fit them.
    """
    choose_split(options, ("works",))
    for key, given in (("classes", options.classes is not None), ("constant_input", options.constant_input)):
        if given:
            raise TaskError(f"task.{key} is refused with the task '{options.name}': its inputs are tokens")
    found, parts = _loaded(options)
    context, hidden = options.context or _CONTEXT, options.hidden_or(_HIDDEN)
    vocabulary = _learnt(options, parts)
    (x_train, y_train), val, test = (_windows(vocabulary, each, context) for each in parts)
    (x_val, y_val), (x_test, y_test) = _spread(*val, _CHOSEN_BY), _spread(*test, _TESTED_ON)
    own = options.own if options.own.path is None else replace(options.own, digest=found.sha256)
    return Task(
        name=options.name,
        title=f"{found.title}, cut into {len(vocabulary.tokens):,} tokens",
        layer_sizes=(context, *hidden, len(vocabulary.tokens)),
        x_train=x_train,
        y_train=y_train,
        x_val=x_val,
        y_val=y_val,
        x_test=x_test,
        y_test=y_test,
        options=replace(
            options, own=own, split="works", hidden=hidden, context=context, vocabulary=len(vocabulary.tokens)
        ),
        source=found.source,
        loss=NEXT_TOKEN,
        metric=BitsPerCharacter(vocabulary.lengths),
        bounded=False,
        tokens=True,
        exhibit=partial(text_exhibit, vocabulary=vocabulary),
        glimpse=partial(said, vocabulary=vocabulary),
    )


def vocabulary_of(options: TaskOptions) -> Vocabulary:
    """Return what the task with these options cuts text into."""
    return _learnt(options, _loaded(options)[1])


def _loaded(options: TaskOptions) -> tuple[Dialogues, Parts]:
    own = options.own
    found = load_dialogues() if own.path is None else load_movies(Path(own.path), own.digest)
    return found, parts_of(found, options)


def _learnt(options: TaskOptions, parts: Parts) -> Vocabulary:
    return learn_vocabulary([work.text for work in parts.train], options.vocabulary or _VOCABULARY)


def parts_of(found: Dialogues, options: TaskOptions) -> Parts:
    """Return ``found`` in parts that share no work: its held-out ones are the test, or a tenth at random.

    The options' share of the others, two at least and drawn by their seed, is held out to choose by. Raises
    ``TaskError`` when nothing is left to learn from.
    """
    works = found.works
    drawn = stream(options.seed, f"task/{options.name}/test").permutation(len(works))
    tests = {work.name for work in works if work.name in found.held_out} or {
        works[at].name for at in drawn[: max(2, round(_TEST_SHARE * len(works)))]
    }
    others = [work for work in works if work.name not in tests]
    order = stream(options.seed, f"task/{options.name}/val").permutation(len(others))
    held = {others[at].name for at in order[: max(2, round(options.validation_fraction * len(others)))]}
    train = tuple(work for work in others if work.name not in held)
    if not train:
        raise TaskError(
            f"task '{options.name}': of {len(works)} works none is left to learn from; allowed: >= 5"
        )
    return Parts(
        train,
        tuple(work for work in others if work.name in held),
        tuple(work for work in works if work.name in tests),
    )


def _windows(vocabulary: Vocabulary, works: Sequence[Script], context: int) -> tuple[FloatArray, IntArray]:
    """Return windows of ``context`` tokens of all ``works``, and the token behind each; both (windows, context).

    A remainder at the end of a work is left out. Raises ``TaskError`` where no work has as many tokens.
    """
    x, y = [], []
    for work in works:
        tokens = vocabulary.encoded(work.text)
        count = (len(tokens) - 1) // context
        x.append(tokens[: count * context].reshape(count, context))
        y.append(tokens[1 : count * context + 1].reshape(count, context))
    if not sum(map(len, x)):
        raise TaskError(f"task.context = {context:,} is refused: no work of a part has so many tokens")
    return np.concatenate(x).astype(np.float64), np.concatenate(y)


def _spread(x: FloatArray, y: IntArray, tokens: int) -> tuple[FloatArray, IntArray]:
    """Return windows of as many ``tokens``, or all, as far apart as can be."""
    wanted = min(len(x), max(1, tokens // x.shape[1]))
    rows = np.arange(wanted) * len(x) // wanted
    return x[rows], y[rows]


KIND = TaskKind("dialogue", build_dialogue)
