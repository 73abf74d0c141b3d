"""What a public function is given, judged before it is used: each judge returns the value, or refuses it.

``where`` opens the message and names function and argument, "OPU: n_components".
"""

import math
import operator
from collections.abc import Iterable, Mapping
from pathlib import Path
from reprlib import Repr
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from emulator.errors import CommandError, ConfigError, LightloopError, nearest

__all__ = [
    "UNREADABLE",
    "checked_array",
    "checked_choice",
    "checked_flag",
    "checked_kind",
    "checked_mapping",
    "checked_number",
    "checked_path",
    "checked_whole",
    "shown",
    "unreadable",
]

_Sort = TypeVar("_Sort")
_Refusal = type[LightloopError]

_SHORT: Final = Repr()
_SHORT.maxstring = _SHORT.maxother = 60  # characters of a text, and of what has a repr of its own

UNREADABLE: Final = (TypeError, ValueError, AttributeError, LookupError, OverflowError)
"""What Python raises for a value of a kind that nobody expected."""


def unreadable(command: object, error: Exception) -> CommandError:
    """Return the refusal of a command that met ``error``: what it was given, and what its class declares."""
    declared = getattr(type(command), "__annotations__", {})
    given = ", ".join(f"{name} = {shown(getattr(command, name, None))}" for name in declared)
    types = ", ".join(f"{name}: {getattr(sort, '__name__', sort)}" for name, sort in declared.items())
    return CommandError(f"{type(command).__name__}: {given} is refused: {error}; allowed: {types}")


def shown(value: object) -> str:
    """Return ``value`` as a message shows it, short; an array or a tensor by its shape and type."""
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if isinstance(shape, tuple) and dtype is not None and not isinstance(value, np.generic):
        return f"{type(value).__name__} of shape {tuple(shape)} and type {dtype}"
    return _SHORT.repr(value)


def checked_whole(
    where: str, value: object, low: int, high: int | None = None, error: _Refusal = ConfigError
) -> int:
    """Return ``value`` as an int, ``low`` to ``high``; raises ``error`` for others, 3.0 and True among them."""
    try:
        found = None if isinstance(value, bool | np.bool_ | np.ndarray) else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        found = None
    if found is None or found < low or (high is not None and found > high):
        allowed = f">= {low}" if high is None else f"{low}..{high}"
        raise error(f"{where} = {shown(value)} is refused; allowed: a whole number, {allowed}")
    return found


def checked_number(where: str, value: object, error: _Refusal = ConfigError) -> float:
    """Return the finite real number ``value`` as a float; raises ``error`` for texts, booleans and arrays, too."""
    if isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool):
        try:
            found = float(value)
        except OverflowError:
            found = math.inf
        if math.isfinite(found):
            return found
    raise error(f"{where} = {shown(value)} is refused; allowed: a finite number")


def checked_flag(where: str, value: object, error: _Refusal = ConfigError) -> bool:
    """Return ``value``, which is True or False; raises ``error`` for others."""
    if not isinstance(value, bool | np.bool_):
        raise error(f"{where} = {shown(value)} is refused; allowed: True or False")
    return bool(value)


def checked_choice(where: str, value: object, allowed: Iterable[str], error: _Refusal = ConfigError) -> str:
    """Return ``value``, which is one of the texts ``allowed``; raises ``error`` for others, with the nearest."""
    known = tuple(allowed)
    if isinstance(value, str) and value in known:
        return value
    hint = nearest(value, known) if isinstance(value, str) else ""
    raise error(f"{where} = {shown(value)} is refused; allowed: {', '.join(known)}{hint and f'; {hint}'}")


def checked_kind(
    where: str, value: object, sort: type[_Sort], allowed: str, error: _Refusal = ConfigError
) -> _Sort:
    """Return ``value``, which is a ``sort``; raises ``error`` for others and says in words what is ``allowed``."""
    if not isinstance(value, sort):
        raise error(f"{where} = {shown(value)} is refused; allowed: {allowed}")
    return value


def checked_mapping(
    where: str, value: object, allowed: str, error: _Refusal = ConfigError
) -> Mapping[str, Any]:
    """Return ``value``, a mapping whose keys are texts; raises ``error`` for others, with what is ``allowed``."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise error(f"{where} = {shown(value)} is refused; allowed: {allowed}")
    return value


def checked_path(where: str, value: object, error: _Refusal = ConfigError) -> Path:
    """Return ``value``, a text or a path of at least one character, as a path; raises ``error`` for others."""
    if not isinstance(value, str | Path) or not str(value) or "\0" in str(value):
        raise error(f"{where} = {shown(value)} is refused; allowed: a text or a Path")
    return Path(value)


def checked_array(
    where: str, value: object, allowed: str, kinds: str = "buif", error: _Refusal = ConfigError
) -> NDArray[Any]:
    """Return ``value`` as an array of NumPy's ``kinds`` of numbers; ``allowed`` says in words which arrays are.

    Raises ``error`` for what is no such array: ragged lists, texts, sparse matrices, and tensors that keep a
    gradient or lie elsewhere.
    """
    try:
        found = np.asarray(value)
    except (TypeError, ValueError, RuntimeError, OverflowError) as cause:
        raise error(f"{where} = {shown(value)} is refused: {cause}; allowed: {allowed}") from cause
    if found.dtype.kind not in kinds:
        raise error(f"{where} = {shown(value)}, of type {found.dtype}, is refused; allowed: {allowed}")
    return found
