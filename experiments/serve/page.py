"""The table of commands in docs/wire.md, made of the kinds of instrument; run it to write the page anew."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from emulator.instruments.registry import INSTRUMENTS
from emulator.instruments.wire import Taken
from emulator.remote.server.service import table_of
from emulator.remote.words.table import Entry

__all__ = ["PAGE", "write", "written"]

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "wire.md"
_BEGIN: Final = "<!-- commands: begin (written by `make docs`) -->\n"
_END: Final = "<!-- commands: end -->\n"
_COMMON: Final = "Every bench"


def written(page: str) -> str:
    """Return ``page`` with its table made anew."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}{''.join(_tables())}{_END}{after}"


def write() -> None:
    """Write the page anew."""
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def _tables() -> Iterator[str]:
    kinds = tuple(INSTRUMENTS.values())
    entries = table_of(kinds).entries
    for part in ("", *(kind.name for kind in kinds if kind.words.root)):
        yield f"\n### {part or _COMMON}\n\n| header | takes | what it does | command |\n|---|---|---|---|\n"
        yield from (_row(entry) for entry in entries if entry.part_of == part)
    yield "\n"


def _row(entry: Entry) -> str:
    takes = ", ".join(_taken(each) for each in entry.takes)
    cells = (f"`{entry.words}`", takes, entry.what, entry.asks and f"`{entry.asks}`")
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _taken(taken: Taken) -> str:
    words = f" ({' or '.join(taken.choices)})" if taken.choices else ""
    text = f"{taken.name}: {taken.what}{words}"
    return f"[{text}]" if taken.optional else text


if __name__ == "__main__":
    write()
