"""Reads TOML within limits that make hostile files harmless, writes models as TOML; it validates nothing."""

import json
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from emulator.errors import ConfigError, nearest

__all__ = ["MAX_LINE", "Tree", "parse_toml", "read_toml", "to_toml"]

Tree = dict[str, object]
"""A parsed TOML document: keys are str, values scalars, lists or further trees."""

MAX_LINE = 1000
"""Characters that a line may have."""

_MAX_BYTES = 64 * 1024
_MAX_DEPTH = 16
_MOST_NAMED = 4
_UTF16 = "this is UTF-16 text; save the file as UTF-8"
_NOT_TEXT = {
    b"\x89HDF": "this is a trace, not a study: `lightloop config {path}` prints the study in it, and "
    "`lightloop inspect {path}` shows what it recorded",
    b"LLJ1": "this is the journal of a run, not a study: open its trace with `lightloop inspect`",
    b"\xff\xfe": _UTF16,
    b"\xfe\xff": _UTF16,
}
"""What other files than TOML begin with, and what to say of them."""
_WIDTH = 80
_LONG_KEY = re.compile(r"""(?<![\w"'-])(?:["']?[\w-]+["']?[ \t]*\.[ \t]*){16}""")


def read_toml(path: Path | str) -> Tree:
    """Return the tree in the TOML file at ``path``, with or without a byte order mark.

    Raises ``ConfigError`` naming the file when it cannot be read, is no text, is larger than 64 KiB, has a line
    over 1000 characters, is nested deeper than 16 sections, or is not TOML.
    """
    try:
        if Path(path).is_dir():
            raise ConfigError(f"{path}: this is a folder; wanted: a TOML file{_inside(Path(path))}")
        if Path(path).is_symlink() and not Path(path).exists():
            raise ConfigError(f"{path}: this is a link to {Path(path).readlink()}, where nothing is")
        if not Path(path).is_file():
            raise ConfigError(f"{path}: there is no such file{_beside(Path(path))}")
        with Path(path).open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: the file cannot be read: {error}") from error
    for start, what in _NOT_TEXT.items():
        if raw.startswith(start):
            raise ConfigError(f"{path}: {what.format(path=path)}")
    if len(raw) > _MAX_BYTES:
        raise ConfigError(f"{path}: the file is larger than {_MAX_BYTES} bytes; allowed: up to {_MAX_BYTES}")
    try:
        text = raw.decode("utf-8-sig")
    except ValueError as error:
        line = raw[: getattr(error, "start", 0)].count(b"\n") + 1
        raise ConfigError(f"{path}: line {line} is not UTF-8 text; save the file as UTF-8") from error
    return parse_toml(text, str(path))


def _inside(folder: Path) -> str:
    """Return which TOML files lie in ``folder``, as the end of a message."""
    names = sorted(path.name for path in folder.glob("*.toml"))[:_MOST_NAMED]
    return f", such as {', '.join(str(folder / name) for name in names)}" if names else ""


def _beside(path: Path) -> str:
    """Return the TOML file beside ``path`` whose name is most like its own, as the end of a message."""
    if not path.parent.is_dir():
        return f", and no folder {path.parent}"
    hint = nearest(path.name, [other.name for other in path.parent.glob("*.toml")])
    return hint and f"; {hint}"


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
