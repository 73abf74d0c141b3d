"""Tests of what surrounds a run: signals end it with a valid trace, exit codes say how it ended."""

import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from emulator.bench import Bench
from emulator.errors import ConfigError, TraceError
from emulator.trace.open import open_trace
from experiments.run.launch import check_out, default_out, launch, open_study, shipped_studies
from experiments.run.progress import ProgressLine
from experiments.run.study import Study
from tests.experiments.conftest import STUDIES


@pytest.mark.usefixtures("in_room")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_after_the_command_in_flight(
    number: signal.Signals,
    code: int,
    small_study: Study,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]

    sent: list[signal.Signals] = []

    def interrupt(self: ProgressLine, bench: Bench) -> Mapping[str, float]:
        if bench.queries == 60 and not sent:
            sent.append(number)
            signal.raise_signal(number)
            # The next one is left to Python, as it was before the run.
            assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before
        return {}

    monkeypatch.setattr(ProgressLine, "every_queries", 1)
    monkeypatch.setattr(ProgressLine, "observe", interrupt)
    launched = launch(small_study, tmp_path / "run.h5", quiet=True)
    assert (launched.exit_code, launched.result.status) == (code, "aborted")
    with open_trace(tmp_path / "run.h5") as trace:
        assert (trace.status, trace.queries) == ("aborted", 60)
        assert trace.reason == f"{number.name} received"
        assert "final_phases" in trace.states
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.usefixtures("in_room")
def test_a_finished_run_leaves_the_signals_as_they_were(small_study: Study, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    launched = launch(small_study, tmp_path / "run.h5")
    assert (launched.exit_code, launched.result.status) == (0, "complete")
    assert signal.getsignal(signal.SIGINT) is before


def test_a_study_is_opened_by_path_or_by_its_shipped_name() -> None:
    by_name = open_study("mnist_recovery", ("deployment.alpha=0.5",), 3)
    by_path = open_study(str(STUDIES / "mnist_recovery.toml"), ("deployment.alpha=0.5",), 3)
    assert by_name == by_path
    assert (by_name.deployment.alpha, by_name.seed) == (0.5, 3)


def test_a_file_without_a_suffix_is_opened_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine").write_text("seed = 9\n", encoding="utf-8")
    assert open_study("mine").seed == 9


def test_an_unknown_study_is_refused_with_those_that_are_shipped() -> None:
    with pytest.raises(
        ConfigError, match=r"fashion_recovery, .*mnist_recovery, .*vowel_recovery.*mean 'mnist_recovery'"
    ):
        open_study("mnist_recover")


def test_the_trace_is_named_after_study_and_seed() -> None:
    assert default_out("studies/my.study.toml", 4) == Path("out/my.study-seed4.h5")
    assert default_out("vowel_recovery", 0) == Path("out/vowel_recovery-seed0.h5")


def test_the_shipped_studies_are_the_files_of_their_folder() -> None:
    assert list(shipped_studies()) == sorted(path.stem for path in STUDIES.glob("*.toml"))


@pytest.mark.parametrize("name", ["a\0b.h5", "x" * 300 + ".h5", "\ud800.h5", "..", ".", ""])
def test_a_path_that_no_trace_can_have_is_refused_and_nothing_is_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="--out"):
        check_out(tmp_path / "in" / name if name.endswith(".h5") else Path(name))
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_through_a_link_or_above_a_file(tmp_path: Path) -> None:
    (tmp_path / "link.h5").symlink_to(tmp_path / "elsewhere.h5")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    for out in ("link.h5", "loop/x.h5", "file/x.h5"):
        with pytest.raises(TraceError):
            check_out(tmp_path / out)
    assert not (tmp_path / "elsewhere.h5").exists()


@pytest.mark.parametrize("study", ["../../x", "/etc/x", "..", "a/../../b.toml", "x" * 200])
def test_the_name_of_a_study_never_leaves_the_folder_of_traces(study: str) -> None:
    out = default_out(study, 0)
    assert (out.parent, ".." in out.parts) == (Path("out"), False)


@pytest.mark.parametrize("study", ["a\0b", "a\0b.toml", "../../etc/passwd", "x" * 300, "x" * 5000 + ".toml"])
def test_what_can_be_no_study_is_refused_by_name(study: str) -> None:
    with pytest.raises(ConfigError):
        open_study(study)
