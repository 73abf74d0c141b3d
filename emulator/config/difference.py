"""Where configurations differ: any number of them, trees of TOML or validated models, value by dotted path.

Comparisons of traces, re-timings and what-ifs all ask here; what a difference means to them is their own matter.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

__all__ = ["Difference", "Scalar", "differences", "leaves", "scalar"]

Scalar = bool | int | float | str | None
"""A value of a configuration as tables and JSON show it: a list stands as its JSON text."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Name a dotted path on which configurations differ; ``values`` has one for each, None where it lacks."""

    key: str
    values: tuple[object, ...]


def differences(configurations: Sequence[Mapping[str, object]]) -> tuple[Difference, ...]:
    """Return the paths that do not have the same value in all of ``configurations``, sorted.

    Each gives its values by path, as ``leaves`` does. True is not 1; a path that is missing has the value None.
    """
    paths = sorted(set().union(*configurations))
    rows = [Difference(path, tuple(one.get(path) for one in configurations)) for path in paths]
    return tuple(row for row in rows if any(_differs(row.values[0], other) for other in row.values[1:]))


def leaves(section: BaseModel | Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Return every value of a configuration by its dotted path; a section without values is one itself."""
    names = type(section).model_fields if isinstance(section, BaseModel) else section
    found: dict[str, object] = {}
    for name in names:
        value = getattr(section, name) if isinstance(section, BaseModel) else section[name]
        below = leaves(value, f"{prefix}{name}.") if isinstance(value, BaseModel | Mapping) else {}
        found |= below or {f"{prefix}{name}": value}
    return found


def scalar(value: object) -> Scalar:
    """Return ``value`` as it is or, if it is neither a number nor a text, as its JSON text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return json.dumps(value, default=_plain)


def _plain(value: object) -> object:
    return value.model_dump() if isinstance(value, BaseModel) else str(value)


def _differs(one: object, other: object) -> bool:
    return isinstance(one, bool) is not isinstance(other, bool) or one != other
