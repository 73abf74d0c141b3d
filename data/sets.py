"""The shipped data sets as plain arrays, as their files hold them; NOT scaled, reduced or cut into tasks.

Every file is checked against a pinned SHA-256 before it is parsed: a damaged or edited one is refused.
"""

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator.errors import TaskError, nearest

__all__ = ["GARMENTS", "DataSet", "FloatArray", "IntArray", "load", "set_names", "shipped_bytes"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

GARMENTS = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
"""The classes of Fashion-MNIST, in the order of its labels."""


@dataclass(frozen=True, eq=False)
class DataSet:
    """Hold one data set; all arrays are read-only.

    Raises ``TaskError`` when the parts do not fit each other or a number is not finite.
    """

    name: str
    """The name it is loaded by, such as ``"vowel"``."""
    title: str
    """What it is, for people to read."""
    inputs: FloatArray
    """Samples, shape (n, features), in the units of the file."""
    labels: IntArray
    """Class of each sample, shape (n,), an index into ``class_names``."""
    train: IntArray
    """Rows of the stored training part."""
    test: IntArray
    """Rows of the stored test part; with ``train`` it covers every row once."""
    class_names: tuple[str, ...]
    """One name a class."""
    image_shape: tuple[int, int] | None
    """(height, width) when a row is a flattened picture, colour after colour, else None."""
    groups: IntArray | None
    """Who each sample comes from (the speaker), shape (n,), or None when the set does not say."""
    source: str
    """Origin and licence on one line; LICENSES.md has the whole note."""
    sha256: str
    """Hexadecimal SHA-256 of the file, or of the bytes that several files hold."""

    def __post_init__(self) -> None:
        rows = len(self.inputs)
        features = rows and self.inputs[0].size
        rules = {
            "inputs must be (n, features) and finite": self.inputs.ndim == 2
            and bool(np.isfinite(self.inputs).all()),
            "labels must be one class index a row": self.labels.shape == (rows,)
            and bool(np.isin(self.labels, np.arange(len(self.class_names))).all()),
            "train and test must cover every row exactly once": np.array_equal(
                np.sort(np.concatenate([self.train, self.test])), np.arange(rows)
            ),
            "image_shape must have whole pictures in the features": self.image_shape is None
            or features % (self.image_shape[0] * self.image_shape[1]) == 0,
            "groups must be one a row": self.groups is None or self.groups.shape == (rows,),
        }
        for rule, holds in rules.items():
            if not holds:
                raise TaskError(f"data set '{self.name}': {rule}")
        for array in (self.inputs, self.labels, self.train, self.test, self.groups):
            if array is not None:
                array.setflags(write=False)


@dataclass(frozen=True)
class _Arrays:
    """What a parser takes out of a file."""

    inputs: NDArray[Any]
    labels: NDArray[Any]
    is_test: NDArray[np.bool_]
    class_names: tuple[str, ...]
    image_shape: tuple[int, int] | None = None
    groups: NDArray[Any] | None = None


@dataclass(frozen=True)
class _Shipped:
    """What is known of a file before it is opened."""

    file: str
    sha256: str
    title: str
    source: str
    parse: Callable[[Mapping[str, NDArray[Any]]], _Arrays]


def _parse_vowel(npz: Mapping[str, NDArray[Any]]) -> _Arrays:
    return _Arrays(
        inputs=npz["X"],
        labels=npz["y"],
        is_test=npz["is_test"],
        class_names=tuple(str(name) for name in npz["class_names"]),
        groups=npz["speaker"],
    )


def _parse_mnist(npz: Mapping[str, NDArray[Any]]) -> _Arrays:
    images = npz["X"]
    return _Arrays(
        inputs=images.reshape(len(images), -1),
        labels=npz["y"],
        is_test=np.arange(len(images))
        >= 8000,  # the file is shuffled once and for all: the last 2000 are the test part
        class_names=tuple("0123456789"),
        image_shape=images.shape[1:],
    )


def _parse_fashion(npz: Mapping[str, NDArray[Any]]) -> _Arrays:
    images = np.concatenate([npz["X"], npz["Xt"]])
    return _Arrays(
        inputs=images.reshape(len(images), -1),
        labels=np.concatenate([npz["y"], npz["yt"]]),
        is_test=np.arange(len(images)) >= len(npz["X"]),
        class_names=GARMENTS,
        image_shape=images.shape[1:],
    )


def _parse_emoji(npz: Mapping[str, NDArray[Any]]) -> _Arrays:
    images = npz["X"]  # rows, columns, colours; here, as convolutions have it, colours come first
    return _Arrays(
        inputs=images.transpose(0, 3, 1, 2).reshape(len(images), -1),
        labels=npz["y"],
        is_test=np.zeros(len(images), dtype=np.bool_),
        class_names=tuple(str(name) for name in npz["classes"]),
        image_shape=images.shape[1:3],
    )


_SHIPPED = {
    "vowel": _Shipped(
        file="vowel.npz",
        sha256="2d4e4c576cc578e5e46bdb964a6ea8859241357c47394044925054e2f2ff7224",
        title="Deterding vowels: 990 utterances, 11 classes, 10 features, 15 speakers",
        source="D. Deterding, M. Niranjan, T. Robinson; P. Turney; UCI, doi 10.24432/C58P4S, CC BY 4.0",
        parse=_parse_vowel,
    ),
    "mnist10k": _Shipped(
        file="mnist10k.npz",
        sha256="67d32855d2ff1eea345bbbec508509db45eff4d3724afdf873835cdabd1a8941",
        title="first 10,000 images of the MNIST training set, 28x28 grey levels 0..255",
        source="Y. LeCun, C. Cortes (MNIST), CC BY-SA 3.0; a subset",
        parse=_parse_mnist,
    ),
    "mnist10k_8x8": _Shipped(
        file="mnist10k_8x8.npz",
        sha256="8d9f9fb5514565b369ffdd8ccf7a490d0af115fd1cbd831ff08b42cdc3373e72",
        title="first 10,000 images of the MNIST training set, area-averaged to 8x8 grey levels 0..255",
        source="Y. LeCun, C. Cortes (MNIST), CC BY-SA 3.0; 8x8 area average",
        parse=_parse_mnist,
    ),
    "fashion4k": _Shipped(
        file="fashion4k.npz",
        sha256="d94d549cbaf28782411f7bc01d7f01ff6cc689db184723a30893f011a0b5f329",
        title="Fashion-MNIST, 300 training and 100 test images a class, 28x28 grey levels 0..255",
        source="Copyright 2017 Zalando SE (Fashion-MNIST), MIT; a subset",
        parse=_parse_fashion,
    ),
    "emoji32": _Shipped(
        file="emoji32.npz",
        sha256="c893d99b2562baabd5400b505237bb1bb589a029e5e34e990dddf00ad25a7bfe",
        title="Twemoji: 1,906 pictures in 9 groups, 32x32 in three colours 0..255",
        source="Twemoji 16.0.1 (Twitter, Inc and other contributors), CC BY 4.0; emoji-data (Cal Henderson), MIT",
        parse=_parse_emoji,
    ),
}


def set_names() -> tuple[str, ...]:
    """Return the names that ``load`` knows."""
    return tuple(_SHIPPED)


def load(name: str, folder: Traversable | None = None) -> DataSet:
    """Load the data set ``name`` from ``folder``, or from the installed package when that is None.

    Raises ``TaskError`` when the name is unknown, or the file is missing or is not the one that was shipped.
    """
    shipped = _SHIPPED.get(name)
    if shipped is None:
        raise TaskError(
            f"data set: '{name}' is unknown; known: {', '.join(_SHIPPED)}. {nearest(name, _SHIPPED)}".strip()
        )
    with np.load(
        io.BytesIO(shipped_bytes(shipped.file, shipped.sha256, folder or files(__package__))),
        allow_pickle=False,
    ) as npz:
        arrays = shipped.parse(npz)
    return DataSet(
        name=name,
        title=shipped.title,
        inputs=np.array(arrays.inputs, dtype=np.float64, order="C"),
        labels=arrays.labels.astype(np.int64),
        train=np.flatnonzero(~arrays.is_test).astype(np.int64),
        test=np.flatnonzero(arrays.is_test).astype(np.int64),
        class_names=arrays.class_names,
        image_shape=arrays.image_shape,
        groups=None if arrays.groups is None else arrays.groups.astype(np.int64),
        source=shipped.source,
        sha256=shipped.sha256,
    )


def shipped_bytes(file: str, sha256: str, folder: Traversable) -> bytes:
    """Return what is in ``file`` of ``folder``; raises ``TaskError`` when it is missing or has another SHA-256."""
    path = folder.joinpath(file)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TaskError(
            f"{path}: cannot be read ({error.strerror}); reinstall Lightloop to restore it"
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise TaskError(
            f"{path}: SHA-256 is {found}, must be {sha256};"
            " the file is damaged or edited, restore the shipped one"
        )
    return content
