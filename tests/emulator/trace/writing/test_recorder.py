"""What is recorded is read back; what cannot be is refused; Ctrl-C and close at any moment are survived."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.errors import TraceError
from emulator.plan import Step
from emulator.trace import NO_COMMAND, REMAINDER, Header, Recorder
from emulator.trace.open import open_trace
from emulator.trace.schema import COMMANDS
from emulator.trace.writing.recorder import BLOCK_ROWS
from tests.emulator.trace.writing.recording import add, labelled

Record = Callable[..., Recorder]


def test_what_is_recorded_is_read_back(trace_path: Path, header: Header) -> None:
    with open_trace(trace_path) as trace:
        assert (trace.status, trace.reason, trace.seed, trace.detail) == (
            "complete",
            "all done",
            7,
            "commands",
        )
        assert (trace.elapsed_ps, trace.queries, trace.elapsed_s) == (2600, 50, 2.6e-9)
        assert trace.config_text == header.config_text
        assert (trace.created, trace.versions) == (header.created, header.versions)
        commands, rows = trace.commands, np.arange(100)
        np.testing.assert_array_equal(commands.t_done, 25 * rows + 20)
        np.testing.assert_array_equal(commands.cause, rows - 1)
        np.testing.assert_array_equal(commands.value, rows / 7)
        np.testing.assert_array_equal(commands.target, np.where(rows % 10 == 0, -1, rows % 5))
        assert trace.labels("commands.kind") == ("set_phases", "forward")
        np.testing.assert_array_equal(commands.kind, rows % 2)
        np.testing.assert_array_equal(trace.power.watts, 0.001 * (rows % 7))
        np.testing.assert_array_equal(trace.setpoints.command, np.repeat(rows[::10], 2))
        np.testing.assert_array_equal(trace.spans.command, rows[::25])
        np.testing.assert_array_equal(trace.batch(0), np.arange(5))
        np.testing.assert_array_equal(trace.state("initial"), np.linspace(0, 1, 12).reshape(3, 4))
        loss = trace.metrics()["loss"]
        np.testing.assert_array_equal(loss.queries, rows[::10] // 2)
        np.testing.assert_array_equal(loss.value, 1 / (rows[::10] + 1))
        np.testing.assert_allclose(loss.t_s, 25e-12 * rows[::10])


def test_nothing_is_left_beside_the_trace(trace_path: Path) -> None:
    assert [path.name for path in trace_path.parent.iterdir()] == ["run.h5"]


@settings(max_examples=4, deadline=None)
@given(
    st.lists(
        st.tuples(*(st.integers(0, 255),) * 3, st.integers(0, 2**40), st.floats(), st.floats()),
        min_size=1,
        max_size=30,
    )
)
def test_any_values_of_a_command_survive_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int, int, int, float, float]]
) -> None:
    out = tmp_path_factory.mktemp("trace") / "run.h5"
    recorder = Recorder.create(out, Header("", 0, "", (), ""), "commands")
    for column in ("agent", "instrument", "kind"):
        for number in range(256):
            recorder.label(f"commands.{column}", str(number))
    packed, t = b"", 0
    for agent, instrument, kind, lasting, value, result in rows:
        times = (t, t, t + lasting)
        recorder.command(agent, instrument, kind, 0, -1, *times, lasting % 9, value, result)
        packed += COMMANDS.row.pack(agent, instrument, kind, 0, -1, *times, lasting % 9, value, result)
        t += lasting
    recorder.close("complete", "", t, 0)
    expected = np.frombuffer(packed, dtype=COMMANDS.dtype)
    with open_trace(out) as trace:
        for column in COMMANDS.columns:
            assert getattr(trace.commands, column.name).tobytes() == expected[column.name].tobytes()


def test_full_detail_expands_plans_into_spans(tmp_path: Path, record: Record) -> None:
    for detail in ("full", "commands"):
        record(tmp_path / f"{detail}.h5", detail).close("complete", "", 2600, 50)
    with open_trace(tmp_path / "full.h5") as full, open_trace(tmp_path / "commands.h5") as plain:
        assert len(plain.spans.command) == 4
        assert len(full.spans.command) == 4 + 50 * 2 + 50 * 3
        expanded = plain.all_spans()
        for name in ("resource", "activity", "t_start", "t_end", "command"):
            np.testing.assert_array_equal(getattr(full.spans, name), getattr(expanded, name))
        assert np.all(np.diff(full.spans.t_start) >= 0)
        mine = full.spans.command == 1
        np.testing.assert_array_equal(full.spans.t_start[mine], [27, 31, 43])
        np.testing.assert_array_equal(full.spans.t_end[mine], [31, 43, 45])


def test_summary_detail_counts_commands_and_keeps_metrics(tmp_path: Path, record: Record) -> None:
    recorder = record(tmp_path / "run.h5", "summary")
    assert add(recorder, 0) == 100
    recorder.close("complete", "", 2600, 50)
    with open_trace(tmp_path / "run.h5") as trace:
        assert len(trace.commands.t_done) == len(trace.power.t) == len(trace.batches.key) == 0
        assert len(trace.metrics()["loss"].value) == 10
        assert trace.states == ("initial",)
        assert trace.queries == 50


def test_blocks_leave_at_fixed_row_counts(tmp_path: Path, header: Header) -> None:
    recorder = labelled(tmp_path / "run.h5", header)
    journal = tmp_path / "run.h5.journal"
    empty = journal.stat().st_size
    for row in range(BLOCK_ROWS - 1):
        add(recorder, row)
    assert journal.stat().st_size == empty
    add(recorder, BLOCK_ROWS - 1)
    assert journal.stat().st_size > empty + BLOCK_ROWS * COMMANDS.row.size
    recorder.close("complete", "", BLOCK_ROWS, 0)


def test_many_rows_of_other_tables_leave_on_their_own(tmp_path: Path, header: Header) -> None:
    recorder = labelled(tmp_path / "run.h5", header)
    heaters = recorder.label("power.component", "heaters")
    for t in range(20 * BLOCK_ROWS):
        recorder.power(heaters, t, 1.0)
    recorder.batch(1, np.zeros(2**20, dtype=np.int32))
    recorder.batch(2, np.ones(2**20, dtype=np.int32))
    add(recorder, 0)
    recorder.close("complete", "", 20 * BLOCK_ROWS, 0)
    with open_trace(tmp_path / "run.h5") as trace:
        np.testing.assert_array_equal(trace.power.t, np.arange(20 * BLOCK_ROWS))
        assert trace.batch(2).sum() == 2**20


@pytest.mark.parametrize("name", ["run.h5", "run.h5.journal"])
def test_an_existing_trace_or_journal_is_refused(tmp_path: Path, header: Header, name: str) -> None:
    (tmp_path / name).write_bytes(b"precious")
    with pytest.raises(TraceError, match="lies here already"):
        Recorder.create(tmp_path / "run.h5", header)
    assert (tmp_path / name).read_bytes() == b"precious"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_second_writer_is_refused_while_the_first_lives(
    tmp_path: Path, record: Record, header: Header
) -> None:
    first = record(tmp_path / "run.h5")
    with pytest.raises(TraceError, match="lies here already"):
        Recorder.create(tmp_path / "run.h5", header)
    first.close("complete", "", 2600, 50)


def test_a_file_that_appears_during_the_run_is_not_overwritten(tmp_path: Path, record: Record) -> None:
    recorder = record(tmp_path / "run.h5")
    (tmp_path / "run.h5").write_bytes(b"precious")
    with pytest.raises(TraceError, match="damaged or not a trace"):
        recorder.close("complete", "", 2600, 50)
    assert (tmp_path / "run.h5").read_bytes() == b"precious"
    (tmp_path / "run.h5").unlink()
    with open_trace(tmp_path / "run.h5") as trace:
        assert (trace.status, trace.queries) == ("complete", 50)


def test_an_unknown_detail_or_status_is_refused_with_a_hint(
    tmp_path: Path, record: Record, header: Header
) -> None:
    with pytest.raises(TraceError, match="did you mean 'commands'"):
        Recorder.create(tmp_path / "run.h5", header, "command")  # type: ignore[arg-type]
    recorder = record(tmp_path / "run.h5")
    with pytest.raises(TraceError, match="did you mean 'complete'"):
        recorder.close("completed", "", 1, 1)  # type: ignore[arg-type]
    recorder.close("complete", "", 2600, 50)


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, True])
def test_a_seed_that_could_not_be_stored_is_refused(seed: int) -> None:
    with pytest.raises(TraceError, match="seed"):
        Header("", seed, "", (), "")


def test_closing_again_does_nothing(tmp_path: Path, record: Record) -> None:
    recorder = record(tmp_path / "run.h5")
    recorder.close("complete", "", 2600, 50)
    recorder.close("failed", "", 0, 0)
    with open_trace(tmp_path / "run.h5") as trace:
        assert trace.status == "complete"


def test_numpy_integers_may_close_a_run(tmp_path: Path, record: Record) -> None:
    record(tmp_path / "run.h5").close("complete", "", np.int64(2600), np.int64(50))  # type: ignore[arg-type]
    with open_trace(tmp_path / "run.h5") as trace:
        assert trace.elapsed_ps == 2600


def test_a_long_reason_with_odd_characters_is_kept_within_its_limit(tmp_path: Path, record: Record) -> None:
    record(tmp_path / "run.h5").close("failed", "µ\0\ud800" + "\x01" * 20_000, 2600, 50)
    with open_trace(tmp_path / "run.h5") as trace:
        assert trace.reason.startswith("µ ?\x01")
        assert len(trace.reason) == 10_000


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"t_issued": -1}, "its times"),
        ({"t_started": 4}, "its times"),
        ({"t_done": 4, "t_started": 4, "t_issued": 4}, "before that of the row above"),
        ({"cause": 1}, "not an earlier row"),
        ({"plan": 9}, "never recorded"),
        ({"plan": 1}, "another time"),
        ({"plan": 2}, "another time"),
    ],
)
def test_a_command_that_cannot_be_is_named_when_its_block_leaves(
    tmp_path: Path, header: Header, changed: dict[str, int], complaint: str
) -> None:
    recorder = labelled(tmp_path / "run.h5", header)
    recorder.plan([Step("link", "transfer", 2)])
    recorder.plan([Step("link", "transfer", 9), Step("link", "wait", REMAINDER)])
    add(recorder, 5)
    add(recorder, 6, **changed)
    with pytest.raises(TraceError, match=f"commands row 1: .*{complaint}"):
        recorder.commit()
    recorder.close("failed", "bad row", 7, 0)
    with open_trace(tmp_path / "run.h5") as trace:
        assert (trace.status, len(trace.commands.t_done), trace.elapsed_ps) == ("failed", 0, 0)


def test_a_value_that_no_column_holds_is_refused_at_once(tmp_path: Path, record: Record) -> None:
    recorder = record(tmp_path / "run.h5")
    for call in (
        lambda: recorder.command(256, 0, 0, 0, -1, 0, 0, 0, 0, 0.0, 0.0),
        lambda: recorder.command(0, 0, 0, 0, -1, 0, 0, 1.5, 0, 0.0, 0.0),  # type: ignore[arg-type]
        lambda: recorder.power(0, 2**63, 0.0),
        lambda: recorder.metric("loss", 0, 2**63, 0.0),
        lambda: recorder.span(0, 0, 5, 4),
        lambda: recorder.plan([Step("link", "transfer", -2)]),
        lambda: recorder.plan([Step("link", "transfer", -1), Step("link", "wait", -1)]),
        lambda: recorder.state("Bad name", np.zeros(3)),
        lambda: recorder.state("complex", np.zeros(3, dtype=complex)),
        lambda: recorder.state("deep", np.zeros((1, 1, 1, 1))),
        lambda: recorder.label("commands.agents", "x"),
        lambda: recorder.label("commands.value", "x"),
        lambda: recorder.label("commands.agent", 'quoted "name"'),
        lambda: recorder.label("commands.agent", ""),
        lambda: recorder.label("commands.agent", "x" * 65),
        lambda: recorder.batch(0, np.zeros(2**20 + 1)),
    ):
        with pytest.raises(TraceError):
            call()
    recorder.close("complete", "", 2600, 50)
    with open_trace(tmp_path / "run.h5") as trace:
        assert len(trace.commands.t_done) == 100


def test_names_run_out_before_their_column_does(tmp_path: Path, record: Record) -> None:
    recorder = record(tmp_path / "run.h5")
    for number in range(255):
        assert recorder.label("commands.agent", f"agent {number}") == number + 1
    with pytest.raises(TraceError, match="256 names exist already"):
        recorder.label("commands.agent", "one more")
    recorder.close("complete", "", 2600, 50)
    with open_trace(tmp_path / "run.h5") as trace:
        assert len(trace.labels("commands.agent")) == 256


def test_a_state_of_the_same_name_replaces_the_earlier_one(tmp_path: Path, record: Record) -> None:
    recorder = record(tmp_path / "run.h5")
    recorder.state("best", np.array([1, 2], dtype=np.int32))
    recorder.state("best", np.array([[True]]))
    recorder.state("empty", np.zeros((0, 3), dtype=np.float32))
    recorder.state("scalar", np.array(2.5))
    recorder.close("complete", "", 2600, 50)
    with open_trace(tmp_path / "run.h5") as trace:
        assert trace.states == ("best", "empty", "initial", "scalar")
        assert trace.state("best").dtype == np.uint8
        assert trace.state("empty").shape == (0, 3)
        assert trace.state("scalar")[()] == 2.5
        with pytest.raises(TraceError, match="did you mean 'best'"):
            trace.state("bets")


def test_rows_of_a_command_that_never_completed_are_left_out(tmp_path: Path, record: Record) -> None:
    recorder = record(tmp_path / "run.h5")
    recorder.setpoints([1], [0.1])
    recorder.span(0, 0, 2500, 2501)
    recorder.span(0, 0, 2500, 2501, NO_COMMAND)
    recorder.close("aborted", "Ctrl-C", 2600, 50)
    with open_trace(tmp_path / "run.h5") as trace:
        assert int(trace.setpoints.command.max()) == 90
        np.testing.assert_array_equal(np.sort(trace.spans.command), [NO_COMMAND, 0, 25, 50, 75])


def test_a_join_belongs_to_the_next_command_across_blocks(tmp_path: Path, header: Header) -> None:
    recorder = labelled(tmp_path / "run.h5", header)
    add(recorder, 0)
    add(recorder, 1)
    recorder.join(0)
    add(recorder, 2, cause=1)
    recorder.commit()
    recorder.join(1)
    recorder.join(0)
    add(recorder, 3, cause=2)
    recorder.close("complete", "", 4, 0)
    with open_trace(tmp_path / "run.h5") as trace:
        np.testing.assert_array_equal(trace.joins.command, [2, 3, 3])
        np.testing.assert_array_equal(trace.joins.cause, [0, 1, 0])


@pytest.mark.parametrize("point", ["emulator.trace.writing.packing.check_commands", "os.write"])
def test_ctrl_c_at_a_full_block_keeps_its_rows(
    tmp_path: Path, header: Header, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    recorder = labelled(tmp_path / "run.h5", header)
    for row in range(BLOCK_ROWS - 1):
        add(recorder, row)

    def interrupt(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(point, interrupt)
        with pytest.raises(KeyboardInterrupt):
            add(recorder, BLOCK_ROWS - 1)
    assert add(recorder, BLOCK_ROWS) == BLOCK_ROWS
    recorder.close("aborted", "Ctrl-C", BLOCK_ROWS + 1, 0)
    with open_trace(tmp_path / "run.h5") as trace:
        np.testing.assert_array_equal(trace.commands.t_done, np.arange(BLOCK_ROWS + 1) + 1)


def test_ctrl_c_between_writing_and_returning_neither_loses_nor_doubles_rows(
    tmp_path: Path, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = record(tmp_path / "run.h5")
    write_all = os.write

    def interrupt_after(descriptor: int, block: bytes) -> int:
        write_all(descriptor, block)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", interrupt_after)
        with pytest.raises(KeyboardInterrupt):
            recorder.commit()
    assert add(recorder, 2500) == 100
    recorder.close("aborted", "Ctrl-C", 2600, 50)
    with open_trace(tmp_path / "run.h5") as trace:
        np.testing.assert_array_equal(trace.commands.t_done, [*(25 * np.arange(100) + 20), 2501])
