"""The public face: ``import lightloop`` costs nothing, and gives and documents all that a user's code needs."""

import ast
import inspect
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import lightloop
from emulator import commands, errors

ROOT = Path(lightloop.__file__).parent
TREE = ast.parse(Path(lightloop.__file__).read_text(encoding="utf-8"))
HEAVY = ("numpy", "pydantic", "torch", "h5py", "numba", "matplotlib", "sklearn", "simpy", "typer", "rich")


def loaded(code: str, *names: str) -> list[str]:
    """Return which of the packages ``names`` a fresh process has imported after ``code``."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*[n for n in {names!r} if n in sys.modules])"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def declared() -> dict[str, str]:
    """Return what type checkers are told: each name, and the module that it comes from."""
    (block,) = [node for node in TREE.body if isinstance(node, ast.If) and "TYPE" in ast.unparse(node.test)]
    return {
        alias.name: str(node.module)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_importing_it_brings_nothing_along() -> None:
    assert loaded("import lightloop; dir(lightloop), lightloop.__version__", *HEAVY) == []


@pytest.mark.parametrize(
    ("name", "absent"),
    [
        ("Forward", ("pydantic", "torch", "h5py", "numba", "simpy")),
        pytest.param("open_trace", ("torch", "matplotlib", "simpy"), marks=pytest.mark.slow),
        ("run", ("torch", "matplotlib", "sklearn")),
        pytest.param("OPU", ("torch", "sklearn", "matplotlib"), marks=pytest.mark.slow),
    ],
)
def test_a_name_brings_along_what_it_needs_and_no_more(name: str, absent: tuple[str, ...]) -> None:
    assert loaded(f"import lightloop; lightloop.{name}", *absent) == []


def test_each_name_is_what_type_checkers_are_told() -> None:
    pytest.importorskip("sklearn")
    assert sorted({*declared(), "main", "__version__"}) == sorted(lightloop.__all__)
    for name, module in declared().items():
        assert getattr(lightloop, name) is getattr(sys.modules[module], name), name


def test_dir_lists_every_name_before_it_is_asked_for() -> None:
    assert set(lightloop.__all__) <= set(dir(lightloop))
    assert "_HOMES" not in dir(lightloop)


def test_the_docstring_tells_of_every_name() -> None:
    told = inspect.getdoc(lightloop) or ""
    silent = [n for n in declared() if f"`{n}`" not in told]
    assert silent == []


def test_everything_that_can_carry_a_docstring_has_one() -> None:
    pytest.importorskip("sklearn")
    found: dict[str, Any] = {name: getattr(lightloop, name) for name in [*declared(), "main"]}
    things = {n: v for n, v in found.items() if inspect.isclass(v) or inspect.isroutine(v)}
    assert len(things) > 50
    assert [name for name, thing in things.items() if not inspect.getdoc(thing)] == []


def test_the_whole_vocabulary_and_every_error_are_public() -> None:
    assert {*commands.__all__, *errors.__all__} - {*lightloop.__all__, "nearest"} == set()


def test_a_name_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(AttributeError, match=r"'lightloop' has no attribute 'open_trac'; .*open_trace"):
        lightloop.open_trac  # noqa: B018
    assert not hasattr(lightloop, "Nothing")


def test_no_module_of_the_house_goes_through_the_face() -> None:
    packages = [ROOT / name for name in ("emulator", "controllers", "experiments", "data")]
    guilty = [
        path.relative_to(ROOT).as_posix()
        for package in packages
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any(a.name.split(".")[0] == "lightloop" for a in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "lightloop")
    ]
    assert guilty == []
