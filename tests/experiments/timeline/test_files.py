"""The suffix chooses the format; nothing is overwritten unasked, and nothing half written is left."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator.errors import ConfigError
from emulator.plan import REMAINDER, Step
from emulator.trace import Header, Recorder
from experiments.timeline import files as timeline_files
from experiments.timeline.files import write_timeline


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    recorder = Recorder.create(tmp_path / "run.h5", Header("", 0, "", (), ""), "commands")
    ids = [recorder.label(f"commands.{column}", name) for column, name in
           (("agent", "szo"), ("instrument", "chip"), ("kind", "forward"))]  # fmt: skip
    plan = recorder.plan(
        [
            Step("link", "request", 2000),
            Step("optics", "symbols", REMAINDER),
            Step("host", "think", 2000, held=False),
        ]
    )
    recorder.power(recorder.label("power.component", "chip.laser"), 0, 0.5)
    cause = -1
    for row in range(4):
        t = 10_000 * row
        cause = recorder.command(*ids, plan, cause, t, t, t + 10_000, 0, 0.0, 0.0)
    recorder.close("complete", "", 40_000, 4)
    return recorder.path


def test_json_is_a_chrome_trace(recorded: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "run.json"
    written = write_timeline(recorded, out)
    assert (written.form, written.slices, written.tracks, written.arrows) == (
        "Chrome trace-event JSON",
        16,
        4,
        7,
    )
    assert (written.from_s, written.to_s, written.bytes) == (0.0, 4e-8, out.stat().st_size)
    assert len([e for e in json.loads(out.read_text())["traceEvents"] if e["ph"] == "X"]) == 16
    assert str(written).endswith("open it at ui.perfetto.dev")


@pytest.mark.parametrize("suffix", [".perfetto-trace", ".pftrace", ".PFTRACE"])
def test_other_suffixes_are_perfetto_traces(recorded: Path, tmp_path: Path, suffix: str) -> None:
    protos = pytest.importorskip("perfetto.protos.perfetto.trace.perfetto_trace_pb2")
    out = tmp_path / f"run{suffix}"
    assert write_timeline(recorded, out).form == "Perfetto protobuf"
    begins = [p for p in protos.Trace.FromString(out.read_bytes()).packet if p.track_event.type == 1]
    assert len(begins) == 16


def test_a_window_is_passed_on(recorded: Path, tmp_path: Path) -> None:
    written = write_timeline(recorded, tmp_path / "run.json", 1e-8, 2e-8)
    assert (written.from_s, written.to_s, written.slices) == (1e-8, 2e-8, 4)


def test_an_unknown_suffix_is_refused(recorded: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"'\.jsn' is no timeline format; allowed: \.json.*did you mean '\.json'"
    ):
        write_timeline(recorded, tmp_path / "run.jsn")


def test_a_file_is_replaced_only_with_force(recorded: Path, tmp_path: Path) -> None:
    out = tmp_path / "run.json"
    out.write_text("mine")
    with pytest.raises(ConfigError, match="add --force"):
        write_timeline(recorded, out)
    assert out.read_text() == "mine"
    write_timeline(recorded, out, force=True)
    assert out.read_text() != "mine"


def test_a_failed_write_leaves_what_was_there(
    recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Any, out: Any) -> None:
        out.write("half")
        raise OSError(28, "No space left on device")

    out = tmp_path / "run.json"
    out.write_text("mine")
    monkeypatch.setattr(timeline_files, "write_chrome_trace", fail)
    with pytest.raises(ConfigError, match="cannot be written: No space left on device"):
        write_timeline(recorded, out, force=True)
    assert out.read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.h5", "run.json"]


def test_a_folder_in_the_way_is_reported(recorded: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        write_timeline(recorded, tmp_path / "file" / "run.json")


def test_the_same_trace_gives_the_same_file(recorded: Path, tmp_path: Path) -> None:
    files: list[Callable[[], bytes]] = [(tmp_path / f"{n}.json").read_bytes for n in range(2)]
    for n in range(2):
        write_timeline(recorded, tmp_path / f"{n}.json")
    assert files[0]() == files[1]()
