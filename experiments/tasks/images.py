"""Pictures of digits and clothes: at 8x8 for networks that fit a chip, at 28x28 for those an OPU trains.

At 16x16 and 32x32 they are those of SZO-SCD's convolutions.

NOT the benchmarks of the same names, but for ``fashion60k``: there is no task of all 70,000 MNIST images.
"""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from data.cifar10 import load_cifar10
from data.fashion_mnist import PACKAGE, installed, load_fashion_mnist
from data.sets import DataSet, FloatArray, IntArray, load
from emulator.errors import TaskError
from experiments.tasks.scaling import area_average
from experiments.tasks.splits import choose_split, labels_of, random_split, stored_split, with_classes
from experiments.tasks.task import Task, TaskKind, TaskOptions

__all__ = [
    "KINDS",
    "build_cifar10",
    "build_emoji32",
    "build_fashion",
    "build_fashion4k",
    "build_fashion8x8",
    "build_fashion32",
    "build_fashion60k",
    "build_mnist",
    "build_mnist8x8",
    "build_mnist16",
]

_SIDE = 8
_SMALL = (24, 24)
_LARGE = (1024, 1024)  # J. Launay et al. 2020, section III: 784-1024-1024-10
_WHITE = 255.0


def build_mnist8x8(options: TaskOptions) -> Task:
    """Build digit recognition from the first 10,000 MNIST training images: 8,000 to learn, 2,000 to test.

    The file holds pictures already averaged to 8x8. Raises ``TaskError`` when the options do not fit it.
    """
    data = load("mnist10k_8x8")
    title = "MNIST digits at 8x8 (10,000 of the training images)"
    return _build(options, data, data.inputs, _SMALL, title)


def build_fashion8x8(options: TaskOptions) -> Task:
    """Build clothes recognition from 3,000 images to learn and 1,000 to test, averaged from 28x28 to 8x8.

    One small pixel covers 3.5 x 3.5 large ones, so the average takes fractions of pixels. Raises
    ``TaskError`` when the options do not fit the data.
    """
    data = load("fashion4k")
    images = data.inputs.reshape(len(data.inputs), 28, 28)
    small = area_average(images, (_SIDE, _SIDE)).reshape(len(images), -1)
    return _build(options, data, small, _SMALL, "Fashion-MNIST at 8x8 (4,000 of the images)")


def build_mnist(options: TaskOptions) -> Task:
    """Build digit recognition at 28x28 from the images of ``mnist8x8``: 8,000 to learn, 2,000 to test.

    Raises ``TaskError`` when the options do not fit the data.
    """
    data = load("mnist10k")
    return _build(options, data, data.inputs, _LARGE, "MNIST digits (10,000 of the training images)")


def build_mnist16(options: TaskOptions) -> Task:
    """Build digit recognition at 16x16 from the images of ``mnist8x8``, averaged from 28x28.

    Raises ``TaskError`` when the options do not fit the data.
    """
    data = load("mnist10k")
    small = area_average(data.inputs.reshape(-1, 28, 28), (16, 16)).reshape(len(data.inputs), -1)
    title = "MNIST digits at 16x16 (10,000 of the training images)"
    return _build(options, data, small, (256, 256), title, "c8s2-c6s2")


def build_fashion32(options: TaskOptions) -> Task:
    """Build clothes recognition at 32x32 from the images of ``fashion4k``, with two dark pixels around each.

    Raises ``TaskError`` when the options do not fit the data.
    """
    data = load("fashion4k")
    framed = np.pad(data.inputs.reshape(-1, 28, 28), ((0, 0), (2, 2), (2, 2))).reshape(len(data.inputs), -1)
    return _build(options, data, framed, _SMALL, "Fashion-MNIST at 32x32 (4,000 of the images)", "c8s2-c8s2")


def build_fashion(options: TaskOptions) -> Task:
    """Build the task ``fashion60k`` where its data is installed, else ``fashion4k``; its name says which.

    Raises ``TaskError`` as those do.
    """
    if installed():
        return build_fashion60k(replace(options, name="fashion60k"))
    return build_fashion4k(replace(options, name="fashion4k"))


def build_fashion60k(options: TaskOptions) -> Task:
    """Build clothes recognition from all of Fashion-MNIST: 60,000 images to learn, 10,000 to test.

    It takes 0.5 GB, for a moment twice that. Raises ``TaskError`` when the Debian package is missing or damaged, or
    the options do not fit the data.
    """
    if not installed():
        raise TaskError(
            f"task '{options.name}': all of Fashion-MNIST is not on this machine; install the Debian package"
            f" {PACKAGE}, or choose the task 'fashion4k'"
        )
    data = load_fashion_mnist()
    return _build(options, data, data.inputs, _LARGE, "Fashion-MNIST (all 70,000 images)")


def build_fashion4k(options: TaskOptions) -> Task:
    """Build clothes recognition at 28x28 from 3,000 images to learn and 1,000 to test.

    Raises ``TaskError`` when the options do not fit the data.
    """
    data = load("fashion4k")
    return _build(options, data, data.inputs, _LARGE, "Fashion-MNIST (4,000 of the images)")


def build_emoji32(options: TaskOptions) -> Task:
    """Build recognition of the groups of 1,873 emoji, 32x32 in colour: 70 % to learn, 30 % to test, at random.

    Of emoji that look alike (families, flags of territories) the first is taken. It stands where a licence keeps
    CIFAR-10 from being shipped, and is not CIFAR-10. Raises ``TaskError`` when the options do not fit the data.
    """
    data = load("emoji32")
    first = np.unique(data.inputs.astype(np.uint8), axis=0, return_index=True)[1]
    rows = np.sort(first)
    data = replace(data, inputs=data.inputs[rows], labels=data.labels[rows], train=np.arange(len(rows)))
    title = "Emoji at 32x32 in colour (Twemoji, 9 groups)"
    return _build(options, data, data.inputs, _SMALL, title, "c8s2-c8s2-c8s2", ("random",))


def build_cifar10(options: TaskOptions) -> Task:
    """Build CIFAR-10 from the folder of its official binary files that ``options.own.path`` names.

    It takes 3 GB. Raises ``TaskError`` when the files are not there or not sound, or the options do not fit.
    """
    own = options.own
    if own.path is None:
        raise TaskError(
            "task 'cifar10' needs task.file: the folder cifar-10-batches-bin of the official binary version"
        )
    data = load_cifar10(Path(own.path), own.digest)
    options = replace(options, own=replace(own, digest=data.sha256))
    return _build(options, data, data.inputs, _SMALL, "CIFAR-10 (all 60,000 images)", "c8s2-c8s2-c8s2")


def _build(
    options: TaskOptions,
    data: DataSet,
    pixels: FloatArray,
    default_hidden: tuple[int, ...],
    title: str,
    layers: str = "c8s2-c8s2",
    splits: tuple[str, ...] = ("stored",),
) -> Task:
    name = choose_split(options, splits)
    classes = with_classes(options, data)
    hidden = options.hidden_or(default_hidden)
    split = (stored_split if name == "stored" else random_split)(data, classes, options)
    return Task(
        name=options.name,
        title=title,
        layer_sizes=(pixels.shape[1], *hidden, len(classes)),
        x_train=_amplitudes(pixels, split.train),
        y_train=labels_of(data, split.train, classes),
        x_val=_amplitudes(pixels, split.val),
        y_val=labels_of(data, split.val, classes),
        x_test=_amplitudes(pixels, split.test),
        y_test=labels_of(data, split.test, classes),
        options=replace(options, classes=classes, split=name, hidden=hidden),
        source=data.source,
        picture=_picture_of(data, pixels),
        layers=layers,
    )


def _picture_of(data: DataSet, pixels: FloatArray) -> tuple[int, int, int]:
    """Return the channels, height and width of square pictures that were made of those of ``data``."""
    height, width = data.image_shape or (1, data.inputs.shape[1])
    channels = data.inputs.shape[1] // (height * width)
    side = math.isqrt(pixels.shape[1] // channels)
    return channels, side, side


def _amplitudes(pixels: FloatArray, rows: IntArray) -> FloatArray:
    """Return ``rows`` scaled to [0, 1]; in place, as a part may take 0.4 GB."""
    x = pixels[rows]
    x /= _WHITE
    return np.clip(x, 0.0, 1.0, out=x)  # a white area may average to 1 + 1 ulp


KINDS = (
    TaskKind("mnist8x8", build_mnist8x8),
    TaskKind("fashion8x8", build_fashion8x8),
    TaskKind("mnist16", build_mnist16),
    TaskKind("fashion32", build_fashion32),
    TaskKind("emoji32", build_emoji32),
    TaskKind("cifar10", build_cifar10),
    TaskKind("mnist", build_mnist),
    TaskKind("fashion", build_fashion),
    TaskKind("fashion60k", build_fashion60k),
    TaskKind("fashion4k", build_fashion4k),
)
