"""Tests of the invariants: rows that were tampered with are told from those of a run, fault by fault."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from experiments.check.endurance.books import books
from experiments.check.endurance.optics import light
from experiments.check.endurance.outing import Outing, draw, go
from experiments.check.endurance.replies import pair, replies
from experiments.check.endurance.rows import Rows, read_rows

SEED = 7
"""A bench with a chip, a unit and several agents; its run is complete."""


@pytest.fixture(scope="module")
def outing(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outing, Path]:
    folder = tmp_path_factory.mktemp("books")
    return go(draw(SEED), folder / "run.h5"), folder / "run.h5"


def found(outing: Outing, rows: Rows) -> list[str]:
    known, unpaired = pair(rows, outing.heard)
    told = replies(rows, outing.heard, outing.result.status == "complete", known)
    return [
        *books(rows, outing.result, outing.scenario.budget, False),
        *unpaired,
        *told,
        *light(outing, rows, known),
    ]


def changed(rows: Rows, table: str, change: Callable[[np.ndarray], object]) -> Rows:
    mine = rows.tables[table].copy()
    returned = change(mine)
    return rows._replace(
        tables={**rows.tables, table: returned if isinstance(returned, np.ndarray) else mine}
    )


def later(column: str, ps: int, row: int = -1) -> Callable[[np.ndarray], None]:
    def change(rows: np.ndarray) -> None:
        rows[column][row] += ps

    return change


def brighter(rows: np.ndarray) -> None:
    rows["result"] += 1.0


TAMPERED: dict[str, tuple[str, Callable[[np.ndarray], object], str]] = {
    "a reply a picosecond late": ("commands", later("t_done", 1), "trace: "),
    "a start before it was asked for": ("commands", later("t_started", -(10**15), 0), "time: "),
    "a command that is gone": ("commands", lambda rows: rows[:-1].copy(), "replies: "),
    "a command twice": ("commands", lambda rows: np.concatenate([rows, rows[-1:]]), "replies: "),
    "another cause": ("commands", later("cause", 10**6, 0), "time: "),
    "a reading of more light": ("commands", brighter, "trace: "),
    "a level that is higher": ("power", later("watts", 1, 0), "energy of "),
    "a level that is gone": ("power", lambda rows: rows[1:].copy(), "energy of "),
    "a level after the end": ("power", later("t", 10**17), "time: "),
    "a step that is longer": ("plans", later("duration_ps", 1, 0), "plan: "),
    "a step that draws more": ("draws", later("watts", 1, 0), "energy of "),
    "a span that is longer": ("spans", later("t_end", 1, 0), "ledger: "),
    "a frame that is not told": ("frames", later("dropped", 1, 0), "frames: "),
    "a total that is not the bench's": ("totals", later("value", 1, 0), "totals: "),
}  # fmt: skip


def test_the_run_itself_has_no_fault(outing: tuple[Outing, Path]) -> None:
    assert found(outing[0], read_rows(outing[1])) == []
    assert outing[0].result.status == "complete"
    assert {*outing[0].scenario.plant.lab} == {"chip", "opu", "host"}


@pytest.mark.parametrize("name", TAMPERED)
def test_rows_that_were_tampered_with_are_told(name: str, outing: tuple[Outing, Path]) -> None:
    table, change, expected = TAMPERED[name]
    faults = found(outing[0], changed(read_rows(outing[1]), table, change))
    assert any(fault.startswith(expected) for fault in faults), faults
