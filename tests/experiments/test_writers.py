"""Every command that writes a file goes through one door: nothing is lost, nothing half, nothing through a link."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, get_type_hints

import pytest

from emulator.trace.open import open_trace
from experiments.cli import COMMANDS, main
from experiments.output import files
from tests.experiments.command_line import refusal

WRITERS: Final[dict[tuple[str, str], tuple[str, tuple[str, ...]]]] = {
    ("figure", "out"): (".png", ("figure", "{trace}", "-o")),
    ("whatif", "drawn"): (".png", ("whatif", "{trace}", "--set", "host.overhead_s=1 us", "--figure")),
    ("report", "out"): (".html", ("report", "{trace}", "-o")),
    ("timeline", "out"): (".json", ("timeline", "{trace}", "-o")),
    ("export", "out"): (".csv", ("export", "{trace}", "--table", "metrics", "-o")),
    ("calibrate", "out"): (".toml", ("calibrate", "{trace}", "--measured", "{measured}", "-o")),
}
"""The suffix and the words of every command that writes one file where it is told, by command and parameter."""

TRACES: Final = {("run", "out"), ("replay", "out"), ("scale", "out"), ("serve", "out")}
"""Options of traces, which are never replaced: experiments/run/test_launch.py, replay/test_modes.py,
scale/test_command.py and serve/test_command.py."""

OTHERS: Final = {
    ("bench", "json_path"): "an older file is replaced by intent: benchmarks/test_main.py",
    ("demo", "out"): "a folder of its own: demo/test_tour.py",
    ("paper", "out"): "a folder of its own: paper/test_experiment.py",
    ("paper", "json"): "an older file is replaced, as tables are: paper/test_findings.py",
    ("check", "out"): "a folder of its own: check/test_*.py",
    ("sweep", "out"): "a folder of its own: sweep/test_*.py",
    ("calibrate", "measured"): "is read",
    ("calibrate", "holdout"): "is read",
    ("calibrate", "trace"): "is read",
    ("run", "overlays"): "is read",
    ("serve", "overlays"): "is read",
    ("scale", "overlays"): "is read",
    ("ceiling", "overlays"): "is read",
    ("whatif", "overlays"): "is read",
    ("replay", "overlays"): "is read",
    ("sweep", "overlays"): "is read",
}

every_writer = pytest.mark.parametrize("writer", WRITERS, ids="-".join)


@pytest.fixture(scope="module")
def measured(small_trace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return latencies as the trace has them, so that a calibration finds what it should."""
    with open_trace(small_trace) as trace:
        lasted_s = (trace.commands.t_done - trace.commands.t_started) * 1e-12
    rows = [f"{row},{seconds!r}" for row, seconds in enumerate(lasted_s.tolist()) if seconds > 0]
    path = tmp_path_factory.mktemp("measured") / "latencies.csv"
    path.write_text("\n".join(["command,latency_s", *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def words(small_trace: Path, measured: Path) -> Callable[[tuple[str, str], Path], list[str]]:
    def spoken(writer: tuple[str, str], out: Path) -> list[str]:
        said = [word.format(trace=small_trace, measured=measured) for word in WRITERS[writer][1]]
        return [*said, str(out)]

    return spoken


def test_every_option_that_is_a_path_is_a_writer_or_has_an_excuse() -> None:
    found = {
        (command.name, name)
        for command in COMMANDS
        for name, hint in get_type_hints(command.function, include_extras=True).items()
        if "pathlib." in str(hint) and "OptionInfo" in str(hint)
    }
    assert found - {*WRITERS, *TRACES, *OTHERS} == set()
    assert {*WRITERS, *TRACES} <= found


@every_writer
def test_an_existing_file_a_link_and_an_input_are_refused_before_anything_is_read(
    writer: tuple[str, str], words: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / f"old{WRITERS[writer][0]}"
    out.write_text("old", encoding="utf-8")
    assert "a file lies here already" in refusal(capsys, *words(writer, out))
    link = tmp_path / f"link{WRITERS[writer][0]}"
    link.symlink_to(out)
    assert "a link lies here" in refusal(capsys, *words(writer, link), "--force")
    assert "is no folder that takes files" in refusal(capsys, *words(writer, out / link.name))
    assert out.read_text(encoding="utf-8") == "old"


@every_writer
def test_nothing_is_written_over_what_the_command_reads(
    writer: tuple[str, str], words: Any, small_trace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = tmp_path / f"input{WRITERS[writer][0]}"  # a trace may have any name
    trace.write_bytes(small_trace.read_bytes())
    said = [str(trace) if word == str(small_trace) else word for word in words(writer, trace)]
    assert "it is read by the same command" in refusal(capsys, *said, "--force")
    assert trace.read_bytes() == small_trace.read_bytes()


@every_writer
def test_a_full_disk_keeps_the_old_file(
    writer: tuple[str, str],
    words: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / f"old{WRITERS[writer][0]}"
    out.write_text("old", encoding="utf-8")

    def full(path: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(files.Path, "replace", full)
    assert main([*words(writer, out), "--force"]) == 2
    said = capsys.readouterr().err
    assert "it cannot be written: No space left on device" in said.splitlines()[-1]
    assert out.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == [out.name]
