"""Files of the user's own: what they hold, and what is said of those that cannot be read."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.own import Samples, file_digest, read_bytes, read_samples, sought
from emulator.errors import TaskError

TABLE = "a,b,kind\n1,2,red\n3,4,blue\n5,6,red\n"


def read(folder: Path, name: str, text: str | bytes, *targets: str, features: Any = None) -> Samples:
    path = folder / name
    content = text.encode() if isinstance(text, str) else text
    path.write_bytes(content)
    return read_samples(path, content, targets, features)


def npz(folder: Path, **arrays: Any) -> bytes:
    path = folder / "arrays.npz"
    np.savez(path, **arrays)
    return path.read_bytes()


@pytest.mark.parametrize(
    "table", [TABLE, TABLE.replace(",", ";"), TABLE.replace(",", "\t"), "\ufeff" + TABLE]
)
def test_a_csv_gives_its_columns_whatever_separates_them(tmp_path: Path, table: str) -> None:
    found = read(tmp_path, "t.csv", table, "kind")
    np.testing.assert_array_equal(found.inputs, [[1, 2], [3, 4], [5, 6]])
    assert found.targets.tolist() == ["red", "blue", "red"]
    assert (found.names, found.target_names, found.parts) == (("a", "b"), ("kind",), None)


def test_features_choose_columns_and_several_targets_are_values(tmp_path: Path) -> None:
    chosen = read(tmp_path, "t.csv", TABLE, "kind", features=["b"])
    np.testing.assert_array_equal(chosen.inputs, [[2], [4], [6]])
    two = read(tmp_path, "t.csv", "x,u,v\n1,2,3\n4,5,6\n", "u", "v")
    np.testing.assert_array_equal(two.targets, [[2, 3], [5, 6]])


def test_a_column_named_split_says_the_parts(tmp_path: Path) -> None:
    found = read(tmp_path, "t.csv", "a,y,split\n1,2,train\n3,4,Test\n5,6,validation\n", "y")
    assert found.parts is not None
    assert found.parts.tolist() == ["train", "test", "val"]
    with pytest.raises(TaskError, match=r"line 3: the column 'split' has 'dev'; allowed: train, val, test"):
        read(tmp_path, "t.csv", "a,y,split\n1,2,train\n3,4,dev\n", "y")


def test_parquet_gives_what_csv_does(tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"a": [1, 3, 5], "b": [2.0, 4.0, 6.0], "kind": ["red", "blue", "red"]})
    frame.to_parquet(tmp_path / "t.parquet")
    found = read(tmp_path, "t.parquet", (tmp_path / "t.parquet").read_bytes(), "kind")
    np.testing.assert_array_equal(found.inputs, [[1, 2], [3, 4], [5, 6]])
    assert found.targets.tolist() == ["red", "blue", "red"]


def test_an_npz_gives_x_and_y_by_convention_and_its_test_part(tmp_path: Path) -> None:
    x, y = np.arange(24, dtype=np.uint8).reshape(4, 2, 3), np.array([0, 1, 0, 1])
    found = read(tmp_path, "t.npz", npz(tmp_path, x=x, y=y, x_test=x[:1], y_test=y[:1]))
    assert found.inputs.shape == (5, 6)
    assert found.one_range
    assert found.parts is not None
    assert found.parts.tolist() == ["train"] * 4 + ["test"]
    named = read(tmp_path, "t.npz", npz(tmp_path, pictures=x, digit=y), "digit")
    assert named.target_names == ("digit",)


def test_an_npz_of_columns_is_a_table(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "t.npz",
        npz(tmp_path, a=np.arange(3), b=np.arange(3) / 2, kind=np.array(["p", "q", "p"])),
        "kind",
    )
    assert found.names == ("a", "b")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("a,b,kind\n1,2,red\n3,zwei,blue\n", r"line 3, column 'b': 'zwei' is not a number"),
        ('a;b;kind\n1;"2,5";red\n', r"'2,5' is not a number; with a decimal point it would be 2\.5"),
        ("a,b,kind\n1,,red\n,2,blue\n", r"line 2, column 'b': the cell is empty or NaN, as in 2 of 2 rows"),
        ("a,b,kind\n1,nan,red\n", r"line 2, column 'b'.*1 of 1 rows"),
        ("a,b,kind\n1,2,\n", r"line 2, column 'kind': the cell is empty"),
        ("a,b,kind\n1,inf,red\n", r"line 2, column 'b': inf is not finite"),
        ("a,b,kind\n1,2\n", r"line 2: 2 cells; the first line names 3"),
        ("a,a,kind\n1,2,x\n", r"line 1: 'a' names two columns"),
        ("1,2,3\n1,2,3\n", r"line 1: the first line must name the columns; it holds numbers"),
        ("a,b,kind\n", r"no row below the first line"),
        ("", r"the first line must name the columns"),
        (b"a,kind\n1,\xff\n", r"line 2: this is not UTF-8"),
        ('a,kind\n1,"x\n', r"this is no csv"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_csv_is_said_with_its_line(
    tmp_path: Path, table: str | bytes, said: str
) -> None:
    with pytest.raises(TaskError, match=said):
        read(tmp_path, "t.csv", table, "kind")


def test_a_column_that_is_not_there_gets_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(
        TaskError,
        match=r"task.target = 'kid' is not in the file; it has 'a', 'b', 'kind'; did you mean 'kind'",
    ):
        read(tmp_path, "t.csv", TABLE, "kid")
    with pytest.raises(TaskError, match=r"task.features = 'bb'.*did you mean 'b'"):
        read(tmp_path, "t.csv", TABLE, "kind", features=["bb"])
    with pytest.raises(TaskError, match="say which column is to be learnt"):
        read(tmp_path, "t.csv", TABLE)


def test_an_array_of_objects_is_refused_and_never_unpickled(tmp_path: Path) -> None:
    content = npz(tmp_path, x=np.array([[1], [{}]], dtype=object), y=np.zeros(2))
    with pytest.raises(TaskError, match="would have to be unpickled"):
        read(tmp_path, "t.npz", content)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"x": np.ones((3, 2)), "y": np.ones(2)}, r"shape \(3, 2\) and the targets 'y' \(2,\)"),
        (
            {"x": np.full((3, 2), np.nan), "y": np.ones(3)},
            r"3 of 3 rows hold NaN or infinity, the first is row 0",
        ),
        (
            {"x": np.ones((3, 2)), "z": np.ones((3, 1)), "w": np.ones(3)},
            r"say which array it is: task.target",
        ),
        ({"x": np.ones((3, 2), dtype=complex), "y": np.ones(3)}, r"holds complex128; allowed: real numbers"),
        ({"x": np.ones((3, 2)), "y": np.ones(3), "x_test": np.ones((3, 2))}, r"one is missing"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, arrays: dict[str, Any], said: str) -> None:
    with pytest.raises(TaskError, match=said):
        read(tmp_path, "t.npz", npz(tmp_path, **arrays))


@pytest.mark.parametrize("name", ["t.npz", "t.parquet"])
def test_what_is_no_such_file_is_refused(tmp_path: Path, name: str) -> None:
    pytest.importorskip("pyarrow")
    with pytest.raises(TaskError, match="is no sound"):
        read(tmp_path, name, b"not at all", "y")
    with pytest.raises(TaskError, match=r"'\.txt' is no kind of data file; allowed: \.npz, \.csv, \.parquet"):
        read(tmp_path, "t.txt", b"1", "y")


def test_a_file_is_sought_where_it_was_and_by_its_digest_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    gone = tmp_path / "far" / "t.csv"
    with pytest.raises(TaskError, match=r"was not found; it was sought at .*far/t.csv"):
        sought(gone, None, "task.file")
    (tmp_path / "t.csv").write_text(TABLE, encoding="utf-8")
    assert sought(gone, file_digest(tmp_path / "t.csv"), "task.file") == tmp_path / "t.csv"
    with pytest.raises(TaskError, match=r"sought at .* and "):
        sought(gone, "0" * 64, "task.file")


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(TABLE, encoding="utf-8")
    with pytest.raises(TaskError, match="allowed: up to 10"):
        read_bytes(tmp_path / "t.csv", most=10)
