"""Tests of ``lightloop run``: what it prints, and that bad input is one line, code 2, nothing written."""

import json
import os
from pathlib import Path

import pytest

from emulator.bench import RunResult
from emulator.errors import DivergedError
from emulator.trace.open import open_trace
from experiments.cli import main
from experiments.run import launch as launching
from tests.experiments.command_line import lightloop, refusal

SMALL = ("vowel_recovery", "--set", "controller.queries=200", "--set", "evaluation.every_queries=50")
SMALL += ("--set", "task.seed=0")  # whatever the seed, the weights in the room's cache fit


@pytest.mark.usefixtures("in_room")
def test_run_sums_up_what_it_did_and_leaves_the_trace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "run.h5"
    assert main(["run", *SMALL, "--seed", "3", "--out", str(out)]) == 0
    said = capsys.readouterr()
    words = [
        "Vowels",
        "complete",
        "seed 3",
        "ideal",
        "before",
        "at the end",
        "selected",
        "queries",
        "emulated time",
    ]
    assert [word for word in words if word not in said.out] == []
    assert said.err == ""  # no terminal, no progress line
    with open_trace(out) as trace:
        assert (trace.seed, trace.status) == (3, "complete")


@pytest.mark.usefixtures("in_room")
def test_the_trace_is_named_after_study_and_seed_and_never_replaced(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["run", *SMALL, "--seed", "7", "--quiet"]) == 0
    out = Path("out/vowel_recovery-seed7.h5")
    before = out.read_bytes()
    capsys.readouterr()
    assert "lies here already" in refusal(capsys, "run", *SMALL, "--seed", "7")
    assert out.read_bytes() == before


@pytest.mark.usefixtures("in_room")
def test_a_spent_budget_is_a_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run.h5"
    assert main(["run", *SMALL, "--set", "budget.queries=20", "--out", str(out)]) == 0
    assert "budget.queries: 20 of 20 queries spent" in capsys.readouterr().out


@pytest.mark.slow  # of processes that are no command: check/test_determinism.py
@pytest.mark.usefixtures("in_room")
def test_the_same_seed_gives_the_same_digest_whatever_the_hash_seed_and_the_threads(tmp_path: Path) -> None:
    digests = set()
    for number, threads in enumerate(("1", "2"), start=1):
        out = tmp_path / f"{number}.h5"
        done = lightloop(
            "run",
            *SMALL,
            "--out",
            out,
            PYTHONHASHSEED=str(number),
            OPENBLAS_NUM_THREADS=threads,
            OMP_NUM_THREADS=threads,
        )
        assert done.returncode == 0, done.stderr
        with open_trace(out) as trace:
            digests.add(trace.digest)
    assert len(digests) == 1


BAD_RUNS = {
    "unknown key": (("vowel_recovery", "--set", "deployment.alhpa=0.1"), "did you mean 'deployment.alpha'?"),
    "wrong unit": (("vowel_recovery", "--set", "chip.heaters.tau_s=2 kg"), "chip.heaters.tau_s"),
    "NaN": (("vowel_recovery", "--set", "chip.heaters.tau_s=nan"), "chip.heaters.tau_s"),
    "negative time": (("vowel_recovery", "--set", "chip.heaters.settle_s=-1 us"), "chip.heaters.settle_s"),
    "alpha too large": (
        ("vowel_recovery", "--set", "deployment.alpha=1.5"),
        "deployment.alpha = 1.5 is refused",
    ),
    "alpha zero": (("vowel_recovery", "--set", "deployment.alpha=0"), "deployment.alpha = 0 is refused"),
    "negative seed": (("vowel_recovery", "--seed", "-1"), "seed"),
    "no value": (("vowel_recovery", "--set", "seed"), "section.key=value"),
    "no preset": (("vowel_recovery", "--set", "chip.preset=doped"), "did you mean 'doped_si'?"),
    "no task": (("vowel_recovery", "--set", "task.name=vowels"), "did you mean 'vowel'?"),
    "no file": (("nothing/here.toml",), "there is no such file"),
    "no shipped study": (("vowel_recover",), "did you mean 'vowel_recovery'?"),
    "no study at all": ((), "Missing argument"),
    "no TOML": (("broken.toml",), "not valid TOML"),
    "no number": (("vowel_recovery", "--seed", "x"), "--seed"),
    "no option": (("vowel_recovery", "--sed", "1"), "--sed"),
}


@pytest.mark.parametrize("case", BAD_RUNS)
def test_bad_input_to_run_is_one_line_and_nothing_is_written(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    broken = tmp_path / "broken.toml"
    broken.write_text("[chip\n", encoding="utf-8")
    words, expected = BAD_RUNS[case]
    assert expected in refusal(capsys, "run", *words)
    assert list(tmp_path.iterdir()) == [broken]


@pytest.mark.parametrize("name", ["run.h5", "run.h5.journal"])
def test_an_existing_output_is_refused_before_anything_is_trained(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(b"precious")
    assert "lies here" in refusal(capsys, "run", *SMALL, "--out", "run.h5")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert Path(name).read_bytes() == b"precious"


def test_a_folder_that_cannot_hold_the_trace_is_refused_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    assert "is not a folder" in refusal(capsys, "run", *SMALL, "--out", "file/deep/run.h5")
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "cannot be written" in refusal(capsys, "run", *SMALL, "--out", "new/run.h5")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_diverged_run_leaves_with_code_3(
    small_trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run.h5"

    def diverges(*_: object, **__: object) -> RunResult:
        out.write_bytes(small_trace.read_bytes())
        return RunResult("diverged", str(DivergedError("loss is nan")), 0.0, 0, {}, {})

    monkeypatch.setattr(launching, "run_study", diverges)
    assert main(["run", *SMALL, "--out", str(out)]) == 3
    assert "trace" in capsys.readouterr().out


def test_ctrl_c_before_the_run_has_begun_leaves_with_code_130(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> RunResult:
        raise KeyboardInterrupt

    monkeypatch.setattr(launching, "run_study", interrupted)
    assert main(["run", *SMALL, "--out", str(tmp_path / "run.h5")]) == 130
    assert list(tmp_path.iterdir()) == []


def test_what_nobody_foresaw_is_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object, **__: object) -> RunResult:
        raise RuntimeError("a bug")

    monkeypatch.setattr(launching, "run_study", breaks)
    with pytest.raises(RuntimeError, match="a bug"):
        main(["run", *SMALL, "--out", str(tmp_path / "run.h5")])


def test_heaters_that_have_not_settled_are_told_before_the_run_and_by_the_trace(
    in_room: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "slow.h5"
    slow = ["--set", "chip.heaters.tau_s=12 us", "--set", "controller.queries=5", "--quiet"]
    assert main(["run", *SMALL[:1], *SMALL[-2:], *slow, "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert said.err.startswith("lightloop: caution: light comes 0.58 time constants after phases change")
    assert "caution: light comes 0.58 time constants" in said.out
    assert main(["inspect", str(out), "--json"]) == 0
    (caution,) = json.loads(capsys.readouterr().out)["cautions"]
    assert caution in " ".join(said.err.split())
    assert main(["whatif", str(out), "--set", "host.overhead_s=1us", "--json"]) == 0
    assert caution in json.loads(capsys.readouterr().out)["rows"][1]["warnings"]
    assert main(["whatif", str(out), "--set", "chip.heaters.settle_s=5 tau", "--json"]) == 0
    assert caution not in json.loads(capsys.readouterr().out)["rows"][1]["warnings"]
