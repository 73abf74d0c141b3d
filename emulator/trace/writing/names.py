"""The interned names of one recorder: a small number stands for a text, which the journal is told once."""

from typing import Final

from emulator.errors import TraceError, nearest
from emulator.trace.schema import MAX_NAMES, TABLES, VOCABULARIES
from emulator.trace.writing.header import Label
from emulator.trace.writing.journal import Kind, blob_segment

__all__ = ["Names", "vocabulary_of"]

_COLUMNS: Final = {f"{table.name}.{column.name}": column for table in TABLES for column in table.columns}


def vocabulary_of(table_column: str) -> str:
    """Return the vocabulary that a column such as ``"commands.agent"`` indexes; raises ``TraceError``."""
    column = _COLUMNS.get(table_column)
    if column is None or column.vocabulary is None:
        named = [name for name, each in _COLUMNS.items() if each.vocabulary]
        raise TraceError(f"label: no names are kept for {table_column!r}; {nearest(table_column, named)}")
    return column.vocabulary


class Names:
    """Number the names of each vocabulary from 0."""

    def __init__(self) -> None:
        self._numbers: dict[str, dict[str, int]] = {vocabulary: {} for vocabulary in VOCABULARIES}

    def intern(self, vocabulary: str, text: str, blobs: list[bytes]) -> int:
        """Return the number of ``text``; a new one leaves its segment in ``blobs``.

        Raises ``TraceError`` when the vocabulary is full, or the text is no name.
        """
        names = self._numbers[vocabulary]
        known = names.get(text)
        if known is not None:
            return known
        number = len(names)
        if number >= MAX_NAMES[vocabulary]:
            raise TraceError(f"{vocabulary} {text!r}: {number} names exist already, and no more are kept")
        blobs.append(blob_segment(Kind.LABEL, Label(vocabulary, number, text).encode()))
        names[text] = number
        return number
