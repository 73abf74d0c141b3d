"""The facts and datasets of a trace; a column that differs from its checksum is refused where one asks for that."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import TraceError
from emulator.streams import stream
from emulator.trace.layout import checksum, h5py
from emulator.trace.reading import contents as reading
from emulator.trace.reading.contents import CONFIG_PATH, Contents
from emulator.trace.schema import COMMANDS, TABLES
from emulator.trace.writing.header import Header
from emulator.trace.writing.recorder import Recorder

LONG = 300_000  # rows: more than are read at once


def test_the_facts_are_those_of_the_run(trace_path: Path) -> None:
    contents = Contents(trace_path)
    facts = contents.facts
    assert (facts.status, facts.reason, facts.seed) == ("complete", "all done", 7)
    assert (facts.elapsed_ps, facts.queries, facts.states) == (2600, 50, ("initial",))
    assert dict(zip((table.name for table in TABLES), facts.rows, strict=True))["commands"] == 100
    contents.close()


def test_every_column_has_a_seal_and_is_read_by_its_path(trace_path: Path) -> None:
    contents = Contents(trace_path)
    expected = {f"/{table.name}/{column.name}" for table in TABLES for column in table.columns}
    assert expected | {CONFIG_PATH, "/states/initial"} <= contents.seals.keys()
    np.testing.assert_array_equal(contents.read("/commands/t_done", verify=True), 25 * np.arange(100) + 20)
    contents.close()


def test_a_changed_value_is_found_by_its_checksum(trace_path: Path) -> None:
    with h5py.File(trace_path, "r+") as file:
        file["commands/value"][3] = 99.0
    contents = Contents(trace_path)
    assert contents.read("/commands/value", verify=False)[3] == 99.0
    with pytest.raises(TraceError, match=r"/commands/value does not match its checksum"):
        contents.read("/commands/value", verify=True)
    contents.close()


def test_a_changed_fact_is_found_by_the_digest(trace_path: Path) -> None:
    with h5py.File(trace_path, "r+") as file:
        file.attrs.create("queries", 51, dtype=np.dtype("<i8"))
    with pytest.raises(TraceError, match="its digest does not match its contents"):
        Contents(trace_path)


def test_a_missing_trace_is_named(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match=r"nowhere\.h5: there is no trace here"):
        Contents(tmp_path / "nowhere.h5")


@pytest.mark.parametrize("name", ["versions", "rows", "states"])
@pytest.mark.parametrize("said", [b"null", b"3", b'"x"', b"[[1]]", b'{"a": null}', b"[" * 9000, b"\xff", b""])
def test_a_fact_of_another_form_is_refused_as_damaged(name: str, said: bytes, trace_path: Path) -> None:
    with h5py.File(trace_path, "r+") as file:
        file.attrs[name] = np.bytes_(said)
    with pytest.raises(
        TraceError, match=r"damaged or not a trace|digest does not match|not a fixed-length text|it holds no"
    ):
        Contents(trace_path)


@pytest.fixture(scope="module")
def long_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("long") / "trace.h5"
    recorder = Recorder.create(path, Header.now("", 0, "0" * 32))
    rows = np.zeros(LONG, dtype=COMMANDS.dtype)
    rows["cause"] = np.arange(-1, LONG - 1)
    for name in ("t_issued", "t_started", "t_done"):
        rows[name] = 10 * np.arange(LONG)
    rows["plan"] = recorder.plan((), ())
    for column in ("agent", "instrument", "kind"):
        recorder.label(f"commands.{column}", "one")
    rows["value"] = stream(3, "readings").normal(size=LONG)
    recorder.command_rows(rows)
    recorder.close("complete", "", 10 * LONG, LONG)
    return path.read_bytes()


@given(
    rows=st.integers(0, 70),
    chunk=st.integers(1, 40),
    at_once=st.integers(1, 50),
    dtype=st.sampled_from(["|u1", "<u2", "<i4", "<i8", "<f8"]),
)
def test_a_column_in_pieces_has_the_values_and_the_checksum_of_the_whole(
    rows: int, chunk: int, at_once: int, dtype: str
) -> None:
    values = stream(rows, "bytes").integers(0, 256, 8 * rows, dtype=np.uint8).view(dtype)[:rows]
    with (
        h5py.File("memory", "w", driver="core", backing_store=False) as file,
        pytest.MonkeyPatch.context() as patch,
    ):
        dataset = file.create_dataset(
            "x", data=values, chunks=(chunk,), maxshape=(None,), compression=1, shuffle=True, fletcher32=True
        )
        patch.setattr(reading, "_SLAB", at_once)
        found, digest = reading._read_and_hash(dataset)
        assert found.dtype == values.dtype
        assert found.tobytes() == values.tobytes() == dataset[()].tobytes()
        assert digest == checksum(values)


def test_a_long_column_is_what_hdf5_itself_reads(long_bytes: bytes, tmp_path: Path) -> None:
    path = tmp_path / "trace.h5"
    path.write_bytes(long_bytes)
    contents = Contents(path)
    with h5py.File(path, "r") as file:
        for column in COMMANDS.columns:
            name = f"/commands/{column.name}"
            np.testing.assert_array_equal(contents.read(name, verify=True), file[name][()])
    contents.close()


@pytest.mark.parametrize("row", [0, LONG // 2, LONG - 1])
def test_a_long_column_with_a_changed_value_is_found_wherever_it_is(
    row: int, long_bytes: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "trace.h5"
    path.write_bytes(long_bytes)
    with h5py.File(path, "r+") as file:
        file["commands/value"][row] += 1e-9
    contents = Contents(path)
    with pytest.raises(TraceError, match=r"/commands/value does not match its checksum; the file is damaged"):
        contents.read("/commands/value", verify=True)
    contents.close()


@pytest.mark.parametrize("chunk", [0, -1])
def test_a_long_column_with_a_flipped_bit_is_refused_as_a_short_one_is(
    chunk: int, long_bytes: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "trace.h5"
    path.write_bytes(long_bytes)
    with h5py.File(path, "r") as file:
        ident = file["commands/value"].id
        stored = ident.get_chunk_info(range(ident.get_num_chunks())[chunk])
    damaged = bytearray(long_bytes)
    damaged[stored.byte_offset + stored.size // 2] ^= 1
    path.write_bytes(damaged)
    contents = Contents(path)
    for verify in (True, False):
        with pytest.raises(TraceError, match=r"/commands/value: damaged or not a trace: OSError"):
            contents.read("/commands/value", verify)
    contents.close()
