"""8x8 pictures of digits and clothes on 64-24-24-classes networks; NOT the full 60,000-image benchmarks."""

from dataclasses import replace

import numpy as np

from data.sets import DataSet, FloatArray, load
from experiments.tasks.scaling import area_average
from experiments.tasks.splits import choose_split, labels_of, stored_split, with_classes
from experiments.tasks.task import Task, TaskOptions

__all__ = ["build_fashion8x8", "build_mnist8x8"]

_SIDE = 8
_HIDDEN = (24, 24)
_WHITE = 255.0


def build_mnist8x8(options: TaskOptions) -> Task:
    """Build digit recognition from the first 10,000 MNIST training images: 8,000 to learn, 2,000 to test.

    The file holds pictures already averaged to 8x8. Raises ``TaskError`` when the options do not fit it.
    """
    data = load("mnist10k_8x8")
    return _build(options, data, data.inputs / _WHITE, "MNIST digits at 8x8 (10,000 of the training images)")


def build_fashion8x8(options: TaskOptions) -> Task:
    """Build clothes recognition from 3,000 images to learn and 1,000 to test, averaged from 28x28 to 8x8.

    One small pixel covers 3.5 x 3.5 large ones, so the average takes fractions of pixels. Raises
    ``TaskError`` when the options do not fit the data.
    """
    data = load("fashion4k")
    images = data.inputs.reshape(len(data.inputs), 28, 28)
    small = area_average(images, (_SIDE, _SIDE)).reshape(len(images), -1)
    return _build(options, data, small / _WHITE, "Fashion-MNIST at 8x8 (4,000 of the images)")


def _build(options: TaskOptions, data: DataSet, amplitudes: FloatArray, title: str) -> Task:
    name = choose_split(options, ("stored",))
    classes = with_classes(options, data)
    split = stored_split(data, classes, options)
    x = np.clip(amplitudes, 0.0, 1.0)  # a white area may average to 1 + 1 ulp
    return Task(
        name=options.name,
        title=title,
        layer_sizes=(_SIDE * _SIDE, *_HIDDEN, len(classes)),
        x_train=x[split.train],
        y_train=labels_of(data, split.train, classes),
        x_val=x[split.val],
        y_val=labels_of(data, split.val, classes),
        x_test=x[split.test],
        y_test=labels_of(data, split.test, classes),
        options=replace(options, classes=classes, split=name),
        source=data.source,
    )
