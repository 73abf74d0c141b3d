"""A corpus of films of our own in Cornell's layout, and tiny studies of dialogues."""

from pathlib import Path
from typing import Final

from data.dialogues import FILES
from emulator.streams import stream

TALKS: Final = 30
"""Conversations of a film."""

_FILMS: Final = 6
_WORDS: Final = (
    "the",
    "a",
    "of",
    "light",
    "and",
    "dark",
    "comes",
    "goes",
    "shall",
    "never",
    "lens",
    "you",
    "they",
)


def write_corpus(folder: Path) -> Path:
    """Write both files of a corpus of ``_FILMS`` films into ``folder``, and return it."""
    lines, talks = [], []
    for film in range(_FILMS):
        rng = stream(film, "test/films")
        for talk in range(TALKS):
            first = len(lines)
            words = " ".join(rng.choice(_WORDS, 8)) if talk else "A caf\u00e9, 0 steps from here."
            lines.append(f"L{first} +++$+++ u0 +++$+++ m{film} +++$+++ ANNA +++$+++ {words}")
            answer = " ".join(rng.choice(_WORDS, 6)) if talk else ""
            lines.append(f"L{first + 1} +++$+++ u1 +++$+++ m{film} +++$+++ BERT +++$+++ {answer}".rstrip())
            talks.append(f"u0 +++$+++ u1 +++$+++ m{film} +++$+++ ['L{first}', 'L{first + 1}']")
    for name, content in zip(FILES, (lines, talks), strict=True):
        (folder / name).write_text("\n".join(content) + "\n", encoding="iso-8859-1")
    return folder
