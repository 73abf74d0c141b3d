"""Tests of the command line: what each command prints, and that bad input is one line, code 2, nothing written."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.bench import RunResult
from emulator.config.models import preset
from emulator.config.toml import parse_toml
from emulator.errors import DivergedError
from emulator.trace.reading.reader import open_trace
from experiments.cli import main
from experiments.run import launch as launching

ROOT = Path(__file__).resolve().parents[2]
SMALL = ("vowel_recovery", "--set", "controller.queries=200", "--set", "evaluation.every_queries=50")
SMALL += ("--set", "task.seed=0")  # whatever the seed, the weights in the room's cache fit


def lightloop(*words: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    code = "import sys\nfrom experiments.cli import main\nsys.exit(main())"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    command = [sys.executable, "-P", "-c", code, *map(str, words)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def refusal(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    """Return the one line that ``words`` are refused with; code 2 and an empty stdout are checked."""
    code = main([str(word) for word in words])
    said = capsys.readouterr()
    assert code == 2, said
    assert said.out == ""
    assert said.err.startswith("lightloop: ")
    assert said.err.count("\n") == 1
    assert said.err.endswith("\n")
    return said.err


# ---------------------------------------------------------------------------------------------- run


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


def test_a_refusal_by_a_real_process_is_one_line_and_code_2(tmp_path: Path) -> None:
    done = lightloop("inspect", tmp_path / "nothing.h5")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_a_diverged_run_leaves_with_code_3(
    small_trace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run.h5"

    def diverges(*_: object) -> RunResult:
        out.write_bytes(small_trace.read_bytes())
        return RunResult("diverged", str(DivergedError("loss is nan")), 0.0, 0, {}, {})

    monkeypatch.setattr(launching, "run_study", diverges)
    assert main(["run", *SMALL, "--out", str(out)]) == 3
    assert "trace" in capsys.readouterr().out


def test_ctrl_c_before_the_run_has_begun_leaves_with_code_130(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> RunResult:
        raise KeyboardInterrupt

    monkeypatch.setattr(launching, "run_study", interrupted)
    assert main(["run", *SMALL, "--out", str(tmp_path / "run.h5")]) == 130
    assert list(tmp_path.iterdir()) == []


def test_what_nobody_foresaw_is_a_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> RunResult:
        raise RuntimeError("a bug")

    monkeypatch.setattr(launching, "run_study", breaks)
    with pytest.raises(RuntimeError, match="a bug"):
        main(["run", *SMALL, "--out", str(tmp_path / "run.h5")])


# ------------------------------------------------------------------------------------- inspect, figure


def test_inspect_prints_tables_or_exactly_one_json_object(
    small_trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inspect", str(small_trace)]) == 0
    assert "Latency ledger" in capsys.readouterr().out
    assert main(["inspect", str(small_trace), "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["status"] == "complete"
    assert said.err == ""


def test_inspect_refuses_what_is_no_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.h5").write_text("hello")
    (tmp_path / "folder.h5").mkdir()
    for name in ("text.h5", "folder.h5", "nothing.h5"):
        assert name in refusal(capsys, "inspect", tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.h5", "text.h5"]


def test_figure_writes_the_image_and_refuses_to_replace_it(
    small_trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.png"
    assert main(["figure", str(small_trace), "-o", str(out)]) == 0
    assert capsys.readouterr().out == f"figure {out}\n"
    assert "--force" in refusal(capsys, "figure", small_trace, "-o", out)
    assert main(["figure", str(small_trace), "-o", str(out), "--force"]) == 0


# ---------------------------------------------------------------------------------------------- presets


def test_presets_are_listed_by_kind_with_their_key_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["presets"]) == 0
    both = capsys.readouterr().out
    assert [
        word for word in ("doped_si", "24.77 mW", "1.22 us", "4.86 W", "workstation") if word not in both
    ] == []
    assert main(["presets", "host"]) == 0
    assert "doped_si" not in capsys.readouterr().out


def test_a_preset_is_printed_with_its_sources_and_parses(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["presets", "chip", "doped_si"]) == 0
    text = capsys.readouterr().out
    assert "# paper Harris 2014" in text
    assert parse_toml(text, "stdout") == preset("chip", "doped_si")


def test_unknown_presets_and_kinds_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "allowed: chip, host" in refusal(capsys, "presets", "chips")
    assert "allowed: chip, host" in refusal(capsys, "presets", "chips", "doped_si")
    assert "did you mean 'doped_si'?" in refusal(capsys, "presets", "chip", "doped")


# ------------------------------------------------------------------------------------------------- start


def test_help_lists_the_commands_without_any_heavy_import() -> None:
    code = (
        "import sys\nfrom experiments.cli import main\nassert main(['--help']) == 0\n"
        "print([name for name in ('numpy', 'pydantic', 'simpy', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
    commands = ("run", "inspect", "presets", "figure", "demo", "bench", "paper")
    assert [name for name in commands if f" {name} " not in done.stdout] == []


def test_one_thread_is_the_default_and_the_environment_has_the_last_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    assert main(["presets", "host"]) == 0
    assert (os.environ["OMP_NUM_THREADS"], os.environ["OPENBLAS_NUM_THREADS"]) == ("2", "1")


def test_no_command_and_a_wrong_one_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "Usage" in capsys.readouterr().out
    assert "No such command 'rum'" in refusal(capsys, "rum")
