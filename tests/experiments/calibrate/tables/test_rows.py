"""Tests of tables of measured calls: what a row stands for, and what is refused with its line."""

from pathlib import Path

import pytest

from emulator.errors import ConfigError
from experiments.calibrate.tables.rows import read_rows


def csv(folder: Path, *lines: str) -> Path:
    path = folder / "calls.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_row_counts_the_work_of_its_products_and_the_seconds_of_one_call(tmp_path: Path) -> None:
    path = csv(tmp_path, "vectors,inputs,outputs,real_matrices,repeats,seconds,joules", "3,5,7,2,10,0.5,20")
    (row,), left_out = read_rows(path)
    assert (row.flops, row.bytes, row.products) == (2 * 2 * 3 * 5 * 7, 2 * 4 * (15 + 35 + 21), 2)
    assert (row.seconds, row.joules, left_out) == (0.05, 2.0, 0)


def test_what_is_not_told_is_left_out_and_counted_and_online_rows_are_marked(tmp_path: Path) -> None:
    path = csv(
        tmp_path,
        "mode,vectors,features,outputs,seconds,joules",
        "batch,3,5,7,0.5,",
        "batch,3,5,,0.5,",
        '"intensity, online",3,5,7,0.5,',
    )
    rows, left_out = read_rows(path)
    assert (rows[0].joules, left_out) == (None, 1)
    assert [row.online for row in rows] == [False, True]


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (("flops,bytes", "1,1"), "allowed: vectors,features,outputs,seconds or flops,bytes,seconds"),
        (("flops,bytes,second", "1,1,1"), "column 'second' is unknown.*did you mean 'seconds'"),
        (("flops,bytes,seconds", "1,1,nan"), r"line 2: seconds 'nan' is refused; allowed: a number above 0"),
        (("flops,bytes,seconds", "1.5,1,1"), r"line 2: flops '1.5' is refused; allowed: a whole number"),
        (("flops,bytes,seconds", "1,1"), "line 2: it has more or fewer fields"),
        (("flops,bytes,seconds", "1,1,x"), "line 2: seconds 'x' is no number"),
        (("flops,bytes,seconds",), "it holds no calls"),
    ],
)
def test_what_is_no_such_table_is_refused(lines: tuple[str, ...], why: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=why):
        read_rows(csv(tmp_path, *lines))
