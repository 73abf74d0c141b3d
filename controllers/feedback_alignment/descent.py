"""Adam's steps on the blocks of a network, at rates that depend on block and step.

Sources: D. Kingma, J. Ba, Adam (2015); I. Loshchilov, F. Hutter, Decoupled Weight Decay Regularization (2019), for
AdamW and the cosine.
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from controllers.feedback_alignment.options import OdfaConfig

if TYPE_CHECKING:
    import torch

__all__ = ["Descent", "rate_share"]

_BETA1 = 0.9
"""Adam's memory of gradients, its authors' own."""


def rate_share(step: int, steps: int, warmup: int, final: float) -> float:
    """Return the share of the learning rate at ``step``, 0..``steps`` - 1, in (0, 1].

    It rises linearly to 1 over ``warmup`` steps, and then falls to ``final`` at the last one as half a cosine.
    """
    if step < warmup:
        return (step + 1) / warmup
    if final == 1.0:
        return 1.0
    done = min(1.0, (step - warmup) / max(1, steps - 1 - warmup))
    return final + (1.0 - final) * 0.5 * (1.0 + math.cos(math.pi * done))


class Descent:
    """Adam, or AdamW where weights decay, on ``blocks``, of which ``hidden`` come before the tail."""

    def __init__(
        self, config: OdfaConfig, blocks: "Sequence[torch.nn.Module]", hidden: int, steps: int
    ) -> None:
        import torch

        def of(part: "Sequence[torch.nn.Module]", rate: float) -> dict[str, Any]:
            return {"params": [p for block in part for p in block.parameters()], "lr": rate}

        base, below = config.learning_rate, config.hidden_learning_rate
        if config.feedback == "shallow":
            groups = [of(blocks[hidden:], base)]
        elif below is None:
            groups = [of(blocks, base)]
        else:
            groups = [of(blocks[:hidden], below), of(blocks[hidden:], base)]
        self._rates = [group["lr"] for group in groups]
        self._constant = config.warmup_steps == 0 and config.final_rate == 1.0
        self._shape = (steps, config.warmup_steps, config.final_rate)
        self._taken = 0
        betas, decay = (_BETA1, config.adam_beta2), config.weight_decay
        self._adam: torch.optim.Optimizer = (
            torch.optim.AdamW(groups, betas=betas, weight_decay=decay)
            if decay
            else torch.optim.Adam(groups, betas=betas)
        )

    def clear(self) -> None:
        """Forget the gradients."""
        self._adam.zero_grad()

    def step(self) -> None:
        """Make the next step along the gradients that are there."""
        if not self._constant:
            share = rate_share(self._taken, *self._shape)
            for group, rate in zip(self._adam.param_groups, self._rates, strict=True):
                group["lr"] = rate * share
        self._taken += 1
        self._adam.step()
