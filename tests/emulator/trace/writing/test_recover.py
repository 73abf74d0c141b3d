"""A run that was killed anywhere opens as a prefix of the run that was not."""

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from emulator.errors import TraceError
from emulator.plan import Step
from emulator.streams import stream
from emulator.trace import Header, Recorder
from emulator.trace.open import open_so_far, open_trace
from emulator.trace.reading.reader import Trace
from emulator.trace.writing.header import Counts
from emulator.trace.writing.journal import journal_path, lock
from emulator.trace.writing.recorder import BLOCK_ROWS
from emulator.trace.writing.recover import finalize_in_child, part_path, recover

Record = Callable[..., Recorder]

BLOCKS = 40
CHILD = """
import sys
from pathlib import Path
from emulator.plan import Step
from emulator.trace import Header, Recorder
from emulator.trace.writing.recorder import BLOCK_ROWS
detail = sys.argv[2]
recorder = Recorder.create(Path(sys.argv[1]), Header("a = 1", 1, "", (), ""), detail)
ids = [recorder.label(f"commands.{column}", "forward") for column in ("agent", "instrument", "kind")]
heaters = recorder.label("power.component", "heaters")
plan = recorder.plan([Step("link", "transfer", 2), Step("chip", "settle", -1)])
print(0, flush=True)
blocks = int(sys.argv[3])
for row in range(blocks * BLOCK_ROWS):
    recorder.power(heaters, 9 * row, row / 3)
    if row % 64 == 0:
        recorder.metric("loss", 9 * row, row, row / 5)
    recorder.command(*ids, plan, row - 1, 9 * row, 9 * row + 1, 9 * row + 9, row % 8, row / 7, 0.5)
    if row % BLOCK_ROWS == BLOCK_ROWS - 1:
        print(row + 1, flush=True)
recorder.close("complete", "", 9 * row + 9, row + 1)
print("closed", flush=True)
"""


def begun(out: Path, commands: int) -> Recorder:
    """Return the recorder of a run that goes on and has done ``commands`` so far."""
    recorder = Recorder.create(out, Header("a = 1", 1, "", (), ""), "commands")
    ids = [recorder.label(f"commands.{column}", "forward") for column in ("agent", "instrument", "kind")]
    plan = recorder.plan([Step("link", "transfer", 2), Step("chip", "settle", -1)])
    recorder.power(recorder.label("power.component", "heaters"), 0, 1.0)
    for row in range(commands):
        recorder.command(*ids, plan, row - 1, 9 * row, 9 * row + 1, 9 * row + 9, row % 8, row / 7, 0.5)
    return recorder


def start(out: Path, detail: str, blocks: int) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])}
    command = [sys.executable, "-c", CHILD, str(out), detail, str(blocks)]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True, env=environment
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "0\n"
    return child


def kill_after(child: "subprocess.Popen[str]", out: Path, seconds: float) -> int:
    """Kill the writer and its finalizer, and return how many rows were acknowledged by then."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(timeout=seconds)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    said, _ = child.communicate()
    # The finalizer dies a moment later than its parent: its lock tells when.
    with contextlib.suppress(FileNotFoundError), journal_path(out).open("rb") as journal:
        fcntl.flock(journal, fcntl.LOCK_EX)
    lines = [line for line in said.splitlines(keepends=True) if line.endswith("\n")]
    rows = [int(line) for line in lines if line.strip().isdigit()]
    return max(rows, default=0)


def check_prefix(trace: Trace, acknowledged: int) -> None:
    commands = trace.commands
    row = np.arange(len(commands.t_done))
    assert len(row) >= acknowledged
    np.testing.assert_array_equal(commands.cause, row - 1)
    np.testing.assert_array_equal(commands.t_done, 9 * row + 9)
    np.testing.assert_array_equal(commands.value, row / 7)
    np.testing.assert_array_equal(trace.power.t, 9 * row)
    np.testing.assert_array_equal(trace.power.watts, row / 3)
    np.testing.assert_array_equal(trace.metric_rows.queries, row[::64])
    assert trace.queries == len(row)
    assert trace.elapsed_ps == 9 * len(row)
    assert trace.status in ("killed", "complete")
    assert trace.status == "killed" or len(row) == BLOCKS * 4096


def kill_many(folder: Path, kills: int) -> list[str]:
    rng = stream(1, f"test/recover/{kills}")
    statuses = []
    for number in range(kills):
        out = folder / f"{number}.h5"
        child = start(out, "commands", BLOCKS)
        delay_s = (
            float(rng.uniform(0.0, 1.2)) if number else 0.0
        )  # one at least dies early, whatever the machine
        acknowledged = kill_after(child, out, delay_s)
        with open_trace(out) as trace:
            check_prefix(trace, acknowledged)
            assert trace.digest
            statuses.append(trace.status)
        recover(out)
        assert [path.name for path in folder.iterdir()] == [out.name]
        out.unlink()
    return statuses


def test_a_killed_run_opens_as_a_bit_for_bit_prefix(tmp_path: Path) -> None:
    statuses = kill_many(tmp_path, 5)
    assert "killed" in statuses


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_thousand_killed_runs_open_as_prefixes(tmp_path: Path) -> None:
    assert {"killed", "complete"} <= set(kill_many(tmp_path, 1000))


def test_a_killed_summary_takes_its_totals_from_the_last_number_logged(tmp_path: Path) -> None:
    out = tmp_path / "run.h5"
    child = start(out, "summary", 10_000)
    assert child.stdout is not None
    while int(child.stdout.readline()) < 2 * 4096:
        pass
    kill_after(child, out, 0.0)
    with open_trace(out) as trace:
        rows = trace.metric_rows
        assert trace.status == "killed"
        assert (trace.elapsed_ps, trace.queries) == (int(rows.t[-1]), int(rows.queries[-1]))
        assert len(rows.t) >= 2 * 64
        assert len(rows.t) % 64 == 0


@pytest.mark.parametrize(
    ("counts", "kinds", "expected"),
    [
        ({"probe": "", "forward": ""}, ("probe", "forward", "settle"), 2),
        ({"project": "target"}, ("project", "compute", "project"), 12),
        ({"compute": ""}, ("compute", "project", "compute"), 2),
        ({"shot": "target", "look": ""}, ("shot", "look", "shot"), 13),
        (None, ("forward", "project", "forward"), 2),  # nobody said: the first of these that has a name
        (None, ("project", "compute", "settle"), 5),
        (None, ("compute", "settle", "compute"), 2),
        (None, ("settle", "settle", "settle"), 0),
    ],
)
def test_a_run_that_was_cut_off_counts_the_queries_of_its_bench(
    tmp_path: Path, header: Header, counts: dict[str, str] | None, kinds: tuple[str, ...], expected: int
) -> None:
    recorder = Recorder.create(tmp_path / "run.h5", header)
    for column in ("agent", "instrument"):
        recorder.label(f"commands.{column}", "x")
    if counts is not None:
        recorder.counts(counts)
    for row, kind in enumerate(kinds):
        recorder.command(
            0, 0, recorder.label("commands.kind", kind), 0, -1, row, row, row + 1, 5 + row, 0.0, 0.0
        )
    recorder.commit()
    recorder._journal.close()
    with open_trace(tmp_path / "run.h5") as trace:
        assert (trace.status, trace.queries, trace.elapsed_ps) == ("killed", expected, 3)


@pytest.mark.parametrize("column", ["kind", "targets", "agent", 3])
def test_a_rule_that_counts_by_no_column_of_numbers_is_refused(column: str) -> None:
    with pytest.raises(TraceError, match="a column of /commands"):
        Counts({"forward": column})
    with pytest.raises(TraceError, match="a column of /commands"):
        Counts.decode(json.dumps({"forward": column}).encode(), "journal")


def test_a_live_run_is_left_alone_and_its_process_named(tmp_path: Path, record: Record) -> None:
    recorder = record(tmp_path / "run.h5")
    for opening in (open_trace, recover):
        with pytest.raises(TraceError, match=f"live: process {os.getpid()}"):
            opening(tmp_path / "run.h5")
    recorder.close("complete", "", 2600, 50)
    with open_trace(tmp_path / "run.h5") as trace:
        assert trace.status == "complete"


def test_a_live_run_can_be_read_as_far_as_it_has_come_and_is_not_disturbed(tmp_path: Path) -> None:
    out = tmp_path / "a run.h5"
    recorder = begun(out, BLOCK_ROWS + 5)
    with open_so_far(out) as trace:
        assert (trace.status, trace.path) == ("running", out)
        seen = trace.commands.t_done
        assert len(seen) == BLOCK_ROWS
    with pytest.raises(TraceError, match=r"inspect '.*a run\.h5' shows"):
        open_trace(out)
    assert [path.name for path in tmp_path.iterdir()] == [journal_path(out).name]
    recorder.close("complete", "", 9 * BLOCK_ROWS + 99, BLOCK_ROWS + 5)
    with open_so_far(out) as whole:
        assert whole.status == "complete"
        assert len(whole.commands.t_done) == BLOCK_ROWS + 5
        assert np.array_equal(whole.commands.t_done[: len(seen)], seen)


def test_without_trace_or_journal_there_is_nothing_to_recover(tmp_path: Path) -> None:
    for opening in (open_trace, recover):
        with pytest.raises(TraceError, match=r"nowhere.h5.*no trace"):
            opening(tmp_path / "nowhere.h5")


def test_recovering_a_finished_trace_changes_nothing(trace_path: Path) -> None:
    before = trace_path.read_bytes()
    assert recover(trace_path) == trace_path
    assert trace_path.read_bytes() == before


def test_a_journal_without_a_whole_header_says_that_nothing_was_recorded(tmp_path: Path) -> None:
    (tmp_path / "run.h5.journal").write_bytes(b"LLJ1")
    with pytest.raises(TraceError, match="nothing was recorded"):
        open_trace(tmp_path / "run.h5")


@pytest.fixture
def abandoned(tmp_path: Path, record: Record) -> Path:
    """Return the path of a trace of which only the journal exists, without a writer."""
    recorder = record(tmp_path / "run.h5")
    recorder.commit()
    recorder._journal.close()
    return tmp_path / "run.h5"


def test_a_torn_tail_at_any_byte_of_the_last_block_opens(
    abandoned: Path, everything: Callable[[Trace], tuple[object, ...]]
) -> None:
    journal = abandoned.with_name("run.h5.journal")
    whole = journal.read_bytes()
    last = whole.rindex(b"LLJ1")
    for length in np.linspace(last, len(whole) - 1, 8).astype(int):
        journal.write_bytes(whole[:length])
        with open_trace(abandoned) as trace:
            assert (trace.status, len(trace.commands.t_done)) == ("killed", 0)
            assert f"{length - last} bytes" in trace.reason
            assert trace.states == ("initial",)
            assert everything(trace)
        abandoned.unlink()


def test_a_stale_part_is_replaced(abandoned: Path) -> None:
    part_path(abandoned).write_bytes(b"half a file")
    with open_trace(abandoned) as trace:
        assert len(trace.commands.t_done) == 100
    assert [path.name for path in abandoned.parent.iterdir()] == ["run.h5"]


def test_a_journal_left_by_a_finalizer_killed_after_its_last_step_is_cleared_away(abandoned: Path) -> None:
    journal = abandoned.with_name("run.h5.journal")
    whole = journal.read_bytes()
    recover(abandoned)
    journal.write_bytes(whole)
    with open_trace(abandoned) as trace:
        assert trace.status == "killed"
    recover(abandoned)
    assert not journal.exists()


def test_a_journal_beside_another_runs_trace_is_kept(abandoned: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "run.h5"
    Recorder.create(other, Header("b = 2", 8, "", (), "")).close("complete", "", 0, 0)
    other.rename(abandoned)
    with pytest.raises(TraceError, match="another trace lies here"):
        recover(abandoned)
    assert abandoned.with_name("run.h5.journal").exists()


@pytest.mark.usefixtures("converts_in_child")
@pytest.mark.parametrize("death", [signal.SIGSEGV, signal.SIGBUS, signal.SIGKILL])
def test_a_finalizer_that_dies_leaves_the_journal_whole(
    tmp_path: Path, record: Record, monkeypatch: pytest.MonkeyPatch, death: signal.Signals
) -> None:
    recorder = record(tmp_path / "run.h5")
    real = sys.executable
    dying = tmp_path / "python"
    dying.write_text(f"#!/bin/sh\ntouch {part_path(recorder.path)}\nkill -{death.value} $$\n")
    dying.chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", str(dying))
        with pytest.raises(TraceError, match=f"died of {death.name}.*safe in"):
            recorder.close("complete", "", 2600, 50)
    assert sys.executable == real
    assert not part_path(recorder.path).exists()
    with open_trace(recorder.path) as trace:
        assert (trace.status, trace.queries, len(trace.commands.t_done)) == ("complete", 50, 100)


@pytest.mark.usefixtures("converts_in_child")
def test_a_failing_finalizer_is_quoted(abandoned: Path) -> None:
    part_path(abandoned).mkdir()
    with pytest.raises(TraceError, match=r"failed \(74\): .*safe in"):
        recover(abandoned)


@pytest.mark.usefixtures("converts_in_child")
def test_the_conversion_finds_its_package_from_any_folder(
    abandoned: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "h5py.py").write_text("raise SystemExit('hijacked')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with open_trace(abandoned) as trace:
        assert trace.status == "killed"


@pytest.mark.usefixtures("converts_in_child")
def test_the_lock_outlives_the_parent_while_the_child_converts(
    abandoned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inherited = []

    def look(command: list[str], **options: object) -> "subprocess.CompletedProcess[bytes]":
        (descriptor,) = options["pass_fds"]  # type: ignore[misc, attr-defined]
        with abandoned.with_name("run.h5.journal").open("rb") as other:
            inherited.append(
                (os.fstat(descriptor).st_ino == os.fstat(other.fileno()).st_ino, lock(other.fileno()))
            )
        return subprocess.CompletedProcess(command, 0, b"", b"")

    monkeypatch.setattr(subprocess, "run", look)
    recover(abandoned)
    assert inherited == [(True, False)]


def test_a_journal_in_a_folder_that_may_only_be_read_is_read_all_the_same(
    abandoned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.trace.open.os.access", lambda *_: False)
    with open_trace(abandoned) as trace:
        assert (trace.path, trace.status) == (abandoned, "killed")
        assert len(trace.commands.t_done) > 0
    assert not abandoned.exists()
    assert journal_path(abandoned).exists()


def test_readers_of_a_dead_run_wait_for_the_one_that_converts_it(
    abandoned: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.trace.writing.recover._is_alive", lambda _: False)  # this very process
    journal = journal_path(abandoned)
    found: list[Path] = []
    with journal.open("rb") as first:
        assert lock(first.fileno())
        second = Thread(target=lambda: found.append(recover(abandoned)))
        second.start()
        finalize_in_child(journal, abandoned, first.fileno())
    second.join(timeout=60)
    assert found == [abandoned]
    assert not journal.exists()


@pytest.mark.parametrize("byte", [0, 5, 9, 14, 30, 200])
def test_a_bit_flipped_in_the_header_loses_nothing(abandoned: Path, byte: int) -> None:
    journal = journal_path(abandoned)
    content = bytearray(journal.read_bytes())
    content[byte] ^= 1
    journal.write_bytes(content)
    with open_trace(abandoned) as trace:
        assert (trace.status, len(trace.commands.t_done) > 0) == ("killed", True)


def test_without_any_header_the_file_is_to_be_kept(abandoned: Path) -> None:
    journal = journal_path(abandoned)
    content = bytearray(journal.read_bytes())
    second = content.find(b"LLJ1", 1)
    content[9] ^= 1
    content[second + 9] ^= 1
    journal.write_bytes(bytes(content) + bytes(70_000))
    with pytest.raises(TraceError, match="keep the file"):
        open_trace(abandoned)
    assert journal.exists()
