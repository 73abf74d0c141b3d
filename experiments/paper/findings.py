"""What an experiment of a paper has found: its tables, its figure, and who made the runs; it publishes them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emulator.errors import TaskError
from experiments.output.files import write_text
from experiments.output.publishing import publish
from experiments.output.tables import Table

__all__ = ["Findings", "publish_findings"]


@dataclass(frozen=True)
class Findings:
    """Hold what an experiment found in the folder ``folder``, where its runs lie.

    ``draw`` writes the figure to a PNG file, with a label that is empty for a whole experiment. ``failure`` says
    which runs are missing, and is empty when none is.
    """

    folder: Path
    tables: tuple[Table, ...]
    draw: Callable[[Path, str], None]
    provenance: str
    failure: str = ""


def publish_findings(name: str, found: Findings, label: str = "", json: Path | None = None) -> None:
    """Draw, print and write what was found into its folder, and its JSON to ``json`` too.

    Raises ``TaskError`` after that when runs failed.
    """
    if found.tables:
        found.draw(found.folder / f"{name}.png", label)
        text = publish(name, found.tables, found.provenance, found.folder, label)
        if json is not None:
            write_text(json, text)
    if found.failure:
        raise TaskError(found.failure)
