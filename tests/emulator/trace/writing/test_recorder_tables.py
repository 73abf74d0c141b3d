"""Rows that come together are recorded as one by one; plans, totals, batches and origins keep their names."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emulator.errors import TraceError
from emulator.plan import Step
from emulator.trace import Header, Recorder
from emulator.trace.open import open_trace
from emulator.trace.schema import COMMANDS, DETAILS, Detail
from emulator.trace.writing.header import Origin
from emulator.trace.writing.journal import JournalReader, journal_path
from emulator.trace.writing.recorder import BLOCK_ROWS
from tests.emulator.trace.writing.recording import add, labelled


def packed(first: int, count: int, **constant: int) -> np.ndarray:  # type: ignore[type-arg]
    rows = np.zeros(count, dtype=COMMANDS.dtype)
    number = np.arange(first, first + count)
    rows["cause"], rows["target"] = number - 1, number % 7
    rows["t_issued"], rows["t_started"], rows["t_done"] = 3 * number, 3 * number + 1, 3 * number + 3
    rows["value"], rows["result"] = number / 7, number / 3
    for name, value in constant.items():
        rows[name] = value
    return rows


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize(
    "sizes", [(1, 2, 3), (BLOCK_ROWS - 3, 2, 7), (2 * BLOCK_ROWS + 5, 1), (BLOCK_ROWS, BLOCK_ROWS)]
)
def test_rows_that_come_together_leave_the_trace_of_rows_one_by_one(
    tmp_path: Path, header: Header, detail: Detail, sizes: tuple[int, ...]
) -> None:
    digests, journals = [], []
    for together in (True, False):
        out = tmp_path / f"{together}.h5"
        recorder = labelled(out, header, detail)
        heaters, first = recorder.label("power.component", "heaters"), 0
        for size in sizes:
            rows, t = packed(first, size), 3 * np.arange(first, first + size)
            if together:
                recorder.powers(heaters, t, t / 11)
                assert recorder.command_rows(rows) == first + size - 1
            else:
                for instant in t.tolist():
                    recorder.power(heaters, instant, instant / 11)
                for row in rows.tolist():
                    last = recorder.command(*row)
                assert last == first + size - 1
            first += size
        recorder.close("complete", "", 3 * first + 3, 0)
        with open_trace(out) as trace:
            digests.append(trace.digest)
            journals.append(len(trace.commands.t_done))
            assert len(trace.power_levels.t) == len(trace.commands.t_done)
    assert digests[0] == digests[1]
    assert journals == [0 if detail == "summary" else sum(sizes)] * 2


def test_rows_that_come_together_leave_in_the_blocks_of_rows_one_by_one(
    tmp_path: Path, header: Header
) -> None:
    sizes: list[list[int]] = []
    for together in (True, False):
        out = tmp_path / f"{together}.h5"
        recorder = labelled(out, header)
        if together:
            recorder.command_rows(packed(0, 5))
            assert recorder.command_rows(packed(5, 2 * BLOCK_ROWS)) == 2 * BLOCK_ROWS + 4
        else:
            for row in packed(0, 2 * BLOCK_ROWS + 5).tolist():
                recorder.command(*row)
        with journal_path(out).open("rb") as file:
            blocks = [
                [each.rows for each in block if each.table is COMMANDS] for block in JournalReader(file, "")
            ]
        assert blocks[2:] == [[BLOCK_ROWS], [BLOCK_ROWS]]
        sizes.append([len(block) for block in blocks])
        recorder.close("complete", "", 6 * BLOCK_ROWS + 31, 0)
    assert sizes[0] == sizes[1]


def test_of_rows_that_come_together_a_wrong_one_is_named(tmp_path: Path, header: Header) -> None:
    recorder = labelled(tmp_path / "run.h5", header)
    recorder.command_rows(packed(0, 5))
    recorder.command_rows(packed(5, 3, t_done=2))
    with pytest.raises(TraceError, match=r"commands row 5: its times do not satisfy"):
        recorder.commit()
    recorder.close("failed", "bad row", 7, 0)


def test_what_a_step_draws_is_kept_with_its_plan_and_totals_by_name(tmp_path: Path, header: Header) -> None:
    recorder = labelled(tmp_path / "run.h5", header)
    steps = [Step("link", "readout", 5), Step("host", "think", 3, "host", 60.0, held=False)]
    plan = recorder.plan(steps, (("samples", 4),))
    assert recorder.plan(steps, (("samples", 4),)) == plan
    recorder.total("energy_j", "host", 2.5)
    recorder.total("busy_s", "host.think", 3e-12)
    recorder.total("busy_s", "link.readout", 5e-12)
    recorder.close("complete", "", 9, 0)
    with open_trace(tmp_path / "run.h5") as trace:
        assert (trace.plans.duration_ps.tolist(), trace.plans.held.tolist()) == ([5, 3], [1, 0])
        assert (trace.draws.plan.tolist(), trace.draws.step.tolist(), trace.draws.watts.tolist()) == (
            [plan],
            [1],
            [60],
        )
        assert trace.labels("draws.component") == trace.labels("power.component") == ("host",)
        assert trace.totals() == {
            "energy_j": {"host": 2.5}, "busy_s": {"host.think": 3e-12, "link.readout": 5e-12},
        }  # fmt: skip
        assert trace.metrics() == {}


def test_a_batch_belongs_to_the_next_command_and_goes_with_it(tmp_path: Path, header: Header) -> None:
    recorder = labelled(tmp_path / "run.h5", header)
    recorder.batch(4, [1, 2])
    add(recorder, 0)
    add(recorder, 1)
    recorder.batch(5, [3])
    recorder.close("aborted", "", 3, 0)
    with open_trace(tmp_path / "run.h5") as trace:
        assert (trace.batches.key.tolist(), trace.batches.command.tolist()) == ([4], [0])


def test_the_origin_of_a_replay_is_kept_and_part_of_the_digest(tmp_path: Path, header: Header) -> None:
    origins = (None, Origin("closed", "ab" * 16), Origin("timed", "ab" * 16))
    found = []
    for number, origin in enumerate(origins):
        Recorder.create(tmp_path / f"{number}.h5", replace(header, origin=origin)).close("complete", "", 0, 0)
        with open_trace(tmp_path / f"{number}.h5") as trace:
            assert trace.origin == origin
            found.append(trace.digest)
    assert len(set(found)) == 3
