"""Byte-pair encoding of text by the library ``tokenizers``: learnt here, from given text alone; nothing is fetched.

The alphabet is printable ASCII and the newline, whatever the text, so that every text in it has an encoding and a
token's length in characters is exact. A merge never crosses from one word into the next: a word is a run of
letters, digits or marks, with the space in front of it.

Source: R. Sennrich, B. Haddow, A. Birch, *Neural Machine Translation of Rare Words with Subword Units* (2016).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from data.sets import IntArray
from emulator.errors import TaskError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["LEAST", "Vocabulary", "learn_vocabulary"]

_ALPHABET: Final = ["\n", *map(chr, range(32, 127))]
LEAST: Final = len(_ALPHABET)
"""Tokens of a vocabulary that has learnt nothing: the characters."""

_WORDS: Final = r"\n| ?[A-Za-z]+| ?[0-9]+| ?[^A-Za-z0-9 \n]+| +"


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Hold what text is cut into; ``tokens`` are texts, by number."""

    tokens: tuple[str, ...]
    _cutter: "Tokenizer"
    _known: dict[str, list[int]] = field(default_factory=dict)
    """Words that have been cut, as most of a text are words that have been: it is three times as fast."""

    @property
    def lengths(self) -> IntArray:
        """Return the characters of each token, shape (tokens,)."""
        return np.array([len(token) for token in self.tokens], dtype=np.int64)

    def encoded(self, text: str) -> IntArray:
        """Return the tokens that ``text``, in the alphabet, is cut into; their texts joined are ``text``."""
        found: list[int] = []
        for word in re.findall(_WORDS, text):
            if word not in self._known:
                self._known[word] = self._cutter.encode(word).ids
            found += self._known[word]
        return np.array(found, dtype=np.int64)

    def text(self, tokens: Iterable[int]) -> str:
        """Return what ``tokens`` say."""
        return "".join(self.tokens[token] for token in tokens)


def learn_vocabulary(texts: Sequence[str], size: int) -> Vocabulary:
    """Return a vocabulary of ``size`` tokens for ``texts``; the same texts always give the same one.

    Raises ``TaskError`` when the package ``tokenizers`` is not installed, or the texts have not enough pairs.
    """
    try:
        from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers
    except ImportError as error:
        raise TaskError(
            "task 'dialogue': to cut text into tokens, install the extra: pip install 'lightloop[text]'"
        ) from error
    cutter = Tokenizer(models.BPE())
    cutter.pre_tokenizer = pre_tokenizers.Split(Regex(_WORDS), behavior="isolated")
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=_ALPHABET, show_progress=False)
    with _one_thread():
        cutter.train_from_iterator(_lines(texts), trainer)
    numbers = cutter.get_vocab()
    if len(numbers) != size:
        raise TaskError(
            f"task 'dialogue': task.vocabulary = {size:,} is refused: the text to learn from gives "
            f"{len(numbers):,} tokens; allowed: {LEAST}..{len(numbers):,}"
        )
    return Vocabulary(tuple(sorted(numbers, key=numbers.__getitem__)), cutter)


def _lines(texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        yield from text.splitlines(keepends=True)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep the library's threads away: a process that has had them may not fork without a warning."""
    from os import environ

    name = "TOKENIZERS_PARALLELISM"
    before = environ.get(name)
    environ[name] = "false"
    try:
        yield
    finally:
        if before is None:
            del environ[name]
        else:
            environ[name] = before
