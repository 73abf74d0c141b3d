"""Training the electronic model that a chip is later programmed with; NOT training on the chip.

The network has no biases, because a passive mesh has none, and every singular value stays within what the
attenuators of one layer can give, so that the result deploys without rescaling.
"""

import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from data.sets import FloatArray
from emulator.errors import DivergedError, TaskError
from emulator.physics.chip.patches import Patches
from emulator.streams import stream
from experiments.tasks.electronic import logits
from experiments.tasks.judges import CROSS_ENTROPY
from experiments.tasks.task import Task
from experiments.tasks.weight_cache import cache_key, default_folder, read_weights, write_weights

if TYPE_CHECKING:
    import torch

__all__ = [
    "PretrainOptions",
    "Pretrained",
    "Rehearsal",
    "default_options",
    "pretrain",
    "rehearse",
    "reproducible",
    "training_bytes",
]

_DOUBLE_BYTES: Final = 8
_REHEARSED: Final = 8  # steps: enough for a mean, few enough to be quick
_RECIPE = 1  # part of the cache key: raise it whenever a change below alters the weights
_WITHIN = 1.0 - 1e-12  # keeps a recomputed singular value from exceeding the limit by a rounding error


@dataclass(frozen=True)
class PretrainOptions:
    """Say how to train; raises ``TaskError`` when a number is outside its range."""

    epochs: int = 40
    """Passes over the training part, at least 1; the learning rate falls to 0 over them as a half cosine."""
    learning_rate: float = 0.01
    """First learning rate of Adam, above 0."""
    batch: int = 128
    """Samples a step, at least 1; a larger number than there are samples means all of them."""
    label_smoothing: float = 0.1
    """Share of the target given to all classes alike, in [0, 1): keeps logits in a converter's range."""
    sigma_max: float = 3.0
    """Greatest singular value of any layer, above 0: the paper's m."""
    activation_clip: float = 4.0
    """Upper limit of the activation min(max(., 0), limit), above 0."""

    def __post_init__(self) -> None:
        for name, value, least in (("epochs", self.epochs, 1), ("batch", self.batch, 1)):
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise TaskError(f"pretraining: {name} is {value!r}, must be a whole number >= {least}")
        for name, number in (
            ("learning_rate", self.learning_rate),
            ("sigma_max", self.sigma_max),
            ("activation_clip", self.activation_clip),
        ):
            if not (math.isfinite(number) and number > 0):
                raise TaskError(f"pretraining: {name} is {number!r}, must be finite and above 0")
        if not 0 <= self.label_smoothing < 1:
            raise TaskError(f"pretraining: label_smoothing is {self.label_smoothing!r}, must be in [0, 1)")


_DEFAULTS = {
    # Few samples: one full-batch step an epoch, and so many epochs.
    "vowel": PretrainOptions(epochs=2500, learning_rate=0.03, batch=256),
    "mnist8x8": PretrainOptions(),
    "fashion8x8": PretrainOptions(epochs=60, batch=32),
    "mnist16": PretrainOptions(batch=32),
    "fashion32": PretrainOptions(epochs=20, batch=64),
}


_STEPS = 2500
"""Steps that a training on a user's own samples takes at least, however few samples there are."""


def default_options(task_name: str, samples: int | None = None) -> PretrainOptions:
    """Return the settings chosen for a task on its validation part; any other task gets the plain ones.

    With the number of ``samples`` of a task that nobody has chosen settings for, few get more epochs.
    """
    plain = PretrainOptions()
    if task_name in _DEFAULTS or samples is None:
        return _DEFAULTS.get(task_name, plain)
    return replace(plain, epochs=max(plain.epochs, -(-_STEPS // -(-samples // plain.batch))))


@dataclass(frozen=True, eq=False)
class Pretrained:
    """Hold a trained electronic model: the best epoch by validation loss, and the task's metric of each part."""

    weights: tuple[FloatArray, ...]
    """One read-only matrix a layer, shape (outputs, inputs), singular values within ``sigma_max``."""
    train_metric: float
    val_metric: float
    test_metric: float

    @classmethod
    def of(cls, weights: tuple[FloatArray, ...], task: Task, clip: float) -> "Pretrained":
        """Return ``weights`` as they do on the parts of ``task``, with activations in [0, ``clip``]."""
        for matrix in weights:
            matrix.setflags(write=False)
        train, val, test = (
            task.metric.of_arrays(logits(weights, x, clip, task.feeds), y) for _, x, y in task.parts()
        )
        return cls(weights, train, val, test)


def pretrain(
    task: Task, options: PretrainOptions | None = None, seed: int = 0, cache_dir: Path | None = None
) -> Pretrained:
    """Train the network of ``task``, or fetch it from the cache when the very same training was done before.

    ``options`` None means ``default_options(task.name)``; ``cache_dir`` None means ``$LIGHTLOOP_CACHE``, or
    else ``.cache/lightloop`` here. On one machine the same arguments give the same bits. Raises
    ``DivergedError`` when the loss stops being finite, and ``TaskError`` when the seed is negative. A cache
    that cannot be written is cautioned of: it costs time, and nothing else.
    """
    if seed < 0:
        raise TaskError(f"pretraining: seed is {seed}, must be a whole number >= 0")

    options = default_options(task.name) if options is None else options
    folder = default_folder() if cache_dir is None else cache_dir
    key = _key_of(task, options, seed)
    weights = read_weights(folder, key, task.weight_shapes)
    if weights is None:
        weights = _train(task, options, seed)
        try:
            write_weights(folder, key, weights)
        except TaskError as error:  # they are in memory, and can be trained again
            sys.stderr.write(f"lightloop: caution: {error}\n")
    return _measured(task, weights, options)


def _key_of(task: Task, options: PretrainOptions, seed: int) -> str:
    import torch

    aim = () if task.loss is CROSS_ENTROPY else (type(task.loss).__name__,)
    return cache_key(task.digest(), astuple(options), seed, _RECIPE, str(torch.__version__), *aim)


def _measured(task: Task, weights: tuple[FloatArray, ...], options: PretrainOptions) -> Pretrained:
    return Pretrained.of(weights, task, options.activation_clip)


class Rehearsal(NamedTuple):
    """Hold weights that take the place of trained ones, and how long training would take, in seconds."""

    pretrained: Pretrained
    wall_s: float


def rehearse(task: Task, options: PretrainOptions | None = None, seed: int = 0) -> Rehearsal:
    """Return what ``pretrain`` would take, by its first few steps: at once, where the weights are known already.

    The weights are trained ones where they are known, else what so few steps leave; no entry of the cache is made.
    """
    options = default_options(task.name) if options is None else options
    known = read_weights(default_folder(), _key_of(task, options, seed), task.weight_shapes)
    if known is not None:
        return Rehearsal(_measured(task, known, options), 0.0)
    weights: tuple[FloatArray, ...] = ()
    steps, short = -(-len(task.x_train) // options.batch), replace(options, epochs=1)
    tried = min(steps, _REHEARSED)

    def timed(most: int) -> float:
        begun = monotonic()
        nonlocal weights
        weights = _train(task, short, seed, most)
        return monotonic() - begun

    first_s, one_s, some_s = timed(1), timed(1), timed(tried)  # the first loads what the others find loaded
    step_s = max(0.0, some_s - one_s) / (tried - 1) if tried > 1 else one_s
    epoch_s = one_s + (steps - 1) * step_s
    return Rehearsal(_measured(task, weights, options), first_s - one_s + options.epochs * epoch_s)


def training_bytes(sizes: Sequence[int], samples: int) -> int:
    """Return the bytes that ``pretrain`` takes for a network of ``sizes`` (inputs, hidden..., outputs).

    Of each weight six are kept (itself, gradient, Adam's two means, best, first) and of the largest layer four more
    while its singular values are limited; of each of ``samples`` a copy of its inputs.
    """
    weights = [inputs * outputs for inputs, outputs in pairwise(sizes)]
    return _DOUBLE_BYTES * (6 * sum(weights) + 4 * max(weights) + samples * sizes[0])


@contextmanager
def reproducible() -> Iterator[None]:
    """Make torch use one thread and deterministic kernels; the caller's settings come back afterwards."""
    import torch

    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(deterministic, warn_only=warn_only)
        torch.set_num_threads(threads)


def _train(
    task: Task, options: PretrainOptions, seed: int, most: int | None = None
) -> tuple[FloatArray, ...]:
    """Return the weights of the epoch with the least validation loss; at most ``most`` steps make an epoch."""
    import torch

    order = stream(seed, "pretrain/batches")
    with reproducible():
        layers = _first_weights(task, options, seed)
        optimizer = torch.optim.Adam(layers, lr=options.learning_rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=options.epochs)
        x, y = torch.tensor(task.x_train), torch.tensor(task.y_train)
        x_val, y_val = torch.tensor(task.x_val), torch.tensor(task.y_val)
        best_loss, best = math.inf, [layer.detach().clone() for layer in layers]
        for _ in range(options.epochs):
            shuffled = torch.tensor(order.permutation(len(x)))
            for start in range(0, len(x), options.batch)[:most]:
                rows = shuffled[start : start + options.batch]
                optimizer.zero_grad()
                _loss(task, layers, x[rows], y[rows], options, options.label_smoothing).backward()  # type: ignore[no-untyped-call]
                optimizer.step()
            schedule.step()
            with torch.no_grad():
                _limit_singular_values(layers, options.sigma_max)
                val_loss = float(_loss(task, layers, x_val, y_val, options, 0.0))
            if not math.isfinite(val_loss):
                raise DivergedError(
                    f"pretraining of '{task.name}': the validation loss is {val_loss}; lower learning_rate"
                )
            if val_loss < best_loss:
                best_loss, best = val_loss, [layer.detach().clone() for layer in layers]
    return tuple(np.array(layer.numpy(), dtype=np.float64, order="C") for layer in best)


def _first_weights(task: Task, options: PretrainOptions, seed: int) -> "list[torch.Tensor]":
    """Return random weights of variance 2/inputs, which keep the scale of a signal under the activation."""
    import torch

    rng = stream(seed, "pretrain/weights")
    layers = [torch.tensor(rng.normal(0.0, math.sqrt(2.0 / shape[1]), shape)) for shape in task.weight_shapes]
    _limit_singular_values(layers, options.sigma_max)
    return [layer.requires_grad_() for layer in layers]


def _loss(
    task: Task,
    layers: "list[torch.Tensor]",
    x: "torch.Tensor",
    y: "torch.Tensor",
    options: PretrainOptions,
    label_smoothing: float,
) -> "torch.Tensor":
    """Return the task's loss of y = W3 clip(W2 clip(W1 x)); cross-entropy is against smoothed labels."""
    from torch.nn.functional import cross_entropy

    feeds = task.feeds or (None,) * len(layers)
    light = x
    for layer, feed in zip(layers[:-1], feeds[:-1], strict=True):
        light = _applied(layer, light, feed).clamp(0.0, options.activation_clip)
    outputs = _applied(layers[-1], light, feeds[-1])
    if task.loss is not CROSS_ENTROPY:
        return task.loss.of_tensors(outputs, y)
    return cross_entropy(outputs, y, label_smoothing=label_smoothing)


def _applied(layer: "torch.Tensor", light: "torch.Tensor", feed: Patches | None) -> "torch.Tensor":
    """Return a layer's outputs for values (samples, values): over channels and places, where there are patches."""
    from torch.nn.functional import avg_pool2d, conv2d

    if feed is None or feed.is_vector:
        return light @ layer.T
    picture = light.reshape(len(light), feed.channels, feed.height, feed.width)
    kernels = layer.reshape(len(layer), feed.channels, *feed.kernel)
    averaged = avg_pool2d(picture, feed.pool) if feed.pool > 1 else picture
    return conv2d(averaged, kernels, stride=feed.stride, padding=feed.padding).flatten(1)


def _limit_singular_values(layers: "list[torch.Tensor]", sigma_max: float) -> None:
    """Replace each matrix by the nearest one whose singular values are all within ``sigma_max``."""
    import torch

    for layer in layers:
        left, strength, right = torch.linalg.svd(layer, full_matrices=False)
        if float(strength[0]) > sigma_max * _WITHIN:
            layer.copy_(left @ (strength.clamp(max=sigma_max * _WITHIN)[:, None] * right))
