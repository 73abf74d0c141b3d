"""Tests of tail: a line a look while a run lasts, its status at the end, and no word about what is not known."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.errors import ConfigError, TraceError
from emulator.trace import Header, Recorder
from emulator.trace.open import open_trace
from emulator.trace.writing.journal import journal_path
from experiments.tail.follow import tail_trace


class Console:
    """Keeps the lines that were said, and does something while the tail waits."""

    def __init__(self, *meanwhile: Callable[[], object]) -> None:
        self.lines: list[str] = []
        self.waited_s: list[float] = []
        self._meanwhile = list(meanwhile)

    def say(self, text: str) -> None:
        self.lines.append(text)

    def wait(self, interval_s: float) -> None:
        self.waited_s.append(interval_s)
        self._meanwhile.pop(0)()

    def tail(self, path: Path, once: bool = False, interval_s: float = 2.0) -> int:
        return tail_trace(path, once, interval_s, self.say, self.wait)


def recording(out: Path) -> tuple[Recorder, Callable[[int], None]]:
    recorder = Recorder.create(out, Header("", 0, "", (), ""), "commands")
    ids = [recorder.label(f"commands.{column}", "forward") for column in ("agent", "instrument", "kind")]
    chip, host = (recorder.label("power.component", name) for name in ("chip", "host"))
    recorder.power(host, 0, 40.0)

    def go_on(query: int) -> None:
        t_ps = query * 10**9
        recorder.command(*ids, 0, -1, t_ps - 10, t_ps - 10, t_ps, -1, 0.0, 0.0)
        recorder.power(chip, t_ps, 0.5 * query)
        recorder.metric("test_accuracy", t_ps, query, 0.7 + 0.1 * query)
        recorder.metric("train_loss", t_ps, query, 1 / query)
        recorder.commit()

    return recorder, go_on


def test_a_run_is_told_look_by_look_until_it_ends(tmp_path: Path) -> None:
    recorder, go_on = recording(tmp_path / "run.h5")
    go_on(1)
    console = Console(lambda: go_on(2), lambda: recorder.close("complete", "", 3 * 10**9, 2))
    assert console.tail(tmp_path / "run.h5") == 0
    first, second, last = console.lines
    assert first == "recording  1 ms  1 queries  test 80.0 %  train_loss 1  40.5 W"
    assert second.startswith("recording  2 ms  2 queries  test 90.0 %  train_loss 0.5  41 W  ")
    assert second.endswith(" rows/s")
    assert last == "complete  3 ms  2 queries  test 90.0 %  train_loss 0.5  41 W"
    assert console.waited_s == [2.0, 2.0]


def test_a_writer_that_dies_ends_the_tail(tmp_path: Path) -> None:
    recorder, go_on = recording(tmp_path / "run.h5")
    go_on(1)
    console = Console(recorder._journal.close)
    assert console.tail(tmp_path / "run.h5") == 0
    assert [line.split()[0] for line in console.lines] == ["recording", "killed"]
    assert journal_path(tmp_path / "run.h5").exists()


def test_once_says_one_line_and_leaves(tmp_path: Path) -> None:
    recorder, go_on = recording(tmp_path / "run.h5")
    go_on(1)
    console = Console()
    assert console.tail(tmp_path / "run.h5", once=True) == 0
    assert (len(console.lines), console.waited_s) == (1, [])
    recorder.close("complete", "", 10**9, 1)


def test_a_finished_trace_shows_its_final_state(small_trace: Path) -> None:
    console = Console()
    assert console.tail(small_trace) == 0
    with open_trace(small_trace) as trace:
        accuracy = 100 * trace.metrics()["test_accuracy"].value[-1]
    (line,) = console.lines
    assert line.startswith("complete  ")
    assert f"{200:,} queries  test {accuracy:.1f} %" in line


def test_a_run_that_has_only_been_created_says_so(tmp_path: Path) -> None:
    (tmp_path / "run.h5.journal").touch()
    console = Console(lambda: os.link(tmp_path / "run.h5.journal", tmp_path / "kept"))
    with pytest.raises(TraceError, match="nothing was recorded"):
        console.tail(tmp_path / "run.h5")
    assert console.lines == ["the run has not begun"]


def test_ctrl_c_ends_the_tail_and_not_the_run(tmp_path: Path) -> None:
    recorder, go_on = recording(tmp_path / "run.h5")

    def interrupt() -> None:
        raise KeyboardInterrupt

    assert Console(interrupt).tail(tmp_path / "run.h5") == 130
    go_on(1)
    recorder.close("complete", "", 10**9, 1)
    with open_trace(tmp_path / "run.h5") as trace:
        assert trace.status == "complete"


@pytest.mark.parametrize("interval_s", [0.0, -1.0, float("nan"), 1e9])
def test_an_interval_out_of_range_is_refused(tmp_path: Path, interval_s: float) -> None:
    with pytest.raises(ConfigError, match=r"not in \[0.05, 3600\] s"):
        Console().tail(tmp_path / "run.h5", interval_s=interval_s)


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="there is no trace"):
        Console().tail(tmp_path / "run.h5", once=True)


def test_a_run_that_has_not_begun_is_waited_for(tmp_path: Path) -> None:
    out, kept = tmp_path / "run.h5", []

    def begin() -> None:
        recorder, go_on = recording(out)
        go_on(1)
        kept.append(recorder)

    console = Console(lambda: None, begin, lambda: kept[0].close("complete", "", 10**9, 1))
    assert console.tail(out) == 0
    first, second, last = console.lines
    assert first == f"no run has begun at {out}; waiting for one (Ctrl-C to leave)"
    assert second.startswith("recording")
    assert last.startswith("complete")
