"""Builds the wheel: the four packages of the repository become one, ``lightloop``; docs/adr/0013 says why.

Only import statements are rewritten, ``from emulator.x import y`` to ``from lightloop.emulator.x import y``, where
the syntax tree says that they are; lines keep their numbers. What cannot be rewritten fails the build: it runs no
code and guesses nothing. An editable installation is left as it is.
"""

import ast
import re
import tempfile
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, NamedTuple

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

__all__ = ["CannotMoveError", "OnePackage", "lay_out", "moved"]

NAME: Final = "lightloop"
PACKAGES: Final = ("emulator", "controllers", "experiments", "data")

_DOTTED: Final = re.compile(rf"(?<![\w./-])(?:{'|'.join(PACKAGES)})\.[A-Za-z_]")
_TAKES_A_MODULE: Final = frozenset({"files", "import_module", "find_spec", "resolve_name", "run_module"})
_FROM: Final = re.compile(rb"from(?:\s|\\\r?\n)+")
_MAIN: Final = f'''"""``python -m {NAME}``: the command line."""

import sys

from {NAME} import main

sys.exit(main())
'''


class CannotMoveError(Exception):
    """Source that would mean something else, or nothing, once its package is inside ``lightloop``."""


class _Insertion(NamedTuple):
    """Text that is put in at ``place``, a byte of the source."""

    place: int
    text: str


def moved(source: str, file: str) -> str:
    """Return ``source``, a module of one of the four packages or their face, as a module inside ``lightloop``.

    Raises ``CannotMoveError`` naming ``file`` and line: for ``import emulator.x``, which binds a name that would be
    another's, and for a text, other than a docstring, in which the name of a module stands.
    """
    tree = ast.parse(source, filename=file)
    for node, name in _named_modules(tree):
        raise CannotMoveError(
            f"{file}:{node.lineno}: the text {name[:60]!r} names a module, which is called otherwise once it is "
            "installed; take the name from the module (__name__, __package__) or hand on the module itself"
        )
    raw = source.encode()
    # From the end, so that no insertion moves a place that is still to come.
    for place, text in sorted(_insertions(tree, raw, file), reverse=True):
        raw = raw[:place] + text.encode() + raw[place:]
    result = raw.decode()
    left = [name for node in ast.walk(ast.parse(result, filename=file)) for name in _own_imports(node)]
    if left:
        raise CannotMoveError(f"{file}: the imports of {', '.join(left)} were not rewritten")
    return result


def _own_imports(node: ast.AST) -> Iterator[str]:
    """Yield the modules of the four packages that ``node`` imports by their absolute names."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name.split(".")[0] in PACKAGES)
    elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
        yield from (name for name in [node.module] if name.split(".")[0] in PACKAGES)


def _insertions(tree: ast.Module, raw: bytes, file: str) -> Iterator[_Insertion]:
    """Yield what is to be put into the source ``raw``, which ``tree`` was parsed from."""
    begins = list(accumulate((len(line) for line in raw.splitlines(keepends=True)), initial=0))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(_own_imports(node)):
            found = _FROM.match(raw, begins[node.lineno - 1] + node.col_offset)
            assert found is not None  # noqa: S101  (the parser has read a "from" there)
            yield _Insertion(found.end(), f"{NAME}.")
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] in PACKAGES:
                    yield from _renamed(alias, begins[alias.lineno - 1] + alias.col_offset, file)


def _renamed(alias: ast.alias, place: int, file: str) -> Iterator[_Insertion]:
    """Yield what lets ``alias``, which begins at ``place``, bind the same name to the module where it will be."""
    yield _Insertion(place, f"{NAME}.")
    if alias.asname is not None:
        return
    if "." in alias.name:
        raise CannotMoveError(
            f"{file}:{alias.lineno}: `import {alias.name}` cannot be rewritten, because it binds "
            f"`{alias.name.split('.')[0]}`; write `import {alias.name} as ...` or `from ... import ...`"
        )
    yield _Insertion(place + len(alias.name), f" as {alias.name}")


def _named_modules(tree: ast.Module) -> Iterator[tuple[ast.expr, str]]:
    """Yield the texts that could name a module of ours; what stands alone, as a docstring does, is prose."""
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) in _TAKES_A_MODULE:
            for argument in node.args:
                if isinstance(argument, ast.Constant) and argument.value in PACKAGES:
                    yield argument, str(argument.value)
        if isinstance(node, ast.Constant) and id(node) not in prose and _DOTTED.search(str(node.value)):
            yield node, str(node.value)


def _called(node: ast.Call) -> str:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def lay_out(root: Path, into: Path) -> None:
    """Write the package ``lightloop`` under the folder ``into``, from the sources under ``root``."""
    package = into / NAME
    package.mkdir()
    face = (root / f"{NAME}.py").read_text(encoding="utf-8")
    (package / "__init__.py").write_text(moved(face, f"{NAME}.py"), encoding="utf-8")
    (package / "__main__.py").write_text(_MAIN, encoding="utf-8")
    (package / "py.typed").touch()
    for source in sorted(path for folder in PACKAGES for path in (root / folder).rglob("*")):
        place = source.relative_to(root)
        if source.is_dir() or any(part.startswith(".") or part == "__pycache__" for part in place.parts):
            continue
        target = package / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".py":
            text = moved(source.read_text(encoding="utf-8"), place.as_posix())
            target.write_text(text, encoding="utf-8")
        else:
            target.write_bytes(source.read_bytes())


class OnePackage(BuildHookInterface[BuilderConfig]):
    """Gives hatchling the rewritten package to pack, in place of the sources."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Lay out the package in a folder of its own, unless the installation is an editable one."""
        if version == "editable":
            return
        self._folder = tempfile.TemporaryDirectory(prefix=f"{NAME}-wheel-")
        lay_out(Path(self.root), Path(self._folder.name))
        build_data["force_include"][str(Path(self._folder.name, NAME))] = NAME

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove that folder."""
        del build_data, artifact_path
        if version != "editable":
            self._folder.cleanup()
