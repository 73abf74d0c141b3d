"""Configuration that users keep in files of their own: presets, and fragments that are laid over a study.

A preset file is read once, when a study is opened. From then on its numbers are those of the section, and the
section's ``preset`` says only which file they came from: its name and digest. No trace needs the file again.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from emulator.config.models import PresetModel, build, merge, preset, preset_names, read_file_mark
from emulator.config.places import expanded
from emulator.config.toml import Tree, read_toml
from emulator.errors import ConfigError

__all__ = ["Given", "SeenFrom", "anchored", "names_file", "overlay", "preset_file", "with_preset_files"]

SeenFrom = Callable[[Mapping[str, object], Path], Tree]
"""Gives a tree with the files that it names where they are, seen from a folder."""

_MOST_NAMED: Final = 12
_PLAIN_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Given(str):
    """An override that stands in a file: "PATH=VALUE" for people, its ``value``, and where it came from."""

    value: object
    origin: str

    @classmethod
    def of(cls, path: str, value: object, origin: str) -> "Given":
        """Return the override of ``path`` by ``value``, which ``origin`` gives."""
        given = cls(f"{path}={value}")
        given.value, given.origin = value, origin
        return given


def overlay(paths: Iterable[Path], seen_from: SeenFrom | None = None) -> tuple[Given, ...]:
    """Return the values of the TOML files ``paths``, in order, as overrides of a study.

    A file has sections of a study and gives any of their keys; ``seen_from`` tells where the files are that it
    names itself, None: of presets only. Raises ``ConfigError`` that names the file where one cannot be read.
    """
    given: list[Given] = []
    for path in map(expanded, paths):
        tree = (seen_from or anchored)(read_toml(path), path.parent)
        given += [Given.of(key, value, str(path)) for key, value in _leaves(tree, str(path))]
    return tuple(given)


def _leaves(tree: Mapping[str, object], where: str, prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in tree.items():
        if not _PLAIN_KEY.fullmatch(name):
            raise ConfigError(
                f"{where}: {prefix}{name[:60]!r} is not a known key; keys are of a-z, 0-9, _ and -"
            )
        if isinstance(value, dict) and value:
            yield from _leaves(value, where, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def names_file(name: str) -> bool:
    """Tell whether a preset's ``name`` is the path of a file that has not been read."""
    return ("/" in name or "\\" in name or name.endswith(".toml")) and read_file_mark(name) is None


def anchored(tree: Mapping[str, object], folder: Path) -> Tree:
    """Return ``tree`` with the preset files that its sections name where they are, seen from ``folder``."""
    found: Tree = dict(tree)
    for section, part in tree.items():
        name = part.get("preset") if isinstance(part, dict) else None
        if isinstance(part, dict) and isinstance(name, str) and names_file(name):
            found[section] = {**part, "preset": str(folder / expanded(name))}
    return found


def with_preset_files(tree: Mapping[str, object], models: Mapping[str, type[PresetModel]]) -> Tree:
    """Return ``tree`` with every preset file that its sections name read, below the keys that they give.

    ``models`` are those of the sections that may have one. Paths are seen from the working folder unless they were
    ``anchored``. Raises ``ConfigError`` that names the file, its key and what is allowed.
    """
    found: Tree = dict(tree)
    for section, model in models.items():
        part = tree.get(section)
        name = part.get("preset") if isinstance(part, dict) else None
        if isinstance(part, dict) and isinstance(name, str) and names_file(name):
            read = preset_file(model, expanded(name))
            found[section] = merge(read, {**part, "preset": read["preset"]})
    return found


def preset_file(model: type[PresetModel], path: Path) -> Tree:
    """Return the section that the preset file at ``path`` stands for; its ``preset`` is the file's name and digest.

    It has the form of a shipped one of the kind, and every number of it; or it names a shipped one as its own
    ``preset`` and gives what differs. Raises ``ConfigError`` that names the file.
    """
    where, kind = str(path), model.preset_kind
    own = read_toml(path)
    if isinstance(own.get(kind), dict):
        raise ConfigError(
            f"{where}: [{kind}] is no section of a {kind} preset, whose own sections stand at its top; leave "
            f"out the '{kind}.' before their names, or lay the file over a study by --with"
        )
    base = own.pop("preset", None)
    if base is not None and not isinstance(base, str):
        raise ConfigError(
            f"{where}: preset = {base!r:.60} is refused; allowed: {', '.join(preset_names(kind))}"
        )
    if base is not None and names_file(base):
        raise ConfigError(
            f"{where}: preset = {base[:60]!r} is refused: a preset of one's own may begin with a shipped one; "
            f"allowed: {', '.join(preset_names(kind))}"
        )
    try:
        whole = own if base is None else merge(preset(kind, base), own)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error
    build(model, whole, where)  # first of all, a misspelt key is better than one that is missing
    missing = [key for key in _numbers(model) if not _has(whole, key)]
    if missing:
        named = ", ".join(missing[1 : _MOST_NAMED + 1]) + (", ..." if len(missing) > _MOST_NAMED + 1 else "")
        more = f" (and {len(missing) - 1} more: {named})" if missing[1:] else ""
        raise ConfigError(
            f"{where}: {missing[0]} is missing{more}; give every number, or begin with a shipped preset, such as "
            f"preset = {preset_names(kind)[0]!r}, and give what differs"
        )
    digest = hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    return whole | {"preset": f"{path.name}#{digest}"}


def _numbers(model: type[PresetModel]) -> Iterator[str]:
    """Yield the keys that a preset has to give: all that do not mean nothing when they are left out."""
    return _below(model.model_validate({}), "")


def _below(section: object, prefix: str) -> Iterator[str]:
    for name in type(section).model_fields:  # type: ignore[attr-defined]
        value = getattr(section, name)
        if hasattr(type(value), "model_fields"):
            yield from _below(value, f"{prefix}{name}.")
        elif value is not None and value != ():
            yield prefix + name


def _has(tree: Mapping[str, object], key: str) -> bool:
    node: object = tree
    for part in key.split("."):
        if not isinstance(node, Mapping) or part not in node:
            return False
        node = node[part]
    return True
