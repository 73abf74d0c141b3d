"""The sections of a study that belong to no instrument and to no controller."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from controllers.deployment import ActiveShare
from emulator.config.models import Name, PositiveInt, StrictModel, Tree, refusal
from emulator.config.places import expanded
from experiments.models.cnn import CNN
from experiments.models.transformer import KIND

__all__ = [
    "CIFAR",
    "CLIMATE_BENCH",
    "DIALOGUE",
    "FOLDERS",
    "MATRIX",
    "OWN",
    "DeploymentConfig",
    "EvaluationConfig",
    "TaskConfig",
    "with_task_files",
]

OWN: Final = "own"
"""The name of a task whose samples are the user's."""

CIFAR: Final = "cifar10"
"""The name of the task that takes a folder of the user's."""

CLIMATE_BENCH: Final = "climate_bench"
"""The name of the task that takes a folder of the user's, and stands on its own without."""

DIALOGUE: Final = "dialogue"
"""The name of the task whose samples are text, and which may take a folder of the user's."""

FOLDERS: Final = (CIFAR, CLIMATE_BENCH, DIALOGUE)
"""The names of tasks whose task.file is a folder."""

MATRIX: Final = "matrix"
"""The name of the task that is one matrix."""

_CLIMATE_NA: Final = "climate_na"
_TRANSFORMER: Final = KIND.name
_VOWEL: Final = "vowel"

_PATHS: Final = ("file", "test_file", "weights")
_OF_FILES: Final = ("test_file", "features", "kind", "scaling", "labels", "test_file_digest")
_OF_EITHER: Final = ("file", "file_digest", "target", "metric")
_NOT_OF_MATRICES: Final = (
    "classes",
    "split",
    "model",
    "hidden",
    "weights",
    "validation_fraction",
    "constant_input",
)

FilePath = Annotated[str, StringConstraints(min_length=1)]
Column = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class TaskConfig(StrictModel):
    """Choose the data set, how it is split, and the network that learns it."""

    name: Name = "mnist8x8"
    """Task: ``vowel``, ``mnist8x8``, ``fashion8x8``; for convolutions ``mnist16``, ``fashion32``, ``emoji32``,
    ``cifar10``; to train from scratch also ``mnist``, ``fashion``, ``climate_na``, ``climate_bench``,
    ``mnist16_diffusion``, ``fashion_diffusion`` or ``dialogue``."""
    classes: tuple[Annotated[int, Field(ge=0, le=1000)], ...] | None = None
    """Classes that are kept, in their new order; None is the task's default."""
    split: Name | None = None
    """How the set is split; None is the task's default."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    """Seed of the split and of pre-training; None is the study's seed."""
    validation_fraction: Annotated[float, Field(gt=0, le=0.5)] = 0.1
    """Part of the training set that is held out to choose the best state, (0, 0.5]."""
    model: Name = "mlp"
    """Kind of network, without biases on a chip: ``mlp``, or on a chip ``cnn``, whose patches are symbols; trained
    from scratch also ``fcnn``, whose steps do not grow with its inputs, for maps ``vit``, or ``dit`` where blocks
    are told time and class, and for text ``transformer``, a block each hidden layer."""
    layers: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Convolutions of a ``cnn``, such as "c8s2-c6s2": 8 kernels of stride 2, then 6; None is the task's own."""
    hidden: tuple[Annotated[int, Field(ge=1, le=100_000)], ...] | None = None
    """Units of the fully connected hidden layers, or values of a token in each block of a ``transformer``; None is
    the task's default (none for a ``cnn``), or what ``weights`` have."""
    heads: Annotated[int, Field(ge=1, le=64)] | None = None
    """Heads of attention that share the values of a token (``transformer``), 1..64; None is 4."""
    context: Annotated[int, Field(ge=2, le=4096)] | None = None
    """Tokens that the network sees at once (``dialogue``), 2..4096; None is 64."""
    vocabulary: Annotated[int, Field(ge=96, le=65_536)] | None = None
    """Tokens that text is cut into (``dialogue``), 96 (characters) to 65,536; None is 512."""
    file: FilePath | None = None
    """Your own samples, ``.npz``, ``.csv`` or ``.parquet``, which take the place of ``name``; of ``cifar10`` and
    ``dialogue`` (Cornell's films) the corpus's folder; relative to the study."""
    test_file: FilePath | None = None
    """A file of the same kind that holds the test part; None takes it from ``file``."""
    target: Column | tuple[Column, ...] | None = None
    """Columns to be learnt, or the array of an ``.npz``; None is its ``y``."""
    features: tuple[Column, ...] | None = None
    """Columns to learn from, or the array; None is every other column, or ``x``."""
    kind: Literal["classification", "regression"] | None = None
    """What is learnt: classes (by cross-entropy) or values (by squared error); None goes by the file."""
    metric: Literal["accuracy", "r2", "rmse", "fidelity", "relative_error"] | None = None
    """What is shown; None is accuracy, of values ``r2``, of a matrix ``fidelity`` where it is orthogonal."""
    scaling: Literal["minmax", "standard", "global", "none"] | None = None
    """Features to [0, 1] each, to unit variance, all by one range, or as they are; None: minmax, or
    global of pixels."""
    labels: tuple[Column, ...] | None = None
    """Classes by name, in the order of the outputs; None is all, sorted. A run records them."""
    constant_input: bool | None = None
    """Whether one more input carries a constant 1, on which biases ride; None is no."""
    size: Annotated[int, Field(ge=2, le=1024)] | None = None
    """Rows of the random orthogonal matrix of the task ``matrix``; None is 16."""
    components: Annotated[int, Field(ge=1, le=10)] | None = None
    """Principal components that the network of the task ``vowel`` takes in, 1..10; None is 8."""
    eofs: Annotated[int, Field(ge=1, le=1000)] | None = None
    """Leading empirical orthogonal functions of each tile of a map (``climate_na``, ``climate_bench``) whose
    amplitudes a network gives in the place of the map, 1..1,000; None: it gives the map."""
    whitened: bool = False
    """Whether the loss weighs the amplitudes of all ``eofs`` alike, and not by what they add to a map."""
    weights: FilePath | None = None
    """Trained weights to deploy, ``.npz``, ``.pt`` or ``.onnx``; None trains them here; relative to the study."""
    file_digest: Digest | None = None
    """SHA-256 that ``file`` must have; a run records it."""
    test_file_digest: Digest | None = None
    """SHA-256 that ``test_file`` must have; a run records it."""
    weights_digest: Digest | None = None
    """SHA-256 that ``weights`` must have; a run records it."""

    @model_validator(mode="before")
    @classmethod
    def _own_file_names_the_task(cls, data: object) -> object:
        if (
            isinstance(data, dict)
            and data.get("file") is not None
            and data.get("name") not in {MATRIX, *FOLDERS}
        ):
            return {**data, "name": OWN}
        return data

    @model_validator(mode="after")
    def _keys_have_a_use(self) -> Self:
        """Refuse keys of one's own files where there are none, and those that say nothing of a matrix."""
        needs = {"test_file_digest": "test_file", "weights_digest": "weights", "file_digest": "file"}
        for key, file in needs.items():
            if getattr(self, key) is not None and getattr(self, file) is None:
                raise refusal(key, f"it is the digest of task.{file}, which is not given")
        if self.name == OWN and self.file is None:
            raise refusal("file", "the task 'own' needs a file: .npz, .csv or .parquet")
        if self.name == CIFAR and self.file is None:
            raise refusal(
                "file", "the task 'cifar10' needs the folder cifar-10-batches-bin of the binary version"
            )
        if self.file is None or self.name in {MATRIX, *FOLDERS}:
            self._refuse(_OF_FILES, "it belongs to a task.file of samples")
        if self.name not in {OWN, MATRIX}:
            refused = [key for key in _OF_EITHER if self.name not in FOLDERS or not key.startswith("file")]
            self._refuse(
                tuple(refused), f"the task {self.name!r} has data of its own; it belongs to task.file"
            )
        if self.name == MATRIX:
            self._refuse(_NOT_OF_MATRICES, "a matrix has no use for it")
        if self.size is not None and (self.name != MATRIX or self.file is not None):
            raise refusal("size", "it is that of the random matrix of the task 'matrix'; a file has its own")
        self._of_a_task_or_model()
        if self.model != CNN:
            self._refuse(("layers",), f"they are those of task.model = {CNN!r}")
        else:
            self._refuse(("weights",), f"those of task.model = {CNN!r} are trained here")
        if self.classes is not None and self.labels is not None:
            raise refusal("classes", "task.labels names the classes already; give one of the two")
        return self

    def _of_a_task_or_model(self) -> None:
        """Refuse keys that belong to another task or another network."""
        if self.name != _VOWEL:
            self._refuse(("components",), f"it belongs to the task {_VOWEL!r}")
        if self.name != DIALOGUE:
            self._refuse(("context", "vocabulary"), f"it belongs to the task {DIALOGUE!r}")
        if self.name not in {_CLIMATE_NA, CLIMATE_BENCH}:
            self._refuse(
                ("eofs",), f"maps have them; it belongs to the tasks {_CLIMATE_NA!r} and {CLIMATE_BENCH!r}"
            )
        if self.eofs is None:
            self._refuse(("whitened",), "it weighs the amplitudes of task.eofs, and there are none")
        if self.model != _TRANSFORMER:
            self._refuse(("heads",), f"they are those of task.model = {_TRANSFORMER!r}")

    def _refuse(self, keys: tuple[str, ...], reason: str) -> None:
        for key in keys:
            if getattr(self, key) != type(self).model_fields[key].default:
                raise refusal(key, reason)

    @property
    def targets(self) -> tuple[str, ...]:
        """Return the columns to be learnt; empty is the convention."""
        return (self.target,) if isinstance(self.target, str) else self.target or ()


class DeploymentConfig(StrictModel):
    """Say which devices of a deployed network stay tunable; every controller gets the same ones."""

    alpha: Annotated[float, Field(gt=0, le=1)] = 0.15
    """Share of devices that are active, (0, 1]; the paper's alpha."""
    active_share: ActiveShare = "of_all"
    """Whether alpha counts all phases, Sigma included (the paper's alpha d), or rotators only."""


class EvaluationConfig(StrictModel):
    """Say when accuracy is measured, at no cost in emulated time or energy."""

    every_queries: PositiveInt | None = None
    """Queries between two evaluations; None is every epoch, or a two-hundredth of the queries without epochs."""


def with_task_files(tree: Mapping[str, object], folder: Path) -> Tree:
    """Return ``tree``, of a study, with its task's files as absolute paths; relative ones are in ``folder``."""
    task = tree.get("task")
    if not isinstance(task, dict):
        return dict(tree)
    paths = {key: task[key] for key in _PATHS if isinstance(task.get(key), str) and task[key]}
    absolute = {key: os.path.abspath(folder / expanded(path)) for key, path in paths.items()}
    return {**tree, "task": {**task, **absolute}}
