"""Where an experiment's tables go: stdout, Markdown and CSV beside its figure; it knows no experiment."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from emulator.errors import ConfigError
from experiments.output.files import write_text
from experiments.output.source import source_digest
from experiments.output.streams.standard import say
from experiments.output.tables import Table, to_csv, to_markdown

__all__ = ["folder_of", "publish", "source_note"]


def folder_of(name: str, out: Path) -> Path:
    """Return the folder of the experiment ``name`` under ``out``, made when it is not there.

    Raises ``ConfigError`` when it cannot be made.
    """
    folder = out / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be made a folder: {error.strerror}") from error
    return folder


def source_note(sources: Iterable[str]) -> str:
    """Return which sources made the runs, with a warning when one of them is not the present one."""
    known = tuple(sorted(set(sources)))
    text = f"source {', '.join(known)}.\n"
    if known != (source_digest(),):
        text += (
            "WARNING: not all runs were made by the present source; remove their traces to run them again.\n"
        )
    return text


def publish(name: str, tables: Sequence[Table], provenance: str, folder: Path) -> None:
    """Print the tables and ``provenance``, and write them into ``folder`` as Markdown and CSV."""
    text = "\n".join([*(to_markdown(table) for table in tables), provenance])
    say(f"{text}\n")
    write_text(folder / f"{name}.md", text + "\n")
    for number, table in enumerate(tables, start=1):
        write_text(folder / f"{name}-table{number}.csv", to_csv(table))
    print(f"{name}: tables and figure are in {folder}", file=sys.stderr)
