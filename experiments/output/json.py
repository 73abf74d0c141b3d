"""JSON for machines: records and numbers as standard JSON, in which what is not finite is null."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass

__all__ = ["finite", "to_json"]


def to_json(record: object, indent: int | None = 2) -> str:
    """Return a record, or a mapping or list of values and records, as one JSON text."""
    return json.dumps(finite(record), indent=indent, allow_nan=False)


def finite(value: object) -> object:
    """Return ``value`` as trees of JSON's types; a float that is not finite becomes None, a record a mapping."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if is_dataclass(value) and not isinstance(value, type):
        return finite(asdict(value))
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    return [finite(item) for item in value] if isinstance(value, list | tuple) else value
