"""What a controller says of itself, what it is given, and what it gives to be run; it lists no controller.

Each controller's file ends with its ``KIND``; ``controllers.registry`` lists them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from controllers.batches import mini_batches
from emulator.commands import Batch, Controller
from emulator.config.models import StrictModel

if TYPE_CHECKING:
    from controllers.feedback_alignment.dfa import Loss
    from controllers.feedback_alignment.work import Model

__all__ = ["DEPLOYMENT", "Kind", "Loop", "Options", "Program", "Setting"]

DEPLOYMENT = "deployment"
"""The section that a controller needs when it tunes weights that others have deployed."""


class Options(StrictModel):
    """The section [controller] of a study; every kind narrows ``kind`` to its own name."""

    kind: str
    """Which controller this section configures."""


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """Hold what is public where a controller works; of the instruments it knows data sheets only.

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
    model
        The network that is trained, with its first weights; None where weights were deployed.
    loss
        What is learnt by, in torch; None is the mean cross-entropy.
    """

    inputs: NDArray[np.float64]
    targets: NDArray[Any]
    stream: Callable[[str], np.random.Generator]
    heaters: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    phases: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    dac_step_rad: float = 0.0
    model: "Model | None" = None
    loss: "Loss | None" = None

    def batches(self, size: int, name: str = "controller/batches") -> Iterator[Batch]:
        """Return endless mini-batches of ``size``, shuffled by the stream ``name``; raises ``ConfigError``."""
        return mini_batches(self.inputs, self.targets, size, self.stream(name))


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
    """

    name: str
    options: type[Options]
    needs: frozenset[str]
    start: Callable[[Any, Setting], Program]
    unused: Callable[[Any], frozenset[str]] = _all_stand
    loop: Loop | None = None
