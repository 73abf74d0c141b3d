"""The house rules that no other tool knows; each failure names file and line.

Source is read as text and as syntax trees, never imported. Style, types and import directions are not
checked here: ruff, mypy and import-linter do that.
"""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("emulator", "controllers", "experiments", "data")
ALONE = ("lightloop.py", "hatch_build.py")

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_TOML_BYTES = 64 * 1024

TEXT_SUFFIXES = {".py", ".toml", ".md", ".txt", ".yaml", ".yml", ".json", ".csv", ".cfg", ".html"}
ROOT_TEXTS = ("Makefile", "LICENSE", ".ci/run", ".editorconfig", ".gitignore", ".pre-commit-config.yaml")

MACHINE_PATH = re.compile(
    r"(?<![\w./~<>-])/(?:home|root|work|tmp|Users|opt|mnt|media)/|\b[A-Z]:\\\\?(?:Users|Windows)"
)
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")  # in two parts, so that it misses itself

HEAVY_AT_START = ("torch", "h5py", "numba", "matplotlib")
IMPORTED_WHERE_USED = {"torch", "matplotlib"}
IMPORTED_ON_DEMAND = {
    "emulator/adapters/torch_module.py",
    "experiments/models/attention/pieces.py",
}  # subclasses of torch's Module, for those who use torch
CODE_LOADERS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
RANDOM_TYPES = {"Generator", "BitGenerator"}  # fit for annotations; they hold no global state
CLOCK_READERS = {
    "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time",
    "process_time_ns", "thread_time", "thread_time_ns", "sleep",
}  # fmt: skip
DATE_READERS = {"now", "utcnow", "today"}

Rule = Callable[[ast.AST], bool]


@dataclass(frozen=True)
class Source:
    """One Python file of the house."""

    name: str
    text: str
    tree: ast.Module
    nodes: tuple[ast.AST, ...]
    """Every node of the tree; many rules look at each."""

    @classmethod
    def of(cls, name: str, text: str) -> "Source":
        """Return the file ``name`` that holds ``text``."""
        tree = ast.parse(text, filename=name)
        return cls(name, text, tree, tuple(ast.walk(tree)))


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """Return (name, text) of every text file that is the house's own, in order of name."""
    roots = [ROOT / folder for folder in (*PACKAGES, "tests", "docs")]
    paths = [path for root in roots for path in root.rglob("*") if path.suffix in TEXT_SUFFIXES]
    paths += [path for path in ROOT.iterdir() if path.suffix in TEXT_SUFFIXES]
    paths += [ROOT / name for name in ROOT_TEXTS]
    files = sorted(path for path in set(paths) if path.is_file())
    return tuple((path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in files)


@cache
def everything() -> tuple[Source, ...]:
    """Return the Python files of the house and of its tests."""
    folders = {*PACKAGES, *ALONE, "tests"}
    return tuple(
        Source.of(name, text)
        for name, text in texts()
        if name.endswith(".py") and name.split("/")[0] in folders
    )


def sources(*folders: str) -> tuple[Source, ...]:
    """Return the Python files under ``folders``."""
    return tuple(file for file in everything() if file.name.split("/")[0] in folders)


def offences(files: Iterable[Source], rule: Rule) -> list[str]:
    """Return ``file:line`` of every syntax node that ``rule`` refuses."""
    return [
        f"{file.name}:{getattr(node, 'lineno', 1)}" for file in files for node in file.nodes if rule(node)
    ]


def text_offences(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def dotted(node: ast.AST) -> str:
    """Return ``a.b.c`` for a name or a chain of attributes, and the empty string for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""


def imported(node: ast.AST) -> list[str]:
    """Return the dotted names that an absolute import statement fetches, or an empty list."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def imports_top_level(node: ast.AST, names: Collection[str]) -> bool:
    return any(name.split(".")[0] in names for name in imported(node))


def is_foreign_randomness(node: ast.AST) -> bool:
    """Tell NumPy's global state, a generator made by hand and the standard library's ``random``."""
    if not isinstance(node, ast.Import | ast.ImportFrom | ast.Attribute | ast.Name | ast.Call):
        return False
    if imports_top_level(node, ("random",)) or "numpy.random" in imported(node):
        return True
    for name in (*imported(node), dotted(node)):
        if "random" not in name:
            continue
        match = re.fullmatch(r"(?:np|numpy)\.random\.(\w+)", name)
        if match and match[1] not in RANDOM_TYPES:
            return True
    return isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] in {"default_rng", "RandomState"}


def is_dynamic_code(node: ast.AST) -> bool:
    """Tell anything that turns text or stored bytes into running code or into a shell command."""
    if imports_top_level(node, CODE_LOADERS):
        return True
    if not isinstance(node, ast.Call):
        return False
    called = dotted(node.func)
    if called in {"eval", "exec", "__import__", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load"}:
        return True
    flags = {word.arg: word.value for word in node.keywords}
    return any(
        isinstance(value := flags.get(flag), ast.Constant) and bool(value.value)
        for flag in ("shell", "allow_pickle")
    )


def is_wall_clock(node: ast.AST) -> bool:
    """Tell a sleep, a reading of the machine's clock or date, and an import that would hide one."""
    if any(name.startswith("time.") and name.split(".")[1] in CLOCK_READERS for name in imported(node)):
        return True
    if not isinstance(node, ast.Call):
        return False
    *module, function = dotted(node.func).split(".")
    if module[-1:] == ["time"] and function in CLOCK_READERS:
        return True
    return function in DATE_READERS and module[-1:] in (["datetime"], ["date"])


def is_import_by_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func).split(".")[-1] == "import_module"


def is_star_import(node: ast.AST) -> bool:
    return isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)


def is_long_function(node: ast.AST) -> bool:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.end_lineno is None:
        return False
    lines = node.end_lineno - node.lineno + 1
    first = node.body[0]
    if ast.get_docstring(node, clean=False) is not None and first.end_lineno is not None:
        lines -= first.end_lineno - first.lineno + 1
    return lines > MAX_FUNCTION_LINES


def import_time_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that run at import time: no function bodies, nothing meant for type checkers only."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and dotted(child.test).split(".")[-1] == "TYPE_CHECKING":
            continue
        yield child
        yield from import_time_nodes(child)


def test_randomness_comes_from_named_streams() -> None:
    files = [file for file in everything() if file.name != "emulator/streams.py"]
    assert offences(files, is_foreign_randomness) == []


def test_no_text_becomes_code() -> None:
    assert offences(everything(), is_dynamic_code) == []


def test_packages_import_nothing_by_a_computed_name() -> None:
    assert offences(sources(*PACKAGES, *ALONE), is_import_by_name) == []


def test_no_test_sleeps_or_reads_the_wall_clock() -> None:
    assert offences(sources("tests"), is_wall_clock) == []


def test_no_star_imports() -> None:
    assert offences(everything(), is_star_import) == []


def test_no_function_is_longer_than_a_screen() -> None:
    assert offences(everything(), is_long_function) == []


def test_no_file_is_longer_than_its_limit() -> None:
    long = {file.name: n for file in everything() if (n := len(file.text.splitlines())) > MAX_FILE_LINES}
    assert long == {}


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    drawers = {"utils.py", "util.py", "helpers.py", "misc.py"}
    assert [file.name for file in everything() if Path(file.name).name in drawers] == []


def test_every_module_says_what_it_is() -> None:
    silent = [file.name for file in everything() if file.tree.body and not ast.get_docstring(file.tree)]
    assert silent == []


def test_heavy_packages_are_imported_where_they_are_used() -> None:
    early = [
        f"{file.name}:{getattr(node, 'lineno', 1)}"
        for file in sources(*PACKAGES)
        if file.name not in IMPORTED_ON_DEMAND
        for node in import_time_nodes(file.tree)
        if imports_top_level(node, IMPORTED_WHERE_USED)
    ]
    assert early == []


def test_no_module_of_the_house_loads_one_that_is_imported_on_demand() -> None:
    on_demand = {name.removesuffix(".py").replace("/", ".") for name in IMPORTED_ON_DEMAND}
    early = [
        f"{file.name}:{getattr(node, 'lineno', 1)}"
        for file in sources(*PACKAGES)
        for node in import_time_nodes(file.tree)
        if any(name.startswith(module) for name in imported(node) for module in on_demand)
    ]
    assert early == []


def test_nothing_is_left_unfinished() -> None:
    assert text_offences(UNFINISHED) == []


def test_no_file_names_a_path_of_one_machine() -> None:
    assert text_offences(MACHINE_PATH) == []


def test_every_packaged_toml_file_parses() -> None:
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.toml")):
        name = path.relative_to(ROOT).as_posix()
        assert path.stat().st_size <= MAX_TOML_BYTES, name
        try:
            tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            pytest.fail(f"{name}: {error}")


@pytest.mark.parametrize(
    ("rule", "snippet"),
    [
        (is_foreign_randomness, "np.random.seed(0)"),
        (is_foreign_randomness, "rng = np.random.default_rng(0)"),
        (is_foreign_randomness, "from numpy.random import default_rng"),
        (is_foreign_randomness, "from numpy import random"),
        (is_foreign_randomness, "from random import choice"),
        (is_dynamic_code, "eval(text)"),
        (is_dynamic_code, "exec(text)"),
        (is_dynamic_code, "import pickle"),
        (is_dynamic_code, "from pickle import loads"),
        (is_dynamic_code, "yaml.load(text)"),
        (is_dynamic_code, "subprocess.run(line, shell=True)"),
        (is_dynamic_code, "np.load(path, allow_pickle=True)"),
        (is_import_by_name, "importlib.import_module(name)"),
        (is_wall_clock, "time.sleep(0.1)"),
        (is_wall_clock, "assert time.perf_counter() - began_s < 2"),
        (is_wall_clock, "from time import monotonic as clock"),
        (is_wall_clock, "began = datetime.datetime.now()"),
        (is_star_import, "from emulator.errors import *"),
        (is_long_function, "def f():\n" + "    x = 1\n" * MAX_FUNCTION_LINES),
    ],
)
def test_a_rule_catches_its_offence(rule: Rule, snippet: str) -> None:
    assert offences([Source.of("snippet.py", snippet)], rule) != []


@pytest.mark.parametrize(
    ("rule", "snippet"),
    [
        (is_foreign_randomness, "def f(rng: np.random.Generator) -> None: rng.normal()"),
        (is_foreign_randomness, "from numpy.random import Generator"),
        (is_foreign_randomness, "from emulator.streams import stream\nstream(1, 'a').random()"),
        (
            is_dynamic_code,
            "model.eval()\nnp.load(path, allow_pickle=False)\nsubprocess.run([a], shell=False)",
        ),
        (is_wall_clock, "clock.sleep(5)\nheader = Header.now(text, 0)\nimport time\nresult.time()"),
        (is_long_function, 'def f():\n    """One.\n' + "\n" * MAX_FUNCTION_LINES + '    """\n    return 1\n'),
    ],
)
def test_a_rule_passes_what_is_allowed(rule: Rule, snippet: str) -> None:
    assert offences([Source.of("snippet.py", snippet)], rule) == []


def test_only_imports_that_run_at_import_time_count_as_early() -> None:
    snippet = "if TYPE_CHECKING:\n  import torch\ndef f():\n  import torch\nwith x:\n  import torch\n"
    early = [node for node in import_time_nodes(ast.parse(snippet)) if imports_top_level(node, {"torch"})]
    assert [node.lineno for node in early if isinstance(node, ast.Import)] == [6]


@pytest.mark.parametrize("folder", ["home", "root", "tmp", "Users"])
def test_a_machine_path_is_told_from_an_address(folder: str) -> None:
    assert MACHINE_PATH.search(f'open("/{folder}/someone/file")')
    assert not MACHINE_PATH.search(f"https://example.org/{folder}/page or ./{folder}/file")


@pytest.mark.skipif(not (ROOT / "experiments" / "cli.py").exists(), reason="there is no command line yet")
def test_help_starts_without_the_heavy_packages() -> None:
    code = (
        "import sys; sys.argv = ['lightloop', '--help']\n"
        "from lightloop import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        f"print('HEAVY', [name for name in {HEAVY_AT_START!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "HEAVY []"
