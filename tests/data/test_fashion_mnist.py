"""Tests of the installed Fashion-MNIST: what it must hold, and that anything else is refused."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from data.fashion_mnist import installed, load_fashion_mnist
from data.sets import load
from emulator.errors import TaskError

FILES = {
    "train-images-idx3-ubyte.gz": (60_000, 28, 28),
    "train-labels-idx1-ubyte.gz": (60_000,),
    "t10k-images-idx3-ubyte.gz": (10_000, 28, 28),
    "t10k-labels-idx1-ubyte.gz": (10_000,),
}
NAMES = list(FILES)


def _labels(count: int, classes: int = 10) -> bytes:
    return struct.pack(">BBBBI", 0, 0, 8, 1, count) + bytes(i % classes for i in range(count))


def _images(count: int) -> bytes:
    """Return images whose first pixel is the number of the image modulo 250, and whose others are black."""
    pixels = np.zeros((count, 784), dtype=np.uint8)
    pixels[:, 0] = np.arange(count) % 250
    return struct.pack(">BBBBIII", 0, 0, 8, 3, count, 28, 28) + pixels.tobytes()


@pytest.fixture(scope="module")
def archives() -> dict[str, bytes]:
    """Return files of the right form with made-up values, by name."""
    contents = {name: (_images if len(shape) == 3 else _labels)(shape[0]) for name, shape in FILES.items()}
    return {name: gzip.compress(content, compresslevel=1, mtime=0) for name, content in contents.items()}


@pytest.fixture
def folder(tmp_path: Path, archives: dict[str, bytes]) -> Path:
    for name, archive in archives.items():
        (tmp_path / name).write_bytes(archive)
    return tmp_path


def test_values_come_in_the_order_of_the_files(folder: Path) -> None:
    data = load_fashion_mnist(folder)
    assert data.inputs.shape == (70_000, 784)
    assert data.inputs[248:252, 0].tolist() == [248, 249, 0, 1]
    assert data.inputs[60_000:60_003, 0].tolist() == [0, 1, 2]
    assert not data.inputs[:, 1:].any()
    assert (len(data.train), len(data.test)) == (60_000, 10_000)
    assert data.labels[60_000:60_003].tolist() == [0, 1, 2]


def test_another_compression_of_the_same_bytes_has_the_same_digest(folder: Path) -> None:
    first = load_fashion_mnist(folder).sha256
    path = folder / NAMES[1]
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), compresslevel=9, mtime=1))
    assert load_fashion_mnist(folder).sha256 == first


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_file_is_refused_by_its_path(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(TaskError, match=f"{name}: cannot be read .* dataset-fashion-mnist"):
        load_fashion_mnist(folder)


@pytest.mark.parametrize("keep", [0, 5, 2000, -1])
def test_a_truncated_file_is_refused(folder: Path, keep: int) -> None:
    path = folder / NAMES[0]
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(TaskError, match=NAMES[0]):
        load_fashion_mnist(folder)


def test_damaged_bytes_are_refused(folder: Path) -> None:
    path = folder / NAMES[1]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(TaskError, match="reinstall"):
        load_fashion_mnist(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (_labels(59_999), "IDX header"),
        (_labels(60_000)[:-1], "holds 60007 bytes, must hold 60008"),
        (_labels(60_000) + b"0", "holds more bytes"),
        (b"\0\0\x0d" + _labels(60_000)[3:], "IDX header"),
        (b"", "IDX header"),
    ],
)
def test_labels_of_another_form_are_refused(folder: Path, content: bytes, message: str) -> None:
    (folder / NAMES[1]).write_bytes(gzip.compress(content, mtime=0))
    with pytest.raises(TaskError, match=message):
        load_fashion_mnist(folder)


def test_a_label_beyond_the_ten_is_refused(folder: Path) -> None:
    (folder / NAMES[3]).write_bytes(gzip.compress(_labels(10_000, classes=11), mtime=0))
    with pytest.raises(TaskError, match="one class index a row"):
        load_fashion_mnist(folder)


def test_a_folder_that_is_not_there_is_not_installed(tmp_path: Path) -> None:
    assert installed(tmp_path)
    assert not installed(tmp_path / "nowhere")


@pytest.mark.skipif(not installed(), reason="the Debian package dataset-fashion-mnist is not installed")
def test_the_installed_set_has_6000_training_images_a_class_and_holds_the_shipped_subset() -> None:
    data = load_fashion_mnist()
    assert np.bincount(data.labels[data.train]).tolist() == [6000] * 10
    assert np.bincount(data.labels[data.test]).tolist() == [1000] * 10
    subset = load("fashion4k")
    known = {row.tobytes() for row in data.inputs}
    assert all(row.tobytes() in known for row in subset.inputs)
