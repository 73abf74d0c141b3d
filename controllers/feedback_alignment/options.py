"""The options of training by feedback alignment; NOT what becomes of them."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from controllers.feedback_alignment.dfa import Split
from controllers.feedback_alignment.feedback import Sharing
from controllers.feedback_alignment.ternary import ThresholdUnit
from controllers.kind import Options
from emulator.config.models import PositiveInt, refusal

__all__ = ["OdfaConfig"]


class OdfaConfig(Options):
    """Configure training by feedback alignment; the defaults are those of Light-in-the-loop's optical run."""

    kind: Literal["odfa"] = "odfa"
    """Which controller this section configures."""
    feedback: Literal["optical", "ternary", "exact", "backprop", "shallow"] = "optical"
    """Who projects the error: light; a matrix on the host, of three values or exactly; or true gradients, of all
    blocks (backprop) or of the tail alone, all before it staying as drawn (shallow)."""
    tail: PositiveInt = 1
    """Blocks at the end of the network that get the true gradient."""
    error_at: Annotated[int, Field(ge=0, le=1000)] = 0
    """The projected error is the gradient at the input of this block, counted from the end, 1 the last one, within
    the tail; 0 is at the outputs. With true gradients nothing is projected."""
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Magnitude above which an error's entry counts as 1 or -1, [0, 1]; the paper's 0.1 (three values only)."""
    threshold_unit: ThresholdUnit = "absolute"
    """What the threshold is a multiple of: 1; each row's root mean square; or the batch's (three values only)."""
    row_scale: bool = False
    """Whether the host gives each row's projection the size of its error back (three values only)."""
    planes: Annotated[int, Field(ge=1, le=4)] = 1
    """Three-valued vectors that show one error, [1, 4], each what those before it leave; with ``row_scale`` their
    projections add up, and each takes frames of its own (three values only)."""
    schedule: Literal["wait", "late"] = "wait"
    """Whether a step waits for its projection, or is made while the next batch's is in flight (light only)."""
    centre: bool = True
    """Whether a projection's mean over the batch is taken off; without, three-valued errors learn late."""
    sharing: Sharing = "slices"
    """Whether every hidden layer has outputs of its own, or all read the same ones."""
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 0.01
    """Of Adam, (0, 10]; the paper's 0.01 with light, 0.001 without."""
    hidden_learning_rate: Annotated[float, Field(gt=0, le=10)] | None = None
    """Of the blocks before the tail, (0, 10]; None is the same (not shallow, where they do not learn)."""
    warmup_steps: Annotated[int, Field(ge=0)] = 0
    """Steps over which the learning rates rise linearly at the beginning."""
    final_rate: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share of the learning rates that is left at the last step, falling as a cosine, [0, 1]; 1 is constant."""
    weight_decay: Annotated[float, Field(ge=0, le=10)] = 0.0
    """Of AdamW: what learning rate times this takes off each weight in a step, as a share, [0, 10]; 0 is Adam."""
    adam_beta2: Annotated[float, Field(gt=0, lt=1)] = 0.999
    """Adam's memory of squared gradients, (0, 1)."""
    batch_size: PositiveInt = 128
    """Samples in a mini-batch; the last one of an epoch may be smaller."""
    epochs: PositiveInt = 10
    """Passes over the training set."""
    steps: PositiveInt | None = None
    """Mini-batches after which training ends, if before its epochs do; None is no such end."""
    report_steps: PositiveInt | None = None
    """Mini-batches between two looks at what has been learnt; None is every epoch."""
    align_every: PositiveInt | None = 50
    """Steps between two comparisons with the true gradient, which cost no emulated time; None is never."""

    @model_validator(mode="after")
    def _planes_have_scales(self) -> Self:
        if self.planes > 1 and not self.row_scale:
            raise refusal(
                "planes", f"{self.planes} planes add up by their scales; allowed: 1, or row_scale = true"
            )
        return self

    @property
    def projects(self) -> bool:
        """Return whether errors are projected at all, by whomever."""
        return self.feedback in {"optical", "ternary", "exact"}

    @property
    def centres(self) -> bool:
        """Return whether a projection's mean over the batch is taken off."""
        return self.centre and self.projects

    @property
    def cuts(self) -> bool:
        """Return whether errors are cut to three values."""
        return self.feedback in {"optical", "ternary"}

    @property
    def split(self) -> Split:
        """Return which blocks learn how; with true gradients the error goes nowhere."""
        return Split(self.tail, self.error_at if self.projects else 0, self.feedback == "shallow")
