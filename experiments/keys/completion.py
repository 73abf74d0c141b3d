"""What a shell offers when a word is half typed: names of studies, tasks, presets, keys and tables.

Each takes the beginning of a word. Nothing heavy is imported before one is asked.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

import typer

__all__ = ["overrides", "prefixes", "preset_kinds", "presets", "studies", "tables"]


def studies(incomplete: str) -> list[str]:
    """Return the shipped studies that begin so."""
    from experiments.run.launch import shipped_studies

    return _beginning(shipped_studies(), incomplete)


def prefixes(incomplete: str) -> list[str]:
    """Return the sections and keys that begin so."""
    paths = list(_paths())
    sections = (path.rpartition(".")[0] for path in paths)
    return _beginning(dict.fromkeys(chain(filter(None, sections), paths)), incomplete)


def overrides(incomplete: str) -> list[str]:
    """Return the keys that begin so, each with its equals sign."""
    return _beginning((f"{path}=" for path in dict.fromkeys(_paths())), incomplete)


def preset_kinds(incomplete: str) -> list[str]:
    """Return the kinds of presets that begin so."""
    from emulator.instruments.registry import INSTRUMENTS

    return _beginning(INSTRUMENTS, incomplete)


def presets(context: typer.Context, incomplete: str) -> list[str]:
    """Return the presets of the kind that stands before which begin so."""
    from emulator.config.models import preset_names
    from emulator.errors import ConfigError

    try:
        return _beginning(preset_names(str(context.params.get("kind"))), incomplete)
    except ConfigError:
        return []


def tables(incomplete: str) -> list[str]:
    """Return the tables that ``export`` knows and that begin so."""
    from experiments.export.tables import table_names

    return _beginning(table_names(), incomplete)


def _paths() -> Iterator[str]:
    from experiments.keys.listing import listed_keys

    return (one.path for one in listed_keys() if "[" not in one.path)


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
