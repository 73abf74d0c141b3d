"""A disk that fills up while logging, at the end, or under the whole process: rows stay, nobody dies."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from emulator.errors import TraceError
from emulator.trace import NO_COMMAND, NO_PLAN, Header, Recorder
from emulator.trace.open import open_trace
from emulator.trace.schema import COMMANDS
from emulator.trace.writing.journal import journal_path
from emulator.trace.writing.recorder import BLOCK_ROWS

Record = Callable[..., Recorder]

pytestmark = pytest.mark.usefixtures("converts_in_child")


def add(recorder: Recorder, row: int) -> int:
    return recorder.command(0, 0, 0, NO_PLAN, NO_COMMAND, row, row, row + 1, 0, 0.0, 0.0)


def labelled(out: Path, header: Header) -> Recorder:
    recorder = Recorder.create(out, header)
    for column in ("agent", "instrument", "kind"):
        recorder.label(f"commands.{column}", "forward")
    return recorder


@pytest.mark.parametrize("failing", range(4))
@pytest.mark.parametrize("frees_up", [False, True])
def test_a_full_disk_at_any_block_keeps_the_rows_before_it_and_its_own_once_there_is_room(
    tmp_path: Path, header: Header, monkeypatch: pytest.MonkeyPatch, failing: int, frees_up: bool
) -> None:
    write_all, calls = os.write, iter(range(100))

    def write_some(descriptor: int, block: bytes) -> int:
        call = next(calls)
        if call == failing or (call > failing and len(block) > 10_000 and not frees_up):
            raise OSError(28, "No space left on device")
        return write_all(descriptor, block)

    monkeypatch.setattr(os, "write", write_some)
    out = tmp_path / "run.h5"
    if failing == 0:
        with pytest.raises(TraceError, match="No space"):
            labelled(out, header)
        assert list(tmp_path.iterdir()) == []
        return
    recorder = labelled(out, header)
    for row in range(failing * BLOCK_ROWS - 1):
        add(recorder, row)
    with pytest.raises(TraceError, match=r"run.h5.journal.*No space left.*bytes are free"):
        add(recorder, failing * BLOCK_ROWS - 1)
    with pytest.raises(TraceError):
        recorder.commit()
    recorder.close("failed", "no space", 4 * BLOCK_ROWS, 99)
    with open_trace(out) as trace:
        rows = (failing if frees_up else failing - 1) * BLOCK_ROWS
        assert (trace.status, len(trace.commands.t_done)) == ("disk-full", rows)
        assert (trace.elapsed_ps, trace.queries) == ((4 * BLOCK_ROWS, 99) if frees_up else (rows, rows))


def test_a_disk_that_fills_up_at_the_end_is_reported_and_the_status_says_so(
    tmp_path: Path, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = record(tmp_path / "run.h5")
    write_all, calls = os.write, iter(range(100))

    def write_some(descriptor: int, block: bytes) -> int:
        return write_all(descriptor, block if next(calls) else block[:10])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write_some)
        with pytest.raises(TraceError, match="only 10 of"):
            recorder.close("complete", "", 2600, 50)
    assert not (tmp_path / "run.h5").exists()
    with open_trace(tmp_path / "run.h5") as trace:
        assert trace.status == "disk-full"
        assert "only 10 of" in trace.reason
        assert trace.states == ("initial",)


DISK_FULL = """
import resource, signal, sys
from pathlib import Path
from emulator.errors import TraceError
from emulator.trace import Header, Recorder
out, limit = Path(sys.argv[1]), int(sys.argv[2])
recorder = Recorder.create(out, Header("a = 1", 1, "", (), ""))
for column in ("agent", "instrument", "kind"):
    recorder.label(f"commands.{column}", "forward")
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    for row in range(10**6):
        recorder.command(0, 0, 0, 0, -1, row, row, row + 1, 0, row / 3, 0.0)
except TraceError as error:
    print(error)
try:
    recorder.close("disk-full", "no space left", row, row)
except TraceError as error:
    print(error)
    sys.exit(74)
"""


@pytest.mark.parametrize("limit", [300, 20_000, 300_000, 2_000_000])
def test_a_full_disk_never_kills_the_recording_process(tmp_path: Path, limit: int) -> None:
    out = tmp_path / "run.h5"
    command = [sys.executable, "-c", DISK_FULL, str(out), str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment())
    assert done.returncode in (0, 74), done.stderr
    assert "run.h5.journal" in done.stdout
    assert "bytes are free" in done.stdout
    with open_trace(out) as trace:
        rows = len(trace.commands.t_done)
        assert trace.status in ("disk-full", "killed")
        assert rows % BLOCK_ROWS == 0
        assert rows == max(0, limit // (COMMANDS.row.size * BLOCK_ROWS)) * BLOCK_ROWS
        np.testing.assert_array_equal(trace.commands.value, np.arange(rows) / 3)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}


@pytest.mark.slow
@pytest.mark.parametrize("limit", np.geomspace(2**16, 2**22, 20).astype(int).tolist())
def test_a_disk_that_is_full_at_any_of_twenty_sizes_never_kills_the_recording_process(
    tmp_path: Path, limit: int
) -> None:
    test_a_full_disk_never_kills_the_recording_process(tmp_path, limit)


ABANDONED = """
import os, sys
from pathlib import Path
from emulator.trace import Header, Recorder
recorder = Recorder.create(Path(sys.argv[1]), Header("a = 1", 1, "", (), ""))
for column in ("agent", "instrument", "kind"):
    recorder.label(f"commands.{column}", "forward")
for row in range(20_000):
    recorder.command(0, 0, 0, 0, -1, row, row, row + 1, 0, row / 3, 0.0)
os._exit(9)
"""

CONVERTING = """
import resource, sys
from pathlib import Path
from emulator.errors import TraceError
from emulator.trace.open import open_trace
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    open_trace(Path(sys.argv[1])).close()
except TraceError as error:
    print(error)
    sys.exit(74)
"""


def convert_on_full_disks(folder: Path, limits: list[int]) -> list[int]:
    """Convert an abandoned journal where no file may be longer than each limit; return the exit codes.

    After each the journal or the trace says all: nothing is lost once there is room.
    """
    first = folder / "first.h5"
    subprocess.run([sys.executable, "-c", ABANDONED, str(first)], env=_environment(), check=False)
    codes = []
    for limit in limits:
        out = folder / f"{limit}.h5"
        shutil.copy(journal_path(first), journal_path(out))
        command = [sys.executable, "-c", CONVERTING, str(out), str(limit)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment())
        codes.append(done.returncode)
        assert done.returncode in (0, 74), (limit, done.stderr)
        assert (done.returncode == 0) == out.exists()
        with open_trace(out) as trace:
            assert len(trace.commands.t_done) == 20_000 // BLOCK_ROWS * BLOCK_ROWS
            assert trace.status == "killed"
    return codes


def test_a_conversion_without_room_dies_alone_and_loses_nothing(tmp_path: Path) -> None:
    assert convert_on_full_disks(tmp_path, [5_000, 2**26]) == [74, 0]


@pytest.mark.slow
def test_a_conversion_without_room_at_forty_sizes_dies_alone_and_loses_nothing(tmp_path: Path) -> None:
    codes = convert_on_full_disks(tmp_path, np.geomspace(512, 2**21, 40).astype(int).tolist())
    assert codes.count(74) >= 20
