"""Reads TOML within limits that make hostile files harmless, writes models as TOML; it validates nothing."""

import json
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from emulator.errors import ConfigError

__all__ = ["MAX_LINE", "Tree", "parse_toml", "read_toml", "to_toml"]

Tree = dict[str, object]
"""A parsed TOML document: keys are str, values scalars, lists or further trees."""

MAX_LINE = 1000
"""Characters that a line may have."""

_MAX_BYTES = 64 * 1024
_MAX_DEPTH = 16
_WIDTH = 80
_LONG_KEY = re.compile(r"""(?<![\w"'-])(?:["']?[\w-]+["']?[ \t]*\.[ \t]*){16}""")


def read_toml(path: Path | str) -> Tree:
    """Return the tree in the TOML file at ``path``.

    Raises ``ConfigError`` naming the file when it cannot be read, is larger than 64 KiB, has a line over 1000
    characters, is nested deeper than 16 sections, or is not TOML.
    """
    try:
        if not Path(path).is_file():
            raise ConfigError(f"{path}: there is no such file")
        with Path(path).open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
        if len(raw) > _MAX_BYTES:
            raise ConfigError(
                f"{path}: the file is larger than {_MAX_BYTES} bytes; allowed: up to {_MAX_BYTES}"
            )
        return parse_toml(raw.decode("utf-8"), str(path))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: the file cannot be read as UTF-8 text: {error}") from error


def parse_toml(text: str, where: str) -> Tree:
    """Return the tree in the TOML document ``text``; ``where`` names it in a ``ConfigError``.

    The limits of ``read_toml`` are checked first: the parser takes quadratic time on a long dotted key.
    """
    if len(text) > _MAX_BYTES:
        raise ConfigError(f"{where}: {len(text)} characters; allowed: up to {_MAX_BYTES}")
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) <= MAX_LINE and _LONG_KEY.search(line):
            raise ConfigError(f"{where}: line {number} has a key of more parts than allowed: {_MAX_DEPTH}")
        if len(line) > MAX_LINE:
            raise ConfigError(f"{where}: line {number} has {len(line)} characters; allowed: up to {MAX_LINE}")
    try:
        tree = tomllib.loads(text)
    except RecursionError:
        raise ConfigError(
            f"{where}: arrays or tables are nested too deeply; allowed: {_MAX_DEPTH} levels"
        ) from None
    except ValueError as error:
        raise ConfigError(f"{where}: not valid TOML: {error}") from error
    _check_depth(tree, where)
    return tree


def _check_depth(tree: Tree, where: str) -> None:
    """Refuse a tree deeper than the limit, level by level: recursion itself is what has to be kept safe."""
    level: list[object] = [tree]
    for _ in range(_MAX_DEPTH):
        level = [child for node in level for child in _children(node)]
    if level:
        raise ConfigError(f"{where}: arrays or tables are nested too deeply; allowed: {_MAX_DEPTH} levels")


def _children(node: object) -> Iterable[object]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def to_toml(model: BaseModel) -> str:
    """Return ``model`` as canonical TOML: every key, as declared; ``config.build`` gives ``model`` back.

    A key whose value is None is left out.
    """
    return "\n".join(_section(model, "")).lstrip("\n") + "\n"


def _section(model: BaseModel, path: str) -> list[str]:
    """Return the lines of ``model``: its own keys first, as TOML wants, then the sections below it."""
    values = {name: getattr(model, name) for name in type(model).model_fields}
    lines = [
        f"{name} = {_scalar(v)}"
        for name, v in values.items()
        if v is not None and not isinstance(v, BaseModel)
    ]
    if path and lines:
        lines = ["", f"[{path}]", *lines]
    for name, value in values.items():
        if isinstance(value, BaseModel):
            below = f"{path}.{name}" if path else name
            # A section without any line would vanish, and with it an optional section that was switched on.
            lines += _section(value, below) or ["", f"[{below}]"]
    return lines


def _scalar(value: Any) -> str:
    """Return ``value`` in TOML; a long list goes one item a line, within what ``read_toml`` accepts."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value + 0.0)  # -0.0 equals 0.0: equal models have to have equal digests
    if isinstance(value, int):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, BaseModel):
        pairs = ((name, getattr(value, name)) for name in type(value).model_fields)
        return "{" + ", ".join(f"{name} = {_scalar(item)}" for name, item in pairs if item is not None) + "}"
    if isinstance(value, tuple):
        items = [_scalar(item) for item in value]
        inline = f"[{', '.join(items)}]"
        return inline if len(inline) <= _WIDTH else "[\n" + "".join(f"    {item},\n" for item in items) + "]"
    raise ConfigError(f"{type(value).__name__} has no place in a configuration: {value!r}")
