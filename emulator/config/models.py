"""Strict configuration: trees merged as plain dicts, validated once into frozen models; it knows no hardware.

One dotted path (``chip.heaters.tau_s``) is TOML key, ``--set`` override, sweep axis and report column. A tree
passes through ``read_toml``, ``merge`` and ``with_overrides`` to ``build``; a model fills in its own preset.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache, reduce
from importlib.resources import files
from operator import or_
from types import GenericAlias
from typing import Annotated, Any, ClassVar, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

import emulator
from emulator.config.amounts import number
from emulator.config.explain import explain, first_key, paths
from emulator.config.quantities import (
    Amperes,
    BitRate,
    Bits,
    Decibels,
    DecibelsPerHertz,
    Fraction,
    Hertz,
    Joules,
    Meters,
    Name,
    NoiseDensity,
    PerMeter,
    PositiveInt,
    Radians,
    RadPerSquareVolt,
    Responsivity,
    Seconds,
    Volts,
    Watts,
)
from emulator.config.toml import MAX_LINE, Tree, parse_toml, read_toml, to_toml
from emulator.errors import ConfigError, nearest

__all__ = [
    "Amperes",
    "BitRate",
    "Bits",
    "Decibels",
    "DecibelsPerHertz",
    "Fraction",
    "Hertz",
    "Joules",
    "Meters",
    "Name",
    "NoiseDensity",
    "PerMeter",
    "PositiveInt",
    "PresetModel",
    "RadPerSquareVolt",
    "Radians",
    "Responsivity",
    "Seconds",
    "StrictModel",
    "Tree",
    "Volts",
    "Watts",
    "build",
    "digest",
    "merge",
    "parse_toml",
    "paths",
    "place_of",
    "preset",
    "preset_names",
    "read_file_mark",
    "read_toml",
    "refusal",
    "to_toml",
    "with_overrides",
]

M = TypeVar("M", bound=BaseModel)

SET: Final = "--set"
"""Where what is refused came from, when it came from an override."""

_READ = re.compile(r"([^/\\]+)#[0-9a-f]{32}")
"""What ``preset`` says when its file has been read."""

_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,15}")


class StrictModel(BaseModel):
    """A frozen section of the configuration: unknown keys, NaN, infinity and silent conversions are refused.

    TOML arrays arrive as lists; fields are declared as tuples. Calling the class turns pydantic's
    ``ValidationError`` into one ``ConfigError``, as ``build`` does for outside data, whose place it tells.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        validate_default=True,
        str_max_length=500,
    )

    def __init__(self, /, **keys: Any) -> None:
        try:
            super().__init__(**keys)
        except ValidationError as error:
            raise ConfigError(f"{type(self).__name__}: {explain(error, type(self), keys)}") from error

    # The mark keeps pydantic from calling this for a section within another, of which it tells the whole path.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @model_validator(mode="before")
    @classmethod
    def _lists_to_tuples(cls, data: object) -> object:
        return {key: _tuples(value) for key, value in data.items()} if isinstance(data, dict) else data


class PresetModel(StrictModel):
    """A section that may start from a preset of its kind; the keys that are given overlay the preset."""

    preset_kind: ClassVar[str]
    """Folder of ``emulator/presets`` that the names come from."""

    preset: str | None = None
    """Name of a shipped preset, or a file of one's own, "./mine.toml"; a trace keeps the file's name and digest."""

    @model_validator(mode="before")
    @classmethod
    def _start_from_preset(cls, data: object) -> object:
        if not isinstance(data, dict) or not isinstance(data.get("preset"), str):
            return data
        if read_file_mark(data["preset"]) is not None:
            return data  # its numbers stand here
        try:
            return merge(preset(cls.preset_kind, data["preset"]), data)
        except ConfigError as error:
            raise refusal("preset", str(error)) from error


def many_of(models: Iterable[type[StrictModel]]) -> Any:
    """Return the type of a list of sections of which each is one of ``models``, told apart by ``kind``."""
    kinds = tuple(models)
    either: Any = reduce(or_, kinds)
    one = either if len(kinds) == 1 else Annotated[either, Field(discriminator="kind")]
    return GenericAlias(tuple, (one, ...))


def refusal(key: str, reason: str) -> PydanticCustomError:
    """Return the error that a model validator raises to refuse ``key``, a dotted path below its model."""
    return PydanticCustomError("refused", "{reason}", {"key": key, "reason": reason})


def merge(base: Mapping[str, object], over: Mapping[str, object]) -> Tree:
    """Return a new tree: ``base`` overlaid by ``over``, section by section; lists are replaced."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def with_overrides(tree: Mapping[str, object], overrides: Iterable[str]) -> Tree:
    """Return ``tree`` with overrides such as ``"chip.heaters.tau_s=2 us"`` in order; the last one wins.

    A value is read as TOML and, where it is none, taken as text; one that stands in a file comes with its value. A
    malformed override is a ``ConfigError``.
    """
    result = dict(tree)
    for override in overrides:
        key, equals, text = override.partition("=")
        key, text, origin = key.strip(), text.strip(), getattr(override, "origin", SET)
        if not (equals and (text or origin != SET) and _KEY.fullmatch(key)):
            raise ConfigError(f"{SET} {override[:80]!r} is refused; allowed: section.key=value")
        value = _value(text, f"{SET} {key}") if origin == SET else getattr(override, "value", None)
        result = merge(result, _nested(key, value, result, origin))
    return result


def _nested(key: str, value: object, tree: Mapping[str, object], where: str = SET) -> Tree:
    """Return a tree with only ``value`` at the dotted ``key``; a path through a value is refused."""
    *sections, last = key.split(".")
    node: object = tree
    for depth, section in enumerate(sections, start=1):
        node = node.get(section, {}) if isinstance(node, Mapping) else node
        if not isinstance(node, Mapping):
            path = ".".join(sections[:depth])
            raise ConfigError(
                f"{where} {key} is refused: {path} = {str(node)[:60]!r} is a value, not a section"
            )
    nested: Tree = {last: value}
    for section in reversed(sections):
        nested = {section: nested}
    return nested


def _value(text: str, where: str) -> object:
    """Return ``text`` read as one TOML value, or as itself; a newline could smuggle in a second key."""
    if len(text) > MAX_LINE or "\n" in text or "\r" in text:
        raise ConfigError(f"{where}: the value must be one line of up to {MAX_LINE} characters")
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return _plain_number(text)


def _plain_number(text: str) -> float | str:
    """Return ``text`` as the number that TOML does not take it for (".15", "1."), or as it is."""
    if "." not in text:
        return text
    try:
        return number(text)
    except ConfigError:
        return text


def build(model_cls: type[M], tree: Mapping[str, object], where: str, overrides: Iterable[str] = ()) -> M:
    """Return ``tree`` validated as a ``model_cls``; ``where`` (a file, ``"--set"``) opens the error message.

    Raises one ``ConfigError`` of one line: place, dotted key, value, what is allowed, nearest key of a typo. The
    place is ``"--set"`` where one of ``overrides``, with which ``tree`` was made, gave what is refused.
    """
    try:
        return model_cls.model_validate(dict(tree))
    except ValidationError as error:
        place = place_of(first_key(error, tree), where, overrides)
        raise ConfigError(f"{place}: {explain(error, model_cls, tree)}") from error


def place_of(key: str, where: str, overrides: Iterable[str]) -> str:
    """Return where ``key`` came from: the last of ``overrides`` that gave it or a part of it, or ``where``.

    An override came from ``"--set"`` unless it says from which file.
    """
    for override in reversed(tuple(overrides)):
        path = override.partition("=")[0].strip()
        if f"{key}.".startswith((f"{path}.", f"{path}[")) or path.startswith(f"{key}."):
            return str(getattr(override, "origin", SET))
    return where


def read_file_mark(name: str) -> str | None:
    """Return the name of the file that a ``preset`` says its numbers were read from, or None."""
    found = _READ.fullmatch(name)
    return None if found is None else found[1]


def preset_names(kind: str) -> tuple[str, ...]:
    """Return the sorted names of the presets of ``kind``, ``"chip"`` or ``"host"``; others are refused."""
    presets = files(emulator) / "presets"
    kinds = sorted(
        entry.name for entry in presets.iterdir() if entry.is_dir() and not entry.name.startswith("_")
    )
    if kind not in kinds:
        raise ConfigError(f"{kind!r} is not a kind of preset; allowed: {', '.join(kinds)}")
    return tuple(
        sorted(e.name.removesuffix(".toml") for e in (presets / kind).iterdir() if e.name.endswith(".toml"))
    )


def preset(kind: str, name: str) -> Tree:
    """Return a fresh tree of the preset ``name`` of ``kind``; an unknown name is a ``ConfigError``."""
    names = preset_names(kind)
    if name not in names:
        hint = nearest(name, names)
        raise ConfigError(
            f"{name[:60]!r} is no {kind} preset; allowed: {', '.join(names)}{hint and f'; {hint}'}"
        )
    return parse_toml(_preset_text(kind, name), f"preset {kind}/{name}")


@cache
def _preset_text(kind: str, name: str) -> str:
    return (files(emulator) / "presets" / kind / f"{name}.toml").read_text(encoding="utf-8")


def digest(model: BaseModel) -> str:
    """Return 32 hexadecimal digits that name the resolved configuration: BLAKE2b of its canonical TOML."""
    return hashlib.blake2b(to_toml(model).encode(), digest_size=16).hexdigest()


def _tuples(value: object) -> object:
    if isinstance(value, (list, tuple)):
        return tuple(_tuples(item) for item in value)
    return value
