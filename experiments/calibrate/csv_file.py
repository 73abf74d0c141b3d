"""Rows of a CSV file that somebody measured: read as text, with the line of each; NOT what they say."""

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from emulator.errors import ConfigError, nearest

__all__ = ["refuse_unknown", "rows_of"]


def rows_of(
    path: Path, most_bytes: int, check: Callable[[Path, Sequence[str]], None]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line and fields of every row of the file at ``path``, whose head ``check`` may refuse.

    Raises ``ConfigError`` naming file and line where it cannot be read, has more than ``most_bytes``, or a row has
    other fields than the head.
    """
    try:
        if path.stat().st_size > most_bytes:
            raise ConfigError(f"{path}: it has more than {most_bytes} bytes")
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restkey="", strict=True)
            check(path, reader.fieldnames or ())
            for row in reader:
                if "" in row or None in row.values():
                    raise ConfigError(
                        f"{path}: line {reader.line_num}: it has more or fewer fields than the head"
                    )
                yield reader.line_num, row
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: it is not a CSV file in UTF-8: {error}") from error


def refuse_unknown(path: Path, names: Sequence[str], known: Sequence[str]) -> None:
    """Raise ``ConfigError`` for a column among ``names`` that is not ``known``."""
    for name in names:
        if name not in known:
            hint = nearest(name, known)
            raise ConfigError(
                f"{path}: column {name!r} is unknown; known: {', '.join(known)}; {hint}".rstrip("; ")
            )
