"""The options that zeroth-order controllers share: which phases an iteration takes, how far it goes, who asks."""

import math
from typing import Annotated, Literal

from pydantic import Field

from controllers.kind import Options, TuningOptions
from emulator.config.models import PositiveInt, Radians

__all__ = ["DescentOptions", "LoopOptions", "SparseOptions"]


class LoopOptions(Options):
    """Configure who closes the loop."""

    loop: Literal["host", "sequencer"] = "host"
    """Who closes the loop: the host after every query, or the chip's sequencer for a whole iteration."""


class SparseOptions(TuningOptions):
    """Configure an iteration over a random part of the active phases, whose steps shrink epoch by epoch."""

    sparsity: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Share of the active phases that one iteration takes, (0, 1]; the paper's s, and 1 is dense."""
    step_decay: Annotated[float, Field(gt=0, le=1)] = 0.985
    """Factor on the step, or the learning rate, after every epoch, (0, 1]."""
    epoch_iterations: PositiveInt | None = None
    """Iterations after which it decays; None is one pass over the training set."""

    def epoch_of(self, samples: int) -> int:
        """Return the iterations of an epoch on a training set of ``samples``."""
        return self.epoch_iterations or max(1, samples // self.batch_size)


class DescentOptions(SparseOptions):
    """Configure a descent along one coordinate after the other, by steps of one length."""

    selection: Literal["exact", "bernoulli"] = "exact"
    """Whether exactly s|A| phases are drawn (the text) or each with probability s (the authors' later code)."""
    order: Literal["index", "shuffled"] = "index"
    """Whether the chosen phases are visited in device order or in random order; the paper does not say."""
    step_rad: Annotated[Radians, Field(gt=0, le=math.pi)] = 0.02
    """First step, in radians, (0, pi]; the paper's delta."""
    step_floor: Literal["none", "dac_step"] = "none"
    """Whether the step may shrink without limit (the text) or not below one DAC step (the authors' later code)."""
    phase_memory: Literal["shadow", "dac"] = "shadow"
    """Whether the controller remembers phases exactly, or rounds them to the DAC's steps."""
