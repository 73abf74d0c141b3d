"""What a controller says of itself, what it is given, and what it gives to be run; it lists no controller.

Each controller's file ends with its ``KIND``; ``controllers.registry`` lists them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from controllers.batches import mini_batches
from controllers.data_sheet import DataSheet
from controllers.deployment import Deployment
from controllers.health import Health
from emulator.commands import Batch, Controller
from emulator.config.models import PositiveInt, StrictModel

if TYPE_CHECKING:
    from controllers.feedback_alignment.dfa import Loss, Presenter
    from controllers.feedback_alignment.work import Model
    from controllers.step_graph.workload import WorkloadConfig

__all__ = [
    "DEPLOYMENT",
    "WORKLOAD",
    "BatchSize",
    "Batches",
    "Kind",
    "Loop",
    "Options",
    "Program",
    "QueryOptions",
    "Setting",
    "TuningOptions",
]

DEPLOYMENT = "deployment"
"""The section that a controller needs when it tunes weights that others have deployed."""

WORKLOAD = "workload"
"""The section that a controller needs when it plays the steps of a training that nobody computes."""


BatchSize = PositiveInt | Literal["all"]
"""Samples in a mini-batch, or "all" of the training set."""


class Options(StrictModel):
    """The section [controller] of a study; every kind narrows ``kind`` to its own name."""

    kind: str
    """Which controller this section configures."""


class QueryOptions(Options):
    """The option that means the same in every controller which tunes a chip by queries.

    A kind that inherits an option keeps a study's value of it when ``--set controller.kind`` chooses that kind in
    place of the study's own (``experiments.run.switch``); it may give it another default.
    """

    queries: PositiveInt = 300_000
    """Queries after which the controller ends; every reading is one."""


class TuningOptions(QueryOptions):
    """The options that mean the same in every controller which learns from one mini-batch after the other."""

    batch_size: PositiveInt = 32
    """Samples in a mini-batch."""


class Batches:
    """Endless mini-batches of the training set: ``next(batches)``, or ``batches(8)`` for others of 8 samples."""

    def __init__(
        self,
        inputs: NDArray[np.float64],
        targets: NDArray[Any],
        stream: Callable[[str], np.random.Generator],
        size: int,
    ) -> None:
        self._set = inputs, targets
        self._stream = stream
        self._size = size
        self._own: Iterator[Batch] | None = None

    def __call__(self, size: int, name: str = "controller/batches") -> Iterator[Batch]:
        """Return endless mini-batches of ``size``, shuffled by the stream ``name``; raises ``ConfigError``."""
        return mini_batches(*self._set, size, self._stream(name))

    def __iter__(self) -> "Batches":
        """Return itself: it never ends."""
        return self

    def __next__(self) -> Batch:
        """Return the next mini-batch, of the study's ``controller.batch_size`` samples."""
        if self._own is None:
            self._own = self(min(self._size, len(self._set[0])))
        return next(self._own)


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """Hold what is public where a controller works: of instruments what was ordered, and their data sheets.

    Attributes
    ----------
    inputs, targets
        The training set: (samples, features), and (samples,) labels or (samples, outputs) values.
    stream
        Gives the generator of a name, always the same one for the same name and seed.
    heaters, phases
        Of deployed weights: the active devices (n,) and their design phases (n,), in radians.
    dac_step_rad
        Step of the phase DAC, in radians; 0 is none.
    deployment
        What was taped out: design phases of all devices, and which are active; None where nothing was deployed.
    sheet
        The data sheet of the chip that it was deployed on.
    model
        The network that is trained, with its first weights; None where weights were deployed.
    loss
        What is learnt by, in torch; None is the mean cross-entropy.
    present
        What the network is shown of samples and targets, with draws of its own; None is what they are.
    batch_size
        Samples in a mini-batch that is asked for without a size.
    health
        What has been found broken on the bench meanwhile; a guard fills it, and it is empty without one.
    workload
        What is trained where only its time is asked for.
    projection_rows
        Of such a training, the vectors of one projection at most; None is all of a step.
    gpus
        How many GPUs share its batch.
    query_budget
        The queries at which the run will be ended; None where no budget says so.
    batches
        Endless mini-batches: ``next(setting.batches)`` has ``batch_size`` samples, ``setting.batches(8)`` others of
        8, shuffled by the stream "controller/batches" or one that is named.
    rng
        The generator of the stream "controller/own", for a controller's own draws.
    """

    inputs: NDArray[np.float64]
    targets: NDArray[Any]
    stream: Callable[[str], np.random.Generator]
    heaters: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    phases: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    dac_step_rad: float = 0.0
    deployment: Deployment | None = None
    sheet: DataSheet | None = None
    model: "Model | None" = None
    loss: "Loss | None" = None
    present: "Presenter | None" = None
    batch_size: int = 32
    health: Health = field(default_factory=Health)
    workload: "WorkloadConfig | None" = None
    projection_rows: int | None = None
    gpus: int = 1
    query_budget: int | None = None
    batches: Batches = field(init=False)
    rng: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        """Make what is drawn by streams."""
        batches = Batches(self.inputs, self.targets, self.stream, self.batch_size)
        object.__setattr__(self, "batches", batches)
        object.__setattr__(self, "rng", self.stream("controller/own"))


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Hold a controller that is ready to run, and what the run has to know of it.

    Attributes
    ----------
    controller
        The generator of commands; nothing of it has run yet.
    queries
        How many queries are expected.
    verb
        What it is doing, for people who watch.
    sizes
        Of each instrument that is built to its measure, the sizes it needs: {"opu": (features, outputs)}.
    shows
        Of each of these, what entries it will be asked to show: "binary" is 0 and 1 (what is taken where nothing is
        said), "ternary" also -1, "any" whatever there is.
    mark
        The metric whose logging ends an epoch, after which accuracy is measured; None is by queries.
    epochs
        How often ``mark`` is expected.
    """

    controller: Controller
    queries: int
    verb: str
    sizes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    shows: Mapping[str, str] = field(default_factory=dict)
    mark: str | None = None
    epochs: int = 0


def _all_stand(options: Options) -> frozenset[str]:
    del options
    return frozenset()


@dataclass(frozen=True, slots=True)
class Loop:
    """Say which option of a controller tells who closes its loop; whoever does, it asks for the same.

    ``unvisited`` is the metric that counts what the last iteration would have come to, had there been queries left.
    """

    option: str
    unvisited: str


@dataclass(frozen=True)
class Kind:
    """Describe one kind of controller.

    Attributes
    ----------
    name
        What a study chooses it by, and the name of its agent in a trace.
    options
        The model of its section [controller].
    needs
        The sections of a study that it uses besides those that all have: instruments by name, and "deployment".
    start
        Makes the program; raises ``ConfigError`` for what it cannot work with.
    unused
        Of the needed instruments, those that do not stand on the bench under given options.
    loop
        How it says who closes its loop, where it leaves that to its options.
    fits
        What it cannot work without, as ``--set`` has it, "chip.monitors.fitted=true": a study that says nothing of
        it has it, and one that says otherwise is refused.
    """

    name: str
    options: type[Options]
    needs: frozenset[str]
    start: Callable[[Any, Setting], Program]
    unused: Callable[[Any], frozenset[str]] = _all_stand
    loop: Loop | None = None
    fits: tuple[str, ...] = ()
