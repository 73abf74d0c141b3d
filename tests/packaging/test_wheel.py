"""An installed Lightloop: one package, which neither breaks nor is broken by folders named like the repository's.

The wheel is built from this clone and installed into a fresh environment. That borrows its dependencies from the
environment of the tests, so nothing is downloaded; the clone itself is not visible there.
"""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import lightloop

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = ("emulator", "controllers", "experiments", "data", "tests")


@dataclass(frozen=True)
class Room:
    """A folder of a user's own, beside packages of theirs, and an environment that has the wheel."""

    wheel: Path
    venv: Path
    folder: Path

    @property
    def packages(self) -> Path:
        (found,) = self.venv.glob("lib/python*/site-packages")
        return found

    def run(self, *command: str, **environment: str) -> str:
        """Run a program of the environment in the folder and return what it printed; it must succeed."""
        done = self.ended(*command, environment=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ended(
        self, program: str, *arguments: str, environment: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        cache = str(self.venv.parent / "cache")
        kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
        return subprocess.run(
            [str(self.venv / "bin" / program), *arguments],
            cwd=self.folder,
            env={**kept, "LIGHTLOOP_CACHE": cache, **environment},
            capture_output=True,
            text=True,
            check=False,
        )


def called(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def built(source: Path, target: str, folder: Path) -> Path:
    """Build a ``target``, wheel or sdist, of the sources in ``source`` into ``folder``, without a network."""
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)],
        cwd=source, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = folder.iterdir()
    return found


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Room:
    place = tmp_path_factory.mktemp("user")
    wheel = built(ROOT, "wheel", place / "dist")
    venv = place / "venv"
    called(sys.executable, "-m", "venv", "--without-pip", str(venv))
    # pip runs in the new environment, and installs without looking for anything anywhere.
    pip = [sys.executable, "-m", "pip", "--python", str(venv / "bin" / "python")]
    called(*pip, "install", "--quiet", "--no-deps", "--no-index", "--no-compile", str(wheel))
    found = Room(wheel, venv, place / "work")
    # A path file, unlike a folder of packages, is not searched for path files: the clone stays out.
    (found.packages / "borrowed.pth").write_text(str(Path(np.__file__).parents[1]))
    for name in HOSTILE:
        (found.folder / name).mkdir(parents=True)
        (found.folder / name / "__init__.py").write_text("mine = True\n")
    return found


def test_the_environment_gains_one_package_and_one_command(room: Room) -> None:
    gained = sorted(path.name for path in room.packages.iterdir() if path.name != "borrowed.pth")
    assert gained == ["lightloop", f"lightloop-{lightloop.__version__}.dist-info"]
    assert (room.venv / "bin" / "lightloop").is_file()


def test_help_comes_from_both_doors_wherever_the_user_stands(room: Room) -> None:
    by_script = room.run("lightloop", "--help", COLUMNS="80")
    assert "whatif" in by_script
    assert room.run("python", "-m", "lightloop", "--help", COLUMNS="80") == by_script


def test_the_user_s_packages_stay_the_user_s_and_ours_ours(room: Room) -> None:
    code = (
        "import lightloop, data, emulator, controllers, experiments, tests\n"
        "assert all(each.mine for each in (data, emulator, controllers, experiments, tests))\n"
        "for name in lightloop.__all__:\n"
        "    if name not in ('OPU', 'OpuFeatures', 'OpuProjection'): getattr(lightloop, name)\n"
        "assert all(each.mine for each in (data, emulator, controllers, experiments, tests))\n"
        "import sys\n"
        "places = [(name, getattr(m, '__file__', '') or '') for name, m in sys.modules.items()]\n"
        "ours = [name for name, place in places if 'site-packages/lightloop' in place]\n"
        "print(len(ours), sorted({name.split('.')[0] for name in ours}))\n"
        "print(lightloop.chip('paper').preset, lightloop.stream(0, 'a').random() < 1, lightloop.__version__)\n"
    )
    counted, said = room.run("python", "-c", code).splitlines()
    assert int(counted.split()[0]) > 40
    assert counted.endswith("['lightloop']")
    assert said.split()[:2] == ["paper", "True"]


@pytest.mark.slow
def test_presets_studies_data_and_the_converting_child_are_found(room: Room) -> None:
    assert "undercut" in room.run("lightloop", "presets", "chip", COLUMNS="200")
    assert "quantity" not in room.run("lightloop", "presets", "opu", "full_frame")
    queries = "controller.queries=200"
    room.run("lightloop", "run", "vowel_recovery", "--set", queries, "--out", "x.h5")
    found = json.loads(room.run("lightloop", "inspect", "x.h5", "--json"))
    assert (found["status"], found["queries"]) == ("complete", 200)
    assert [path.name for path in room.folder.glob("x.h5*")] == ["x.h5"]
    compiled = list((room.venv.parent / "cache").glob("kernels-*/**/*.nbc"))
    assert compiled != []


@pytest.mark.slow
def test_a_controller_of_one_s_own_runs_beside_packages_of_the_same_names(room: Room) -> None:
    (room.folder / "own.py").write_text(
        "import lightloop, data, controllers\n"
        "def listen(setting):\n"
        "    for _ in range(5):\n"
        "        yield lightloop.Forward(next(setting.batches(8)))\n"
        "result = lightloop.run('vowel_recovery', 'own.h5', controller=listen)\n"
        "with lightloop.open_trace('own.h5') as trace:\n"
        "    print(result.status, trace.queries, trace.metrics()['test_accuracy'].value[-1] > 0.3)\n"
    )
    assert room.run("python", "own.py") == "complete 5 True\n"


@pytest.mark.slow
def test_a_source_distribution_builds_the_same_wheel(room: Room, tmp_path: Path) -> None:
    sdist = built(ROOT, "sdist", tmp_path / "sdist")
    called(sys.executable, "-m", "tarfile", "-e", str(sdist), str(tmp_path / "unpacked"))
    (source,) = (tmp_path / "unpacked").iterdir()
    again = built(source, "wheel", tmp_path / "wheel")
    with zipfile.ZipFile(room.wheel) as first, zipfile.ZipFile(again) as second:
        assert {i.filename: i.CRC for i in first.infolist()} == {i.filename: i.CRC for i in second.infolist()}
