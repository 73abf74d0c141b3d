"""Where an experiment's tables go: stdout, Markdown, CSV and JSON beside its figure; it knows no experiment."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from emulator.errors import ConfigError
from experiments.output.files import write_text
from experiments.output.json import to_json
from experiments.output.source import source_digest
from experiments.output.streams.standard import say
from experiments.output.tables import Table, to_csv, to_markdown, tree_of

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


def publish(name: str, tables: Sequence[Table], provenance: str, folder: Path, label: str = "") -> str:
    """Print the tables and ``provenance``, write them into ``folder`` as Markdown, CSV and JSON; return the JSON.

    ``label`` is said first where it is not empty: what a reader must know of all of it.
    """
    text = "\n".join([*([f"**{label}**\n"] if label else ()), *map(to_markdown, tables), provenance])
    say(f"{text}\n")
    write_text(folder / f"{name}.md", text + "\n")
    for number, table in enumerate(tables, start=1):
        write_text(folder / f"{name}-table{number}.csv", to_csv(table))
    about = {"name": name, "label": label, "provenance": provenance.strip()}
    whole = to_json({**about, "tables": [tree_of(table) for table in tables]}) + "\n"
    write_text(folder / f"{name}.json", whole)
    print(f"{name}: tables and figure are in {folder}", file=sys.stderr)
    return whole
