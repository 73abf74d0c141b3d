"""What a learning task is: its parts, what judges outputs, and network sizes; NOT how any one task is prepared."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from data.sets import FloatArray
from emulator.errors import TaskError
from emulator.physics.chip.patches import Patches
from experiments.models.cnn import convolutions
from experiments.models.model import Blueprint
from experiments.models.tiles import Tiles
from experiments.tasks.judges import ACCURACY, CROSS_ENTROPY, Loss, Metric, Targets

if TYPE_CHECKING:
    from controllers.feedback_alignment.dfa import Presenter
    from experiments.tasks.exhibits import Exhibitor, Glimpse

__all__ = ["FileOptions", "Task", "TaskKind", "TaskOptions"]


@dataclass(frozen=True)
class FileOptions:
    """Say where samples of the user's own are, and what is made of them; None stands for what the file suggests.

    Paths are absolute. A digest that is given must be that of the file.
    """

    path: str | None = None
    digest: str | None = None
    test_path: str | None = None
    test_digest: str | None = None
    targets: tuple[str, ...] = ()
    features: tuple[str, ...] | None = None
    kind: str | None = None
    metric: str | None = None
    scaling: str | None = None
    labels: tuple[str, ...] | None = None
    size: int | None = None


@dataclass(frozen=True)
class TaskOptions:
    """Say which task, which classes and which split; None stands for the task's own default.

    Raises ``TaskError`` when a value is outside its range.
    """

    name: str
    """A name of ``registry.task_names()``."""
    classes: tuple[int, ...] | None = None
    """At least two different classes of the data set, in the order of the network's outputs."""
    split: str | None = None
    """A split the task offers: ``random`` or ``speaker`` (vowel), ``stored`` (images)."""
    seed: int = 0
    """Seed of the random split and of the validation part, at least 0."""
    validation_fraction: float = 0.1
    """Share of the training part that is held out, in (0, 0.5]."""
    hidden: tuple[int, ...] | None = None
    """Units of each hidden layer, each at least 1; the empty tuple is a network without any."""
    own: FileOptions = FileOptions()
    """Of a task that the user brings: the file, and how it is read."""
    constant_input: bool = False
    """Whether one more input carries a constant 1."""
    components: int | None = None
    """Principal components of the task that has them."""
    context: int | None = None
    """Tokens of a window, of a task of text."""
    vocabulary: int | None = None
    """Tokens that a task of text tells apart."""
    eofs: int | None = None
    """EOFs of each tile of a map whose amplitudes are learnt in its place."""
    whitened: bool = False
    """Whether amplitudes of all EOFs count alike."""

    def __post_init__(self) -> None:
        where = f"task '{self.name}'"
        if self.classes is not None and (len(self.classes) < 2 or len(set(self.classes)) < len(self.classes)):
            raise TaskError(f"{where}: classes is {self.classes}, must be at least two different classes")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise TaskError(f"{where}: seed is {self.seed!r}, must be a whole number >= 0")
        if not 0 < self.validation_fraction <= 0.5:
            raise TaskError(
                f"{where}: validation_fraction is {self.validation_fraction}, must be in (0, 0.5]"
            )
        for units in self.hidden or ():
            if isinstance(units, bool) or not isinstance(units, int) or units < 1:
                raise TaskError(f"{where}: hidden is {self.hidden}, must be whole numbers >= 1")

    def hidden_or(self, default: tuple[int, ...]) -> tuple[int, ...]:
        """Return the hidden layers asked for, or the task's own."""
        return default if self.hidden is None else self.hidden


@dataclass(frozen=True, eq=False)
class Task:
    """Hold a task ready to train on: three parts that share no sample, all arrays read-only.

    Inputs are float64, C-contiguous, shape (samples, layer_sizes[0]), in [0, 1]. Targets are labels, int64, shape
    (samples,), in 0..layer_sizes[-1]-1, or values, float64, finite, shape (samples, layer_sizes[-1]). The
    validation part picks the best state, by ``loss``; the test part steers nothing. Raises ``TaskError`` when the
    arrays break these rules.
    """

    name: str
    title: str
    layer_sizes: tuple[int, ...]
    """Inputs, hidden units..., outputs."""
    x_train: FloatArray
    y_train: Targets
    x_val: FloatArray
    y_val: Targets
    x_test: FloatArray
    y_test: Targets
    options: TaskOptions
    """The options with every default filled in."""
    source: str
    """Origin and licence of the data on one line."""
    loss: Loss = CROSS_ENTROPY
    """What is learnt by, and what chooses the best state."""
    metric: Metric = ACCURACY
    """What is shown of outputs."""
    picture: tuple[int, int, int] | None = None
    """Channels, height and width of what the inputs are pictures of, in this order; None is no picture."""
    layers: str = ""
    """The convolutions of its network in words, or those that a ``cnn`` of it has unless others are asked for."""
    feeds: tuple[Patches, ...] = ()
    """How the values in front of each layer become its symbols; empty, they do as they stand."""
    bounded: bool = True
    """Whether inputs must lie in [0, 1]; those of a user's own scaling must be finite."""
    present: "Presenter | None" = None
    """Makes of samples what a network that is trained from scratch is shown; None shows them as they are."""
    side: tuple[int, ...] = ()
    """Values a sample of each input that ``present`` gives to every block."""
    tokens: bool = False
    """Whether inputs are numbers of tokens, which a network has to look up."""
    tiles: Tiles | None = None
    """How the map that comes out is cut for a model with rows; None is no map."""
    values: int | None = None
    """Values of a sample's target, where the loss makes them of what comes out; None: they are what comes out."""
    exhibit: "Exhibitor | None" = None
    """Makes what is shown of a network that was trained from scratch when its training has ended."""
    glimpse: "Glimpse | None" = None
    """Makes what is shown of such a network at every look."""

    def __post_init__(self) -> None:
        if len(self.layer_sizes) < 2 or min(self.layer_sizes) < 1:
            raise TaskError(
                f"task '{self.name}': layer_sizes is {self.layer_sizes}, must be two or more sizes >= 1"
            )
        for part, x, y in self.parts():
            self._check_part(part, x, y)
            x.setflags(write=False)
            y.setflags(write=False)

    @property
    def weight_shapes(self) -> tuple[tuple[int, int], ...]:
        """Return (outputs, inputs) of each layer's matrix."""
        if self.feeds:
            return tuple((o, feed.inputs) for o, feed in zip(self.layer_sizes[1:], self.feeds, strict=True))
        return tuple((outputs, inputs) for inputs, outputs in pairwise(self.layer_sizes))

    @property
    def network(self) -> str:
        """Return the network in words, such as 64-24-24-10 or 16x16-c8s2-c6s2-10."""
        if not self.feeds:
            return "-".join(map(str, self.layer_sizes))
        hidden = self.layer_sizes[len(self.layer_sizes) - 1 - len(self.options.hidden or ()) :]
        return "-".join(["x".join(map(str, self.feeds[0].picture)), self.layers, *map(str, hidden)])

    def blueprint(self, heads: int | None = None, hidden: tuple[int, ...] | None = None) -> Blueprint:
        """Return of what sizes the network that learns it is to be; ``hidden`` None is what it has."""
        first, *units, last = self.layer_sizes
        sizes = (first, *(units if hidden is None else hidden), last)
        return Blueprint(sizes, self.picture, self.side, self.tiles, heads)

    def parts(self) -> tuple[tuple[str, FloatArray, Targets], ...]:
        """Return (name, inputs, targets) of the training, validation and test part."""
        return (
            ("train", self.x_train, self.y_train),
            ("val", self.x_val, self.y_val),
            ("test", self.x_test, self.y_test),
        )

    def digest(self) -> str:
        """Return a digest of the sizes and of every byte of the arrays: equal digests are equal tasks."""
        network = (self.layer_sizes, self.feeds) if self.feeds else self.layer_sizes
        digest = hashlib.blake2b(repr((self.name, network)).encode(), digest_size=16)
        for part, x, y in self.parts():
            digest.update(f"{part}{x.shape}".encode())
            digest.update(np.ascontiguousarray(x, dtype="<f8").data)  # no copy: a part may take 0.4 GB
            digest.update(np.ascontiguousarray(y, dtype=y.dtype.newbyteorder("<")).data)
        return digest.hexdigest()

    def with_constant_input(self) -> "Task":
        """Return the task with one more input, which is always 1."""
        train, val, test = (np.hstack([x, np.ones((len(x), 1))]) for _, x, _ in self.parts())
        sizes = (self.layer_sizes[0] + 1, *self.layer_sizes[1:])
        options = replace(self.options, constant_input=True)
        return replace(self, layer_sizes=sizes, options=options, x_train=train, x_val=val, x_test=test)

    def with_convolutions(self, layers: str | None) -> "Task":
        """Return the task for a network of convolutions, ``layers`` in words; None is the task's own.

        Raises ``TaskError`` where there are no pictures, and ``ConfigError`` for words that say no network.
        """
        if self.picture is None or self.options.constant_input:
            what = "its inputs are no pictures" if self.picture is None else "task.constant_input is no pixel"
            raise TaskError(f"task.model = 'cnn' is refused with the task '{self.name}': {what}")
        words = layers or self.layers
        network = convolutions(self.picture, words, self.options.hidden or (), self.layer_sizes[-1])
        return replace(self, layer_sizes=network.sizes, feeds=network.feeds, layers=words)

    def with_values_times(self, factor: float) -> "Task":
        """Return the task with all target values times ``factor``: what outputs scaled by it are to be."""
        if factor == 1.0:
            return self
        train, val, test = (y * factor for _, _, y in self.parts())
        metric = self.metric.of_values_times(factor)
        return replace(self, metric=metric, y_train=train, y_val=val, y_test=test)

    def _check_part(self, part: str, x: FloatArray, y: Targets) -> None:
        rules = {
            "inputs must be float64, C-contiguous": x.dtype == np.float64 and x.flags.c_contiguous,
            f"inputs must have shape (samples >= 1, {self.layer_sizes[0]})": x.ndim == 2
            and len(x) >= 1
            and x.shape[1] == self.layer_sizes[0],
            **(
                {"inputs must lie in [0, 1]": bool(((x >= 0) & (x <= 1)).all())}
                if self.bounded
                else {"inputs must be finite": bool(np.isfinite(x).all())}
            ),
            **(self._rules_of_values(x, y) if y.dtype == np.float64 else self._rules_of_labels(x, y)),
        }
        for rule, holds in rules.items():
            if not holds:
                raise TaskError(f"task '{self.name}', {part} part: {rule}")

    def _rules_of_labels(self, x: FloatArray, y: Targets) -> dict[str, bool]:
        most = self.layer_sizes[-1]
        return {
            "labels must be int64, one or a row of them a sample": y.dtype == np.int64
            and y.shape[:1] == x.shape[:1]
            and y.ndim in {1, 2},
            f"labels must lie in 0..{most - 1}": bool(((y >= 0) & (y < most)).all()),
        }

    def _rules_of_values(self, x: FloatArray, y: Targets) -> dict[str, bool]:
        shape = (len(x), self.layer_sizes[-1] if self.values is None else self.values)
        return {
            f"values must have shape (samples, {shape[1]})": y.shape == shape,
            "values must be finite": bool(np.isfinite(y).all()),
        }


@dataclass(frozen=True)
class TaskKind:
    """Name a task and what builds it: the same options always give the same arrays."""

    name: str
    build: Callable[[TaskOptions], Task]
    """Raises ``TaskError`` when the options do not fit the task."""
