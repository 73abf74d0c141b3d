"""Byte pairs: the same texts give the same tokens, and no character is lost."""

import hashlib
import os

import pytest

from data.dialogues import load_dialogues
from emulator.errors import TaskError
from experiments.tasks.text.vocabulary import LEAST, learn_vocabulary

TEXTS = [work.text for work in load_dialogues().works[:2]]


def test_a_vocabulary_of_given_texts_is_one_and_the_same() -> None:
    tokens = learn_vocabulary(TEXTS, 300).tokens
    assert hashlib.sha256(repr(tokens).encode()).hexdigest()[:16] == "731992d30be0f3e9"
    assert (len(tokens), tokens[0]) == (300, "\n")
    assert "TOKENIZERS_PARALLELISM" not in os.environ


def test_every_text_in_the_alphabet_comes_back_whole_and_its_characters_are_those_of_its_tokens() -> None:
    vocabulary = learn_vocabulary(TEXTS, 300)
    for text in (
        TEXTS[0][:5000],
        "Xylophones @ 3.50 {never seen}\n\n  ~~",
        "".join(map(chr, range(32, 127))),
    ):
        tokens = vocabulary.encoded(text)
        assert vocabulary.text(tokens) == text
        assert vocabulary.lengths[tokens].sum() == len(text)


def test_without_merges_tokens_are_characters() -> None:
    vocabulary = learn_vocabulary(["abc"], LEAST)
    assert list(vocabulary.lengths) == [1] * LEAST


def test_more_tokens_than_a_text_gives_are_refused_with_what_it_gives() -> None:
    with pytest.raises(
        TaskError, match=r"task.vocabulary = 500 is refused: .* gives 98 tokens; allowed: 96..98"
    ):
        learn_vocabulary(["abc"], 500)
