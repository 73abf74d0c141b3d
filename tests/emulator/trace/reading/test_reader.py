"""A damaged, truncated or hostile file is refused, or it reads as it was written."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from emulator.errors import TraceError
from emulator.streams import stream
from emulator.trace.open import open_trace
from emulator.trace.reading import reader
from emulator.trace.reading.reader import Trace

Everything = Callable[[Trace], tuple[object, ...]]


def read(path: Path, everything: Everything) -> tuple[object, ...] | None:
    """Return all that the trace says, or None when it is refused."""
    try:
        with open_trace(path) as trace:
            return everything(trace)
    except TraceError:
        return None


def truncate_many(path: Path, everything: Everything, count: int) -> None:
    whole = path.read_bytes()
    cut = path.with_name("cut.h5")
    for length in stream(2, "test/reader/truncate").integers(0, len(whole), count):
        cut.write_bytes(whole[:length])
        assert read(cut, everything) is None


def flip_many(path: Path, everything: Everything, count: int) -> None:
    whole, expected = path.read_bytes(), read(path, everything)
    assert expected is not None
    flipped = path.with_name("flipped.h5")
    rng = stream(3, "test/reader/flip")
    for position, bit in zip(rng.integers(0, len(whole), count), rng.integers(0, 8, count), strict=True):
        data = bytearray(whole)
        data[position] ^= 1 << bit
        flipped.write_bytes(data)
        assert read(flipped, everything) in (None, expected), f"bit {bit} of byte {position}"


def test_a_truncated_trace_is_refused(trace_path: Path, everything: Everything) -> None:
    truncate_many(trace_path, everything, 60)


def test_a_flipped_bit_is_refused_or_harmless(trace_path: Path, everything: Everything) -> None:
    flip_many(trace_path, everything, 60)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_thousand_truncations_are_refused(trace_path: Path, everything: Everything) -> None:
    truncate_many(trace_path, everything, 1000)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_thousand_flipped_bits_are_refused_or_harmless(trace_path: Path, everything: Everything) -> None:
    flip_many(trace_path, everything, 1000)


def test_a_damaged_dataset_is_named_when_it_is_read(trace_path: Path) -> None:
    with h5py.File(trace_path, "r+") as file:
        file["commands/value"][3] = 99.0
    with open_trace(trace_path) as trace:
        assert trace.status == "complete"
        assert len(trace.power.t) == 100
        with pytest.raises(TraceError, match="/commands/value does not match its checksum"):
            _ = trace.commands
        with pytest.raises(TraceError, match="/commands/value"):
            _ = trace.digest
    with open_trace(trace_path, verify=False) as trace:
        assert trace.commands.value[3] == 99.0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", b"failed"),
        ("seed", 8),
        ("elapsed_ps", 2601),
        ("queries", 0),
        ("reason", b""),
        ("digest", b"0" * 32),
    ],
)
def test_a_changed_attribute_breaks_the_digest(trace_path: Path, name: str, value: object) -> None:
    with h5py.File(trace_path, "r+") as file:
        file.attrs.modify(name, np.array(value, dtype=file.attrs.get_id(name).dtype))
    with pytest.raises(TraceError, match="digest"):
        open_trace(trace_path)


def test_another_schema_version_is_named(trace_path: Path) -> None:
    with h5py.File(trace_path, "r+") as file:
        file.attrs.modify("schema_version", np.int64(4))
    with pytest.raises(TraceError, match="schema version 4; this Lightloop reads 1, 2, 3"):
        open_trace(trace_path)


def test_what_is_no_trace_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.h5").write_text("hello")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file.attrs["format"] = np.bytes_("netcdf")
    (tmp_path / "folder.h5").mkdir()
    for name in ("text.h5", "other.h5", "folder.h5", "absent.h5"):
        with pytest.raises(TraceError, match=name):
            open_trace(tmp_path / name)


def replace(file: h5py.File, name: str, **options: object) -> None:
    del file[name]
    file.create_dataset(name, **options)
    for attribute in ("units", "checksum"):
        file[name].attrs[attribute] = np.bytes_("x")


def external_link(file: h5py.File) -> None:
    del file["power"]
    file["power"] = h5py.ExternalLink("secret.h5", "/power")


def soft_link(file: h5py.File) -> None:
    del file["power/watts"]
    file["power/watts"] = h5py.SoftLink("/commands/value")


def soft_loop(file: h5py.File) -> None:
    del file["power"]
    file["power"] = h5py.SoftLink("/power")


def cycle(file: h5py.File) -> None:
    del file["power"]
    file["power"] = file["/"]


def external_storage(file: h5py.File) -> None:
    del file["power/watts"]
    file.create_dataset("power/watts", (100,), "f8", external=[("/etc/passwd", 0, 800)])


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((100,), "f8")
    layout[:] = h5py.VirtualSource("secret.h5", "x", (100,))
    del file["power/watts"]
    file.create_virtual_dataset("power/watts", layout)


def huge(file: h5py.File) -> None:
    options = {
        "shape": (2**40,),
        "dtype": "f8",
        "chunks": (1024,),
        "compression": "gzip",
        "compression_opts": 1,
    }
    replace(file, "power/watts", **options, shuffle=True, fletcher32=True)


def huge_chunks(file: h5py.File) -> None:
    options = {
        "shape": (2**24,),
        "dtype": "f8",
        "chunks": (2**24,),
        "compression": "gzip",
        "compression_opts": 1,
    }
    replace(file, "power/watts", **options, shuffle=True, fletcher32=True)


def huge_contiguous_state(file: h5py.File) -> None:
    replace(file, "states/initial", shape=(2**30, 2**10), dtype="f8")


def other_filter(file: h5py.File) -> None:
    replace(file, "power/watts", data=np.zeros(100), chunks=(100,), compression="lzf")


def objects(file: h5py.File) -> None:
    replace(file, "states/initial", data=["a", "b"], dtype=h5py.string_dtype())


def references(file: h5py.File) -> None:
    replace(file, "states/initial", shape=(2,), dtype=h5py.ref_dtype)


def compound(file: h5py.File) -> None:
    replace(file, "states/initial", data=np.zeros(3, dtype="f8,i4"))


def four_dimensions(file: h5py.File) -> None:
    replace(file, "states/initial", data=np.zeros((1, 1, 1, 1)))


def rank(file: h5py.File) -> None:
    replace(file, "power/watts", data=np.zeros((100, 1)), chunks=(100, 1))


def empty_space(file: h5py.File) -> None:
    replace(file, "states/initial", data=h5py.Empty("f8"))


def extra_member(file: h5py.File) -> None:
    file.create_group("more")


def missing_column(file: h5py.File) -> None:
    del file["commands/cause"]


def dataset_for_group(file: h5py.File) -> None:
    del file["power"]
    file["power"] = np.zeros(3)


def group_for_dataset(file: h5py.File) -> None:
    del file["power/watts"]
    file.create_group("power/watts")


def named_type(file: h5py.File) -> None:
    del file["power/watts"]
    file["power/watts"] = np.dtype("f8")


def variable_text(file: h5py.File) -> None:
    file.attrs["status"] = "complete"


def long_attribute(file: h5py.File) -> None:
    file.attrs["reason"] = np.bytes_(b"x" * 70_000)


def many_attributes(file: h5py.File) -> None:
    for number in range(100):
        file.attrs[f"more{number}"] = number


def wrong_json(file: h5py.File) -> None:
    file.attrs["rows"] = np.bytes_("[" * 10_000)


def state_elsewhere(file: h5py.File) -> None:
    file.attrs["states"] = np.bytes_('["../commands/value"]')


def config_of_another_type(file: h5py.File) -> None:
    replace(file, "config", data=3.5)
    file["config"].attrs["digest"] = np.bytes_("x")


HOSTILE = [
    external_link, soft_link, soft_loop, cycle, external_storage, virtual, huge, huge_chunks,
    huge_contiguous_state, other_filter, objects, references, compound, four_dimensions, rank, empty_space,
    extra_member, missing_column, dataset_for_group, group_for_dataset, named_type, variable_text,
    long_attribute, many_attributes, wrong_json, state_elsewhere, config_of_another_type,
]  # fmt: skip


@pytest.mark.parametrize("spoil", HOSTILE)
def test_a_hostile_file_is_refused_from_its_metadata(
    trace_path: Path, spoil: Callable[[h5py.File], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with h5py.File(trace_path, "r+", libver="latest") as file:
        spoil(file)
    monkeypatch.setattr(h5py.Dataset, "__getitem__", lambda *_: pytest.fail("data was read"))
    with pytest.raises(TraceError, match=r"run\.h5"):
        open_trace(trace_path)


def test_a_name_outside_its_list_is_refused(tmp_path: Path, record: Callable[..., object]) -> None:
    recorder = record(tmp_path / "run.h5")
    recorder.power(200, 2550, 1.0)  # type: ignore[attr-defined]
    recorder.close("complete", "", 2600, 50)  # type: ignore[attr-defined]
    with open_trace(tmp_path / "run.h5") as trace, pytest.raises(TraceError, match="name 200 of 1"):
        _ = trace.power


def test_unknown_names_and_batches_are_refused_with_a_hint(trace_path: Path) -> None:
    with open_trace(trace_path) as trace:
        with pytest.raises(TraceError, match=r"did you mean 'commands.kind'"):
            trace.labels("commands.kinds")
        with pytest.raises(TraceError, match="mini-batch 9"):
            trace.batch(9)


def test_arrays_outlive_the_file(trace_path: Path) -> None:
    trace = open_trace(trace_path)
    commands = trace.commands
    trace.close()
    assert commands.t_done[-1] == 25 * 99 + 20
    with pytest.raises(TraceError, match="/power"):
        _ = trace.power


def test_every_dataset_has_units_and_none_a_phony_dimension(trace_path: Path) -> None:
    with h5py.File(trace_path, "r") as file:
        missing: list[str] = []
        file.visititems(
            lambda name, item: (
                missing.append(name) if isinstance(item, h5py.Dataset) and "units" not in item.attrs else None
            )
        )
        assert missing == []
        assert file.attrs["format"] == b"lightloop-trace"
        assert file["commands/t_done"].attrs["units"] == b"ps"
        assert file["commands/t_done"].dims[0].keys() == ["row"]


def test_plain_xarray_opens_a_table(trace_path: Path) -> None:
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf")
    for table in ("commands", "power", "metrics", "samples", "plans"):
        with xarray.open_dataset(trace_path, group=table, engine="h5netcdf") as dataset:
            assert list(dataset.dims) == ["row"]
    with xarray.open_dataset(trace_path, group="commands", engine="h5netcdf") as dataset:
        assert dataset["t_done"].attrs["units"] == "ps"
        assert int(dataset["t_done"].sel(row=3)) == 95


def test_an_empty_table_opens_in_xarray_too(trace_path: Path, tmp_path: Path) -> None:
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf")
    from emulator.trace import Header, Recorder

    Recorder.create(tmp_path / "empty.h5", Header("", 0, "", (), "")).close("complete", "", 0, 0)
    with open_trace(tmp_path / "empty.h5") as trace:
        assert trace.config_text == ""
        assert len(trace.commands.t_done) == 0
    with xarray.open_dataset(tmp_path / "empty.h5", group="commands", engine="h5netcdf") as dataset:
        assert dataset.sizes == {"row": 0}


def test_recording_needs_no_h5py() -> None:
    code = "import sys, emulator.trace; sys.exit('h5py' in sys.modules)"
    root = str(Path(__file__).parents[4])
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_a_copied_trace_reads_the_same(trace_path: Path, everything: Everything) -> None:
    copy = trace_path.with_name("copy.h5")
    shutil.copy(trace_path, copy)
    assert read(copy, everything) == read(trace_path, everything)


def test_more_power_than_memory_should_hold_is_counted_before_it_is_read(
    trace_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_trace(trace_path) as trace:
        rows = len(trace.power_levels.t)
    monkeypatch.setattr(reader, "MAX_POWER_ROWS", rows - 1)
    with open_trace(trace_path) as trace:
        monkeypatch.setattr(trace, "_table", lambda table: pytest.fail("it was read"))
        with pytest.raises(TraceError, match=rf"/power holds {rows:,} rows, and up to {rows - 1:,} are held"):
            _ = trace.power_levels
