"""A journal that grows is followed row by row, whoever writes it, however it ends, and nobody is disturbed."""

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from emulator.errors import TraceError
from emulator.streams import stream
from emulator.trace import Recorder
from emulator.trace.live import LiveTrace, News
from emulator.trace.open import open_trace
from emulator.trace.schema import COMMANDS, METRICS, POWER, TABLES
from emulator.trace.writing.journal import JournalReader, JournalWriter, journal_path

Record = Callable[..., Recorder]

CHILD = """
import sys
from pathlib import Path
from emulator.plan import Step
from emulator.trace import Header, Recorder
from emulator.trace.writing.recorder import BLOCK_ROWS
recorder = Recorder.create(Path(sys.argv[1]), Header("a = 1", 1, "", (), ""), "commands")
ids = [recorder.label(f"commands.{column}", "forward") for column in ("agent", "instrument", "kind")]
heaters = recorder.label("power.component", "heaters")
plan = recorder.plan([Step("link", "transfer", 2), Step("chip", "settle", -1)])
print(0, flush=True)
row = 0
for line in sys.stdin:
    for row in range(row, row + int(line) * BLOCK_ROWS):
        recorder.power(heaters, 9 * row, row / 3)
        if row % 64 == 0:
            recorder.metric("loss", 9 * row, row, row / 5)
        recorder.command(*ids, plan, row - 1, 9 * row, 9 * row + 1, 9 * row + 9, row % 8, row / 7, 0.5)
    row += 1
    print(row, flush=True)
recorder.close("complete", "", 9 * row, row)
print("closed", flush=True)
"""


class Writer:
    """A process that writes as many blocks as it is told, so that reads come exactly in between."""

    def __init__(self, out: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(out)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self.said() == "0"

    def said(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def write(self, blocks: int) -> int:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{blocks}\n")
        self.process.stdin.flush()
        return int(self.said())

    def finish(self) -> None:
        self.process.communicate()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    started = Writer(tmp_path / "run.h5")
    yield started
    if started.process.poll() is None:
        started.kill()


def check_rows(gathered: list[News], rows: int) -> None:
    commands = np.concatenate([news.rows(COMMANDS) for news in gathered])
    number = np.arange(rows)
    np.testing.assert_array_equal(commands["t_done"], 9 * number + 9)
    np.testing.assert_array_equal(commands["value"], number / 7)
    np.testing.assert_array_equal(
        np.concatenate([news.rows(POWER)["watts"] for news in gathered]), number / 3
    )
    np.testing.assert_array_equal(
        np.concatenate([news.rows(METRICS)["queries"] for news in gathered]), number[::64]
    )


def test_a_writer_that_finishes_is_followed_to_its_end(tmp_path: Path, writer: Writer) -> None:
    with LiveTrace(tmp_path / "run.h5") as live:
        gathered = [live.poll()]
        assert (live.pid, live.header.config_text, live.detail) == (writer.process.pid, "a = 1", "commands")
        for blocks in (1, 3, 2):
            rows = writer.write(blocks)
            gathered.append(live.poll())
            assert (gathered[-1].phase, gathered[-1].status) == ("recording", "running")
            assert len(gathered[-1].rows(COMMANDS)) == 4096 * blocks
            assert (live.ending.queries, live.ending.elapsed_ps) == (rows, 9 * rows)
        assert live.poll().count == 0
        writer.finish()
        gathered.append(live.poll())
        assert (gathered[-1].phase, gathered[-1].status) == ("over", "complete")
        assert (live.ending.status, live.ending.elapsed_ps) == ("complete", 9 * rows)
        check_rows(gathered, 6 * 4096)
        assert live.names("kind") == ("forward",)
    assert sum((news.names for news in gathered), ())[:2] == (("agent", "forward"), ("instrument", "forward"))
    with open_trace(tmp_path / "run.h5") as trace:
        assert trace.status == "complete"


def test_a_writer_that_is_killed_is_told_from_one_that_is_slow(tmp_path: Path, writer: Writer) -> None:
    with LiveTrace(tmp_path / "run.h5") as live:
        writer.write(2)
        gathered = [live.poll(), live.poll()]
        assert gathered[-1].phase == "recording"
        writer.write(1)
        writer.kill()
        gathered.append(live.poll())
        assert (gathered[-1].phase, gathered[-1].status) == ("over", "killed")
        check_rows(gathered, 3 * 4096)
        assert live.poll().count == 0
    assert journal_path(tmp_path / "run.h5").exists()
    with open_trace(tmp_path / "run.h5") as trace:
        assert (trace.status, len(trace.commands.t_done)) == ("killed", 3 * 4096)


def test_a_killed_run_that_somebody_recovers_meanwhile_was_killed(tmp_path: Path, writer: Writer) -> None:
    with LiveTrace(tmp_path / "run.h5") as live:
        writer.write(1)
        gathered = [live.poll()]
        writer.kill()
        open_trace(tmp_path / "run.h5").close()
        gathered.append(live.poll())
        assert (gathered[-1].phase, gathered[-1].status) == ("over", "killed")
        check_rows(gathered, 4096)


def test_iterating_ends_with_the_run(tmp_path: Path, writer: Writer) -> None:
    gathered = []
    with LiveTrace(tmp_path / "run.h5") as live:
        for news in live:
            gathered.append(news)
            if len(gathered) < 4:
                writer.write(1)
            elif len(gathered) == 4:
                writer.finish()
    assert [news.phase for news in gathered] == ["recording"] * 4 + ["over"]
    check_rows(gathered, 3 * 4096)


@pytest.fixture
def whole(tmp_path: Path, record: Record) -> bytes:
    """Return the bytes of a journal of several blocks with every kind of segment in them."""
    recorder = record(tmp_path / "source.h5")
    recorder.commit()
    recorder.metric("loss", 2600, 50, 0.25)
    recorder.state("final", np.arange(3.0), "rad")
    kept = tmp_path / "kept"
    os.link(journal_path(recorder.path), kept)
    recorder.close("complete", "all done", 2600, 50)
    return kept.read_bytes()


def boundaries(tmp_path: Path, whole: bytes) -> list[int]:
    path = tmp_path / "whole"
    path.write_bytes(whole)
    with path.open("rb") as file:
        reader = JournalReader(file, "whole")
        return [reader.valid_bytes for _ in reader]


def tables(gathered: list[News]) -> list[bytes]:
    return [np.concatenate([news.rows(table) for news in gathered]).tobytes() for table in TABLES]


def grow(path: Path, whole: bytes, lengths: list[int]) -> list[News]:
    """Follow a journal that has each of ``lengths`` in turn while a writer holds it, then is let go."""
    with path.open("wb", buffering=0) as journal, LiveTrace(path.with_suffix("")) as live:
        fcntl.flock(journal, fcntl.LOCK_EX)
        gathered, before = [live.poll()], 0
        for length in lengths:
            journal.write(whole[before:length])
            before = length
            gathered.append(live.poll())
            assert gathered[-1].phase != "over"
        fcntl.flock(journal, fcntl.LOCK_UN)
        gathered.append(live.poll())
    path.unlink()
    return gathered


def test_every_block_is_read_once_it_is_whole_and_never_before(tmp_path: Path, whole: bytes) -> None:
    ends = boundaries(tmp_path, whole)
    assert len(ends) >= 5
    lengths = sorted({*ends, *(end - 1 for end in ends), *(end + 1 for end in ends[:-1])})
    gathered = grow(tmp_path / "run.h5.journal", whole, lengths)
    expected = tables([*grow(tmp_path / "other.h5.journal", whole, [len(whole)])])
    assert tables(gathered) == expected
    brought = [bool(news.count or news.names or news.states) for news in gathered[1:-1]]
    assert not any(
        new for new, length in zip(brought, lengths, strict=True) if length not in ends
    )  # nothing comes of half a block
    assert gathered[-2].phase == "converting"
    assert (gathered[-1].phase, gathered[-1].status) == ("over", "complete")
    assert sum((news.states for news in gathered), ()) == ("initial", "final")


def test_reads_at_random_bytes_bring_the_same_rows(tmp_path: Path, whole: bytes) -> None:
    expected = tables(grow(tmp_path / "run.h5.journal", whole, [len(whole)]))
    rng = stream(4, "test/live/bytes")
    for _ in range(20):
        lengths = np.sort(rng.integers(0, len(whole) + 1, 12)).tolist()
        gathered = grow(tmp_path / "run.h5.journal", whole, [*lengths, len(whole)])
        assert tables(gathered) == expected


def test_a_death_at_any_byte_leaves_the_whole_blocks(tmp_path: Path, whole: bytes) -> None:
    ends = boundaries(tmp_path, whole)
    rng = stream(5, "test/live/death")
    for length in rng.integers(ends[0], ends[-1], 20).tolist():
        kept = max(end for end in ends if end <= length)
        gathered = grow(tmp_path / "run.h5.journal", whole, [length])
        assert tables(gathered) == tables(grow(tmp_path / "run.h5.journal", whole, [kept]))
        assert (gathered[-1].phase, gathered[-1].status) == ("over", "killed")


def test_a_torn_block_that_its_writer_takes_back_is_read_anew(tmp_path: Path, whole: bytes) -> None:
    ends = boundaries(tmp_path, whole)
    path = tmp_path / "run.h5.journal"
    with path.open("wb", buffering=0) as journal, LiveTrace(tmp_path / "run.h5") as live:
        fcntl.flock(journal, fcntl.LOCK_EX)
        journal.write(whole[: ends[0]] + b"LLJ1" + bytes(200))
        assert live.poll().phase == "recording"
        journal.truncate(ends[0])
        journal.seek(ends[0])
        journal.write(whole[ends[0] :])
        assert live.poll().phase == "converting"
        assert live.ending.status == "complete"


def test_following_does_not_stop_others_from_recovering(tmp_path: Path, record: Record) -> None:
    recorder = record(tmp_path / "run.h5")
    recorder.commit()
    recorder._journal.close()
    with LiveTrace(tmp_path / "run.h5") as live:
        assert live.poll().status == "killed"
        with open_trace(tmp_path / "run.h5") as trace:
            assert len(trace.commands.t_done) == 100


def test_a_finished_trace_is_over_at_once(trace_path: Path) -> None:
    with LiveTrace(trace_path) as live:
        (news,) = live
        assert (news.phase, news.status, news.count, live.begun) == ("over", "complete", 0, False)
        with pytest.raises(TraceError, match="has not been read"):
            _ = live.header


def test_what_is_not_there_is_not_followed(tmp_path: Path, record: Record) -> None:
    with pytest.raises(TraceError, match=r"absent\.h5: there is no trace"):
        LiveTrace(tmp_path / "absent.h5")
    recorder = record(tmp_path / "run.h5")
    with LiveTrace(recorder.path) as live, pytest.raises(TraceError, match="none of the vocabularies"):
        live.names("kinds")
    recorder.close("complete", "", 2600, 50)


def test_a_writer_that_has_just_created_its_journal_is_given_time(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "run.h5.journal")
    with LiveTrace(tmp_path / "run.h5") as live:
        assert [live.poll().phase for _ in range(3)] == ["recording"] * 3
        assert not live.begun
        writer.close()
        with pytest.raises(TraceError, match="nothing was recorded"):
            live.poll()
