"""What is shown of a network that guesses tokens: what it says as it learns, and where it looks at the end.

Texts go into the trace as bytes, a row each, filled up with zeros.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.sets import FloatArray
from emulator.errors import TaskError
from emulator.streams import stream
from experiments.models.model import Model
from experiments.models.transformer import Transformer
from experiments.tasks.exhibits import Exhibit
from experiments.tasks.task import Task
from experiments.tasks.text.judge import BitsPerCharacter
from experiments.tasks.text.vocabulary import Vocabulary

__all__ = ["PROMPT", "TEMPERATURE", "error_of", "said", "text_exhibit", "text_rows"]

PROMPT: Final = "HAMLET: To be, or not to be: that is the question:"
"""Of a play that nothing learnt from; where the network looks in it is shown."""
TEMPERATURE: Final = 0.8
"""Outputs are divided by it before a token is drawn; assumed."""

_BEGIN: Final = "\n"
_SAID: Final = 100
_BYTES: Final = 1024


def said(task: Task, model: Model, vocabulary: Vocabulary) -> NDArray[np.uint8]:
    """Return in bytes what the network says from the beginning of a line on: 100 tokens, each drawn as it guesses.

    The draws are those of one stream, the same at every look.
    """
    rng = stream(task.options.seed, f"task/{task.name}/said")
    context = task.layer_sizes[0]
    tokens = [int(one) for one in vocabulary.encoded(_BEGIN)]
    for _ in range(_SAID):
        seen = np.array([tokens[-context:]], dtype=np.float64)
        scores = model.answers(seen)[0, -1].astype(np.float64) / TEMPERATURE
        shares = np.cumsum(np.exp(scores - scores.max()))
        tokens.append(int(np.searchsorted(shares, rng.random() * shares[-1], side="right")))
    rows = text_rows([vocabulary.text(tokens[1:])], _BYTES)
    return rows.ravel()


def text_exhibit(task: Task, model: Model, vocabulary: Vocabulary) -> Exhibit:
    """Return the standard error of what the network was judged by, and its mean attention on ``PROMPT``.

    Raises ``TaskError`` when the task is not judged by bits a character.
    """
    if not isinstance(task.metric, BitsPerCharacter):
        raise TaskError(f"task '{task.name}': it has no text to show; allowed: a task of text")
    error = error_of(*task.metric.of_windows(model.answers(task.x_test), task.y_test))
    if not isinstance(model, Transformer):
        return Exhibit({"text_error": error})
    tokens = vocabulary.encoded(PROMPT)[: task.layer_sizes[0]]
    looks = model.attention(tokens[np.newaxis].astype(np.float64))[:, 0].mean(axis=1)
    words = [vocabulary.tokens[token] for token in tokens]
    return Exhibit(
        {"text_error": error},
        {
            "attention": (looks.astype(np.float64), "1"),
            "attention_tokens": (text_rows(words, max(map(len, words))), "1"),
        },
    )


def error_of(bits: FloatArray, characters: FloatArray) -> float:
    """Return the standard error that the choice of windows leaves in the sum of ``bits`` over that of characters.

    Both have shape (windows,); it is that of a ratio (W. Cochran, *Sampling Techniques* (1977)), and NaN of one.
    """
    rest = bits - bits.sum() / characters.sum() * characters
    count = len(bits)
    return (
        float(np.sqrt((rest**2).sum() / (count - 1) / count) / characters.mean())
        if count > 1
        else float("nan")
    )


def text_rows(texts: list[str], width: int) -> NDArray[np.uint8]:
    """Return ``texts`` in bytes, (texts, ``width``), each cut or filled up with zeros."""
    rows = [text.encode("ascii", "replace")[:width].ljust(width, b"\0") for text in texts]
    return np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(texts), width)
