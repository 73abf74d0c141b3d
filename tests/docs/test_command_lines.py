"""Every command line in the README and the guides runs as it stands, at a small size; every option named exists."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from emulator.trace.open import open_trace
from experiments.cli import app_of, main
from experiments.presets.view import preset_text
from tests.weights import share_weights

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
CLI: Any = typer.main.get_command(app_of())

RECOVERY = (
    "--set",
    "task.name=vowel",
    "--set",
    "task.seed=0",
    "--set",
    "controller.queries=40",
    "--set",
    "evaluation.every_queries=20",
)
TRAINING = ("--set", "task.hidden=[16]", "--set", "controller.epochs=1", "--set", "budget.queries=256")
TEXT = ("--set", "task.hidden=[8, 8]", "--set", "task.context=16", "--set", "budget.queries=512")
SMALL = {
    "run mnist_odfa": TRAINING,
    "run fashion_odfa": TRAINING,
    "run mnist_light": TRAINING,
    "run dialogue_odfa": TEXT,
    "run matrix_recovery": ("--set", "budget.queries=40"),
    "run": RECOVERY,
    "sweep": (*RECOVERY, "--seeds", "1", "--executor", "threads", "--no-traces"),
    "tail": ("--once",),
}
"""What makes a line small, by how it begins, the longest first: a study's size and nothing of what it shows."""

LONG = ("sweep", "report", "run mnist_odfa", "ceiling mnist_recovery", "ceiling vowel_recovery --seeds")
"""How lines begin that take seconds at any size: they run among the slow tests."""

EXCUSED = {
    "demo": "three minutes, and tests/experiments/demo runs its stops",
    "bench": "measures the machine",
    "serve": "ends when it is told to; tests/experiments/serve and tests/docs/test_lab_clients.py run it",
    "paper": "hours; tests/experiments/paper runs the experiments small",
    "check": "minutes; tests/experiments/check runs the checks small",
}
"""Commands whose lines are read and not run, and why."""


def lines(page: Path) -> list[str]:
    """Return the commands that stand on lines of their own, in order."""
    text = page.read_text(encoding="utf-8")
    return re.findall(r"^(?:    )?(?:\$ )?lightloop ([a-z].*)$", text, re.MULTILINE)


def words_of(line: str) -> list[str]:
    return shlex.split(line.partition(" > ")[0], comments=True)


def small(words: list[str]) -> list[str]:
    """Return ``words`` with what keeps them small."""
    said = " ".join(words)
    start = next((each for each in SMALL if said.startswith(each)), None)
    return words if start is None else [*words, *SMALL[start]]


ALL = [(page.name, line) for page in PAGES for line in lines(page)]
RUN = [
    pytest.param(
        page, line, marks=[pytest.mark.slow] if line.startswith(LONG) else [], id=f"{page}: {line[:60]}"
    )
    for page, line in ALL
    if words_of(line)[0] not in EXCUSED and "--bench" not in words_of(line)  # run/elsewhere runs these
]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of somebody who reads all pages, with the files that they speak of in it."""
    folder = share_weights(tmp_path_factory.mktemp("reads"), tmp_path_factory)
    (study,) = re.findall(
        r"^```toml\n(title.*?)^```$", (ROOT / "docs" / "studies.md").read_text(encoding="utf-8"), re.M | re.S
    )[:1]
    (folder / "my_study.toml").write_text(study, encoding="utf-8")
    (folder / "my_chip.toml").write_text(preset_text("chip", "doped_si"), encoding="utf-8")
    (folder / "spsa.py").write_bytes((ROOT / "docs" / "examples" / "spsa.py").read_bytes())
    (folder / "fitted.toml").write_text("[chip.link]\nlatency_s = 2e-6\n", encoding="utf-8")
    write_latencies(folder)
    for page in PAGES:  # the files of one's own that a page makes
        for code in re.findall(r'^python -c "(.*)"$', page.read_text(encoding="utf-8"), re.M):
            subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)
    return folder


def write_latencies(folder: Path) -> None:
    """Write what somebody may have measured of the first commands of any short recovery: 50 us on top."""
    short = folder / "short.h5"
    assert main(["run", "vowel_recovery", "--out", str(short), *RECOVERY, "-q"]) == 0
    with open_trace(short) as trace:
        took_s = (trace.commands.t_done - trace.commands.t_started) / 1e12 + 50e-6
    rows = [f"{row},{seconds}" for row, seconds in enumerate(took_s[:40].tolist())]
    (folder / "latencies.csv").write_text("\n".join(["command,latency_s", *rows]), encoding="utf-8")


@pytest.mark.parametrize(("page", "line"), ALL, ids=[f"{page}: {line[:60]}" for page, line in ALL])
def test_a_command_line_is_understood(page: str, line: str) -> None:
    name, *words = small(words_of(line))
    assert name in CLI.commands, page
    CLI.commands[name].make_context(name, words)


@pytest.mark.parametrize(("page", "line"), RUN)
def test_a_command_line_does_what_the_page_says(
    page: str, line: str, reader: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(reader)
    words = small(words_of(line))
    for word in words[1:]:  # the pages' lines build on each other, and a test runs alone, too
        if word.endswith(".h5") and words[0] != "run" and not Path(word).exists():
            own = words[words.index("--controller") :][:2] if "--controller" in words else []
            assert main(["run", "vowel_recovery", "--out", word, *own, *RECOVERY, "-q"]) == 0
    out = words[words.index("--out") + 1] if "--out" in words else None
    if out is not None and words[0] == "run":
        Path(out).unlink(missing_ok=True)
    assert main(words) == 0, (page, capsys.readouterr().err)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_an_option_that_is_named_beside_its_command_is_one_of_its_own(page: Path) -> None:
    unknown = []
    for command in re.findall(r"`lightloop ([a-z]+[^`]*)`", page.read_text(encoding="utf-8")):
        name, *words = command.split()
        known = {
            option for each in CLI.commands[name].params for option in (*each.opts, *each.secondary_opts)
        }
        own = CLI.commands[name].context_settings.get("ignore_unknown_options", False)
        named = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
        unknown += [(name, word) for word in named if word not in {*known, "--help"} and not own]
    assert unknown == []


def test_excuses_are_for_commands_that_exist() -> None:
    assert {*EXCUSED, *(start.split()[0] for start in (*LONG, *SMALL))} <= set(CLI.commands)
