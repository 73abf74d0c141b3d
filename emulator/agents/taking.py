"""What an agent starts is taken as it is then: who fills its arrays again changes the next command only."""

from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

__all__ = ["taken"]


def taken(value: Any) -> Any:
    """Return ``value``, a command or a part of one, with its own arrays and lists where others might write."""
    if isinstance(value, np.ndarray):
        return value.copy() if value.flags.writeable or value.base is not None else value
    if isinstance(value, list):
        return list(value)
    if isinstance(value, tuple) and hasattr(value, "_make"):
        return value._make(map(taken, value))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: taken(getattr(value, each.name)) for each in fields(value)})
    return value
