"""What the README and the guides say: their code runs, what they name exists, their links lead somewhere."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

from docs.examples.my_controller import random_steps
from emulator.commands import Controller, Forward, Log, PhasesSet, Reading, SetPhases, Settle, Settled
from emulator.streams import stream
from emulator.trace.schema import STATUSES, TABLES
from experiments.check.registry import CHECKS
from experiments.cli import app_of
from experiments.paper.registry import EXPERIMENTS
from experiments.run.launch import shipped_studies
from experiments.run.session import Setting
from tests.weights import share_weights

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
STUDIES = (ROOT / "docs" / "studies.md").read_text(encoding="utf-8")
TRACE = (ROOT / "docs" / "trace.md").read_text(encoding="utf-8")
CLI: Any = typer.main.get_command(app_of())
COMMANDS = set(CLI.commands)
NAMED = r"\blightloop (?!import\b|as\b)([a-z]+)"  # a command, not an import statement

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def blocks(text: str) -> list[str]:
    """Return the Python blocks of a page."""
    return re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def run(code: str, folder: Path) -> str:
    """Run ``code`` in ``folder``, with the clone's root on the path, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def slug(heading: str) -> str:
    """Return the anchor that a heading gets."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the README's dozen lines have run."""
    folder = share_weights(tmp_path_factory.mktemp("reader"), tmp_path_factory)
    (code,) = blocks(README)
    (folder / "said.txt").write_text(run(code, folder), encoding="utf-8")
    return folder


def test_the_readme_opens_with_demo_and_test() -> None:
    first, second = [line for line in README.splitlines() if line.startswith("    ")][:2]
    assert first.split()[:2] == ["make", "demo"]
    assert second.split()[:2] == ["make", "test"]


def test_the_dozen_lines_are_twelve_and_tune_the_chip_by_as_many_points_as_they_say(room: Path) -> None:
    (code,) = blocks(README)
    assert len([line for line in code.splitlines() if line.strip()]) == 12
    said = (room / "said.txt").read_text(encoding="utf-8")
    status, elapsed_s, before, after = said.replace("[", "").replace("]", "").split()
    assert status == "complete"
    assert float(elapsed_s) > 0
    # On yet another kind of processor training ends in other weights, and another chip is deployed.
    gains = [int(b) - int(a) for a, b in re.findall(r"(\d+) % become (\d+) %", README)]
    assert len(gains) == 3
    assert 100 * (float(after) - float(before)) > min(gains) - 1


def first_party(code: str) -> list[str]:
    """Return what ``code`` imports of the packages that an installed Lightloop has inside ``lightloop``."""
    return re.findall(
        r"^\s*(?:from|import) +((?:emulator|controllers|experiments|data|docs)\b\S*)", code, re.M
    )


@every_page
def test_what_users_are_shown_imports_lightloop_and_nothing_below_it(page: Path) -> None:
    assert [name for block in blocks(page.read_text(encoding="utf-8")) for name in first_party(block)] == []


def test_the_examples_import_lightloop_and_nothing_below_it() -> None:
    examples = sorted((ROOT / "docs" / "examples").glob("*.py"))
    assert [name for path in examples for name in first_party(path.read_text(encoding="utf-8"))] == []
    assert first_party("import lightloop\nfrom data.sets import load\n") == ["data.sets"]


def test_the_example_is_a_program(tmp_path: Path) -> None:
    code = (ROOT / "docs" / "examples" / "my_controller.py").read_text(encoding="utf-8")
    assert run(code, tmp_path).startswith("complete 400 [")
    assert (tmp_path / "out" / "random_steps.h5").is_file()


def test_the_guide_to_the_trace_reads_one(room: Path) -> None:
    pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf")
    checked, plain, viewed = (
        code.replace("out/demo/mnist_recovery.h5", "out/mine.h5") for code in blocks(TRACE)
    )
    run(checked + "assert 0.02 < sum(time_s.values()) < 0.04 and energy_j['host'] > 0", room)
    run(viewed + "assert commands.kind.iloc[0] == 'set_phases' and power.watts.attrs['units'] == 'W'", room)
    run(plain + "assert (status, unit) == ('complete', 'W') and bool((busy_ps > 0).all())", room)


def answered(controller: Controller, outputs: list[np.ndarray]) -> Iterator[Any]:
    """Yield what ``controller`` asks, and answer its queries with ``outputs`` in turn."""
    reply: Any = None
    try:
        while True:
            command = controller.send(reply)
            yield command
            if isinstance(command, Forward):
                reply = Reading(outputs.pop(0), 0)
            else:
                reply = {SetPhases: PhasesSet(0.0), Settle: Settled(0)}.get(type(command))
    except StopIteration:
        return


def test_the_example_is_short_keeps_what_helps_and_takes_back_what_does_not() -> None:
    source = (ROOT / "docs" / "examples" / "my_controller.py").read_text(encoding="utf-8")
    assert len(source.splitlines()) < 40
    inputs, labels = stream(0, "tests/inputs").random((40, 6)), np.zeros(40, dtype=np.int64)
    heaters, phases = np.array([2, 3, 5]), np.array([1.0, 2.0, 3.0])
    setting = Setting(inputs, labels, lambda name: stream(0, f"tests/{name}"), heaters, phases)
    good, bad = np.tile([2.0, 0.0, 0.0], (32, 1)), np.zeros((32, 3))
    asked = list(answered(random_steps(setting, steps=2), [bad, good, good, bad]))
    kinds = [type(command) for command in asked]
    kept, taken_back = [Forward, SetPhases, Settle, Forward], [SetPhases, Settle]
    assert kinds == [*kept, Log, *kept, *taken_back, Log]
    assert asked[9].radians == asked[1].radians
    moved = np.array(asked[1].radians) - phases
    assert np.allclose(np.abs(moved), 0.02)


@every_page
def test_every_command_that_is_named_exists(page: Path) -> None:
    named = set(re.findall(NAMED, page.read_text(encoding="utf-8")))
    assert named - COMMANDS == set()


def test_the_readme_names_every_command_and_no_option_that_does_not_exist() -> None:
    assert set(re.findall(NAMED, README)) == COMMANDS
    known = {option for command in CLI.commands.values() for each in command.params for option in each.opts}
    assert set(re.findall(r"(?<![\w-])--?[a-z-]+", "".join(re.findall(r"`[^`\n]+`", README)))) <= known


@every_page
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z.]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = re.findall(
        r"(?:`|^    )make (?:[A-Z]+=\S+ )?([a-z.]+)", page.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert set(named) - targets == set()


@every_page
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    lost = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.M) if anchor else []
        if not target.is_file() or (anchor and anchor not in map(slug, headings)):
            lost.append(link)
    assert lost == []


def test_the_studies_and_experiments_that_are_listed_are_those_that_exist() -> None:
    for page in (README, STUDIES):
        assert [name for name in (*shipped_studies(), *EXPERIMENTS, *CHECKS) if f"`{name}`" not in page] == []


def test_the_guide_to_the_trace_names_every_table_column_and_status() -> None:
    for table in TABLES:
        (row,) = re.findall(rf"^\| `/{table.name}` \|.*$", TRACE, re.MULTILINE)
        assert [column.name for column in table.columns if f"`{column.name}`" not in row] == []
    assert [status for status in STATUSES if f"`{status}`" not in TRACE] == []
