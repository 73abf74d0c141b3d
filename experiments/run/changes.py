"""Changes to a study or a preset: Python values, as the text that follows ``--set`` on the command line."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from emulator.arguments import checked_mapping
from emulator.errors import ConfigError

__all__ = ["Changes", "overrides"]

Changes = Mapping[str, object]
"""Values of a study by their dotted keys: {"controller.queries": 500, "chip.link.latency_s": "10 us"}."""


def overrides(changes: Changes | None) -> tuple[str, ...]:
    """Return ``changes`` as the command line would have them after ``--set``; raises ``ConfigError``."""
    if changes is None:
        return ()
    given = checked_mapping("changes", changes, "values by dotted keys, {'controller.queries': 500}")
    return tuple(f"{key}={_toml(key, value)}" for key, value in given.items())


def _toml(key: str, value: object) -> str:
    """Return ``value`` as TOML; JSON's numbers, texts and lists are."""
    try:
        return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{key} = {value!r:.60} is refused: {error}") from error


def _plain(value: object) -> object:
    """Return ``value`` without NumPy's numbers and paths; raises ``TypeError`` for what no key can have."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    raise TypeError("allowed: a number, a text, True, False, or a list of these")
