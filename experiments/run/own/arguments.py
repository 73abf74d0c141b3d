"""What a controller's function takes besides the setting: ``--set controller.NAME=value``, by its annotations."""

import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError

from controllers.own import SHARED
from emulator.errors import ConfigError, nearest

__all__ = ["check_call", "parameters_of", "place_of_function", "typed"]

_FREE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class Parameters(NamedTuple):
    """Hold what may be given by name: types, which must be given, whether any name is taken, and the setting."""

    types: Mapping[str, Any]
    required: tuple[str, ...]
    open: bool
    takes_setting: bool


def parameters_of(function: Callable[..., Any]) -> Parameters:
    """Return the parameters of ``function`` behind the setting; types are annotated, or those of defaults."""
    try:
        every = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return Parameters({}, (), True, True)
    try:
        hints = get_type_hints(function)
    except Exception:  # noqa: BLE001  (annotations may be any code)
        hints = {}
    takes = bool(every) and every[0].kind not in (
        inspect.Parameter.KEYWORD_ONLY,
        inspect.Parameter.VAR_KEYWORD,
    )
    behind = every if every and every[0].kind == inspect.Parameter.VAR_POSITIONAL else every[1:]
    named = [one for one in behind if one.kind in _BY_NAME] if takes else []
    types = {}
    for one in named:
        untold = Any if one.default in (inspect.Parameter.empty, None) else type(one.default)
        types[one.name] = hints.get(one.name, untold)
    required = tuple(
        one.name
        for one in behind
        if takes and one.default is inspect.Parameter.empty and one.kind not in _FREE
    )
    free = any(one.kind == inspect.Parameter.VAR_KEYWORD for one in every)
    return Parameters(types, required, free, takes)


def typed(name: str, key: str, value: object, known: Parameters) -> object:
    """Return ``value`` as the type that the controller ``name`` has for ``key``; raises ``ConfigError``."""
    if key not in known.types and not known.open:
        allowed = tuple(dict.fromkeys((*known.types, *SHARED)))
        hint = nearest(key, allowed)
        raise ConfigError(
            f"controller.{key} = {value!r:.60} is refused: {name} takes no {key!r}; allowed: {', '.join(allowed)}"
            f"{hint and f'; {hint}'}"
        )
    wanted = known.types.get(key, Any)
    words = str(getattr(wanted, "__name__", wanted)).replace("typing.", "")
    try:
        return TypeAdapter(wanted).validate_json(json.dumps(value), strict=True)
    except PydanticSchemaGenerationError:
        raise ConfigError(
            f"controller.{key} = {value!r:.60} is refused: {name} takes a {words} there, which no text can give"
        ) from None
    except (ValidationError, TypeError) as error:
        raise ConfigError(
            f"controller.{key} = {value!r:.60} is refused; {name} takes a {words} there"
        ) from error


def check_call(name: str, function: Callable[..., Any], given: Mapping[str, object]) -> None:
    """Raise ``ConfigError`` unless ``function`` can be called with a setting and what was ``given``."""
    known, place = parameters_of(function), place_of_function(function)
    if not known.takes_setting:
        raise ConfigError(
            f"controller {name}{place}: it takes no argument; a controller takes the setting: "
            "def NAME(setting): ..."
        )
    missing = [key for key in known.required if key not in given]
    if missing:
        raise ConfigError(
            f"controller {name}{place}: it takes {', '.join(missing)} besides the setting, without a default; "
            f"give a default, or --set controller.{missing[0]}=..."
        )


def place_of_function(function: Callable[..., Any]) -> str:
    """Return in which line ``function`` is defined, where that can be told."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return ""
    return f", {code.co_filename.replace(chr(92), '/').rpartition('/')[2]} line {code.co_firstlineno}"
