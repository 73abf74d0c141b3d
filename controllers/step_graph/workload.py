"""What a study says of the training that is timed: the section [workload]. It counts no operation."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from emulator.config.models import StrictModel, refusal

__all__ = ["OPTICAL", "Method", "Network", "Optimizer", "WorkloadConfig"]

Network = Literal["fcnn", "transformer", "vit"]
Method = Literal["bp", "dfa", "odfa"]
Optimizer = Literal["sgd", "momentum", "adam", "adam_fused"]

OPTICAL: Final[Method] = "odfa"
"""The method that needs an optical processing unit."""

_MOST: Final = 10**7
_LATE_STEPS: Final = 3
Size = Annotated[int, Field(ge=1, le=_MOST)]


class WorkloadConfig(StrictModel):
    """Describe a network by its dimensions, and how it is trained; no number of it is computed."""

    network: Network = "fcnn"
    """Perceptron; decoder-only Transformer; or vision Transformer, whose tokens are patches."""
    width: Size = 1024
    """Units of a hidden layer, or values of a token, 1..1e7."""
    depth: Annotated[int, Field(ge=1, le=100_000)] = 4
    """Hidden layers, or blocks, 1..100000."""
    inputs: Size = 1000
    """Inputs of a perceptron, values of all patches of a ViT; a Transformer has none but tokens. 1..1e7."""
    outputs: Size = 1000
    """Outputs of a perceptron, words of a Transformer, values of all patches of a ViT, 1..1e7."""
    context: Annotated[int, Field(ge=1, le=_MOST)] = 1
    """Tokens of a sample, 1..1e7; a perceptron has one."""
    heads: Annotated[int, Field(ge=1, le=10_000)] = 1
    """Heads of an attention, 1..10000; a perceptron has one."""
    batch: Size = 8
    """Samples of a step, 1..1e7."""
    method: Method = "bp"
    """Backpropagation; direct feedback alignment on the GPU; or with light."""
    schedule: Literal["wait", "late"] = "wait"
    """Whether a step waits for its projection, or is made while the next batch's is in flight (light only)."""
    sharing: Literal["shared", "slices"] = "shared"
    """Whether all hidden blocks read the same projection, or each has outputs of its own."""
    error_size: Size | None = None
    """Entries of the error that is projected; none is outputs of a perceptron, and width where there are tokens."""
    split_projection: bool = False
    """Whether a step's vectors go in as many projections as the memory of the DMD asks for."""
    parallel: Literal["data", "pipeline"] = "data"
    """What several GPUs share: the batch, and each has all weights; or the blocks, and pieces of it pass by."""
    microbatches: Size = 4
    """Pieces of a batch that pass through a pipeline of GPUs, 1..1e7; up to ``batch``."""
    optimizer: Optimizer = "sgd"
    """Optimiser; "momentum" and "adam" a kernel an operation, "adam_fused" one for all."""
    precision: Literal["single", "half"] = "single"
    """Of weights, gradients and activations; with half, the optimiser keeps weights in single precision, too."""
    steps: Annotated[int, Field(ge=2, le=10**9)] = 4
    """Steps that are timed, 2..1e9; the first one is not counted in what a step takes."""
    numeric: bool = False
    """Whether a small perceptron is really trained meanwhile, on noise, which changes no time."""

    @property
    def tokens(self) -> bool:
        """Return whether a sample is a sequence of tokens."""
        return self.network != "fcnn"

    @property
    def projected(self) -> int:
        """Return the entries of the error that is projected."""
        if self.error_size is not None:
            return self.error_size
        return self.width if self.tokens else self.outputs

    @property
    def unused(self) -> frozenset[str]:
        """Return the instruments that the method has no use for."""
        return frozenset() if self.method == OPTICAL else frozenset({"opu"})

    @model_validator(mode="after")
    def _dimensions_fit(self) -> Self:
        if not self.tokens:
            for name, value in (("context", self.context), ("heads", self.heads)):
                if value != 1:
                    raise refusal(name, "a perceptron has no tokens; allowed: 1, or another workload.network")
        elif self.width % self.heads:
            raise refusal(
                "heads", f"{self.heads} heads do not share width = {self.width}; allowed: a divisor"
            )
        if self.network == "vit":
            for name, value in (("inputs", self.inputs), ("outputs", self.outputs)):
                if value % self.context:
                    raise refusal(
                        name, f"{value} values do not make {self.context} patches; allowed: a multiple"
                    )
        return self

    @model_validator(mode="after")
    def _pipeline_fits(self) -> Self:
        if self.parallel == "pipeline" and self.microbatches > self.batch:
            raise refusal(
                "microbatches", f"a batch of {self.batch} has no more pieces; allowed: 1..{self.batch}"
            )
        return self

    @model_validator(mode="after")
    def _schedule_fits(self) -> Self:
        if self.schedule == "late" and self.steps < _LATE_STEPS:
            raise refusal("steps", f"late steps neither begin nor end whole; allowed: {_LATE_STEPS} or more")
        if self.method != OPTICAL:
            for name, value in (
                ("schedule", self.schedule != "wait"),
                ("split_projection", self.split_projection),
            ):
                if value:
                    raise refusal(name, f"there is no light with method = {self.method!r}; allowed: 'odfa'")
        if self.method == "bp" and (self.sharing != "shared" or self.error_size is not None):
            name = "sharing" if self.sharing != "shared" else "error_size"
            raise refusal(name, "backpropagation projects no error; allowed: method = 'dfa' or 'odfa'")
        return self

    @model_validator(mode="after")
    def _numbers_fit(self) -> Self:
        odd = self.precision != "single" or self.optimizer == "momentum" or self.split_projection
        if self.numeric and (self.tokens or odd or self.projected != self.outputs):
            raise refusal(
                "numeric",
                "what is really trained is a small perceptron in single precision by sgd or adam, which projects "
                "all its errors at once; allowed: false, or a workload of that kind",
            )
        return self
