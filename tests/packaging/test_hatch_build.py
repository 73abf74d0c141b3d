"""The hook that makes one package of four: what it rewrites, what it leaves alone, and what it refuses."""

import ast
from pathlib import Path

import pytest

from hatch_build import PACKAGES, CannotMoveError, lay_out, moved

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [ROOT / "lightloop.py", *(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from emulator.bench import Bench", "from lightloop.emulator.bench import Bench"),
        ("from data import sets as s, x", "from lightloop.data import sets as s, x"),
        ("from  emulator . x import y", "from  lightloop.emulator . x import y"),
        (
            "from emulator.x import (\n    a,  # why\n    b,\n)",
            "from lightloop.emulator.x import (\n    a,  # why\n    b,\n)",
        ),
        ("from \\\n    emulator.x import y", "from \\\n    lightloop.emulator.x import y"),
        ("import emulator", "import lightloop.emulator as emulator"),
        ("import emulator.x as y", "import lightloop.emulator.x as y"),
        ("import os, data, emulator.x as y", "import os, lightloop.data as data, lightloop.emulator.x as y"),
        ("é = 1; from data import x", "é = 1; from lightloop.data import x"),
        ("é = 1; import data, é", "é = 1; import lightloop.data as data, é"),
        (
            "if TYPE_CHECKING:\n    from emulator.x import Y\n",
            "if TYPE_CHECKING:\n    from lightloop.emulator.x import Y\n",
        ),
        ("def f():\n    from experiments import cli\n", "def f():\n    from lightloop.experiments import cli\n"),
    ],
)  # fmt: skip
def test_an_import_of_ours_is_rewritten_where_it_stands(before: str, after: str) -> None:
    assert moved(before, "x.py") == after


@pytest.mark.parametrize(
    "source",
    [
        "from . import x\nfrom .y import z\nfrom ..data import sets",
        "import numpy as np\nfrom database import x\nfrom emulators.x import y",
        "import lightloop\nfrom lightloop.emulator import x",
        '"""The docstring names emulator.bench, and `from emulator.x import y`."""',
        "x = 1\n'''What x is: see ``emulator.trace.live``.'''",
        "# from emulator.x import y\ndata = load()\nprint(data.inputs)",
        "name = 'data'\nfolders = ('emulator', 'experiments/tasks')",
        "say('the data. It is read from experiments')",
    ],
)
def test_all_else_is_left_as_it_is(source: str) -> None:
    assert moved(source, "x.py") == source


@pytest.mark.parametrize(
    "source",
    [
        "import emulator.bench",
        "import os, emulator.bench",
        "run('-m', 'emulator.trace.finalize')",
        "code = 'import sys; from experiments.cli import main'",
        "code = f'from experiments.cli import {name}'",
        "def f(x: 'emulator.bench.Bench'): ...",
        "files('emulator') / 'presets'",
        "importlib.import_module('data')",
    ],
)
def test_what_would_mean_something_else_fails_and_says_where(source: str) -> None:
    with pytest.raises(CannotMoveError, match=r"^folder/x\.py:2: "):
        moved(f"\n{source}\n", "folder/x.py")


def shape(source: str) -> list[str]:
    """Return the kinds of all nodes of a source's syntax tree, in order."""
    return [type(node).__name__ for node in ast.walk(ast.parse(source))]


@pytest.mark.parametrize("every", [10, pytest.param(1, marks=pytest.mark.slow)])
def test_every_module_of_the_house_can_move_and_keeps_its_shape_and_lines(every: int) -> None:
    """The wheel's own test moves all of them; here a tenth is looked at as closely."""
    assert len(SOURCES) > 100
    for path in SOURCES[::every]:
        source = path.read_text(encoding="utf-8")
        after = moved(source, path.relative_to(ROOT).as_posix())
        assert shape(after) == shape(source), path
        assert len(after.splitlines()) == len(source.splitlines()), path


def small_house(root: Path) -> None:
    for package in PACKAGES:
        (root / package).mkdir(parents=True)
        (root / package / "__init__.py").write_text("")
    (root / "lightloop.py").write_text("from emulator.x import y\n")
    (root / "emulator" / "x.py").write_text("y = 1\n")
    (root / "data" / "set.npz").write_bytes(b"\x00\r\n")
    (root / "data" / "__pycache__").mkdir()
    (root / "data" / "__pycache__" / "x.pyc").write_bytes(b"")
    (root / "data" / ".hidden").write_bytes(b"")
    (root / "tests").mkdir()
    (root / "tests" / "test_x.py").write_text("")


def test_the_package_holds_the_four_and_their_data_and_nothing_else(tmp_path: Path) -> None:
    small_house(tmp_path / "root")
    (tmp_path / "into").mkdir()
    lay_out(tmp_path / "root", tmp_path / "into")
    package = tmp_path / "into" / "lightloop"
    files = {path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file()}
    assert files == {
        "__init__.py", "__main__.py", "py.typed", "controllers/__init__.py", "data/__init__.py", "data/set.npz",
        "emulator/__init__.py", "emulator/x.py", "experiments/__init__.py",
    }  # fmt: skip
    assert (package / "__init__.py").read_text() == "from lightloop.emulator.x import y\n"
    assert (package / "data" / "set.npz").read_bytes() == b"\x00\r\n"


def test_a_package_that_cannot_move_is_not_built(tmp_path: Path) -> None:
    small_house(tmp_path / "root")
    (tmp_path / "root" / "emulator" / "x.py").write_text("import emulator.y\n")
    (tmp_path / "into").mkdir()
    with pytest.raises(CannotMoveError, match=r"emulator/x\.py:1: `import emulator\.y`"):
        lay_out(tmp_path / "root", tmp_path / "into")
