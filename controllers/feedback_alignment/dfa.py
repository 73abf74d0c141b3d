"""Direct feedback alignment of any torch model given as a list of blocks, in two phases.

``forward`` runs the blocks, each cut off from the one before, and yields the error. ``backward`` takes one
projected error a hidden block as the gradient of that block's output, and backpropagates it inside the block alone;
the last block gets the true gradient. Between the two, light takes its time, and weights may change (``late``).
NOT here: the projection, the optimiser's step, and time.

Units: errors and projections are each sample's own; ``backward`` divides by the number of samples, because the loss
is a mean over them. A threshold on errors thus does not depend on the batch.

Sources: Z. Wang et al., arXiv 2409.12965, Fig. 2a (local backpropagation inside a block); J. Launay et al.,
Light-in-the-loop (2020), Eq. 3.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emulator.errors import CommandError, ConfigError, DivergedError

if TYPE_CHECKING:
    import torch

__all__ = ["Alignment", "FloatArray", "Loss", "Pending", "align", "backpropagated", "backward", "forward"]

FloatArray = NDArray[np.floating]
Loss = Callable[["torch.Tensor", "torch.Tensor"], "torch.Tensor"]
"""A mean over samples of (outputs of the last block, targets)."""


@dataclass(frozen=True, slots=True, eq=False)
class Pending:
    """Hold one batch between its forward pass and the arrival of its projected errors."""

    loss: float
    """Mean loss of the batch."""
    errors: FloatArray
    """Gradient of each sample's loss by its outputs, shape (samples, classes): softmax - one-hot by default."""
    inputs: "tuple[torch.Tensor, ...]"
    """What each block was given; leaves of the graph."""
    outputs: "tuple[torch.Tensor, ...]"
    """What each block returned, with the block's own graph."""
    parameters: "tuple[tuple[torch.Tensor, ...], ...]"
    """Per block, the parameters that receive gradients."""
    weights: "tuple[tuple[torch.Tensor, ...], ...]"
    """Per block, what the graph holds for them: themselves, or copies where they may change meanwhile."""
    last_gradient: "torch.Tensor"
    """Gradient of the mean loss by the last output."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Return the output values a sample of each hidden block."""
        return tuple(output.numel() // len(self.errors) for output in self.outputs[:-1])


class Alignment(NamedTuple):
    """Tell the cosines between one block's projected and true gradient, in [-1, 1]; 0 where either vanishes."""

    parameters: float
    """Of all parameters of the block, flattened together."""
    output: float
    """Of the block's output, over the whole batch."""


def forward(
    blocks: "Sequence[torch.nn.Module]",
    x: "torch.Tensor",
    y: "torch.Tensor",
    loss: Loss | None = None,
    late: bool = False,
) -> Pending:
    """Run ``blocks`` on ``x`` (samples, ...) with no gradient between them, and take the loss against ``y``.

    ``loss`` None is the mean cross-entropy against class indices. With ``late`` the parameters may be updated
    before ``backward``, which then gives the gradient at the parameters of this forward pass, from copies. A block
    must not change its input in place. Raises ``ConfigError`` without blocks, and ``DivergedError`` when the loss
    is not finite.
    """
    import torch

    if not blocks:
        raise ConfigError("direct feedback alignment: there are no blocks; give at least one")
    inputs, outputs, parameters, weights = [], [], [], []
    signal = x
    for block in blocks:
        named: dict[str, torch.Tensor] = {k: v for k, v in block.named_parameters() if v.requires_grad}
        held = {k: v.detach().clone().requires_grad_() for k, v in named.items()} if late else named
        output = torch.func.functional_call(block, held, (signal,)) if late else block(signal)
        inputs.append(signal)
        outputs.append(output)
        parameters.append(tuple(named.values()))
        weights.append(tuple(held.values()))
        # A leaf with a gradient lets backpropagation be compared; ``backward`` never computes that gradient.
        signal = output.detach().requires_grad_()
    value = (torch.nn.functional.cross_entropy if loss is None else loss)(signal, y)
    if not math.isfinite(value.item()):
        raise DivergedError(f"direct feedback alignment: the loss is {value.item()}; lower the learning rate")
    (gradient,) = torch.autograd.grad(value, signal)
    errors = gradient.reshape(-1, gradient.shape[-1])
    return Pending(
        loss=value.item(),
        errors=(errors * len(errors)).cpu().numpy(),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        parameters=tuple(parameters),
        weights=tuple(weights),
        last_gradient=gradient,
    )


def backward(pending: Pending, projected: Sequence[FloatArray]) -> None:
    """Add to ``.grad`` of every parameter what ``projected`` (one (samples, size) a hidden block) makes of it.

    The last block gets the true gradient. The graphs are used up. Raises ``CommandError`` when a projection has
    another shape, and ``DivergedError`` when one is not finite.
    """
    for block, gradient in enumerate(_output_gradients(pending, projected)):
        found = _parameter_gradients(pending, block, gradient, retain=False)
        for parameter, change in zip(pending.parameters[block], found, strict=True):
            parameter.grad = change if parameter.grad is None else parameter.grad + change


def backpropagated(pending: Pending) -> tuple[FloatArray, ...]:
    """Return what ``backward`` must be given to be ordinary backpropagation, one (samples, size) a hidden block.

    The graphs stay, so ``backward`` may follow.
    """
    import torch

    gradient = pending.last_gradient
    samples = len(pending.errors)
    signals: list[FloatArray] = []
    for block in range(len(pending.outputs) - 1, 0, -1):
        (gradient,) = torch.autograd.grad(
            pending.outputs[block], pending.inputs[block], gradient, retain_graph=True
        )
        signals.append((gradient.reshape(samples, -1) * samples).cpu().numpy())
    return tuple(reversed(signals))


def align(pending: Pending, projected: Sequence[FloatArray]) -> tuple[Alignment, ...]:
    """Compare the gradients that ``projected`` makes with backpropagation's, one pair of cosines a hidden block.

    It costs as much as backpropagation; call it before ``backward``, now and then. Raises as ``backward`` does.
    """
    theirs = _output_gradients(pending, backpropagated(pending))
    found = []
    for block, gradient in enumerate(_output_gradients(pending, projected)[:-1]):
        both = [_parameter_gradients(pending, block, each, retain=True) for each in (gradient, theirs[block])]
        found.append(Alignment(_cosine(*both), _cosine([gradient], [theirs[block]])))
    return tuple(found)


def _output_gradients(pending: Pending, projected: Sequence[FloatArray]) -> "list[torch.Tensor]":
    """Return the gradient of the mean loss by every block's output, in the output's shape."""
    import torch

    samples = len(pending.errors)
    shapes, needed = [signal.shape for signal in projected], [(samples, size) for size in pending.sizes]
    if shapes != needed:
        raise CommandError(
            f"direct feedback alignment: the projections have shapes {shapes}, must be {needed}: samples and size"
            " of each block but the last"
        )
    gradients = []
    for signal, output in zip(projected, pending.outputs, strict=False):
        if not np.isfinite(signal).all():
            raise DivergedError("direct feedback alignment: a projected error is not finite")
        mean = torch.from_numpy(np.divide(signal, samples))  # a new array, so that a read-only one may come
        gradients.append(mean.to(output.device, output.dtype).reshape(output.shape))
    return [*gradients, pending.last_gradient]


def _parameter_gradients(
    pending: Pending, block: int, gradient: "torch.Tensor", retain: bool
) -> "tuple[torch.Tensor, ...]":
    """Backpropagate ``gradient`` inside one block; parameters that its output does not depend on get zeros."""
    import torch

    weights = pending.weights[block]
    if not weights:
        return ()
    return torch.autograd.grad(
        pending.outputs[block],
        weights,
        gradient,
        retain_graph=retain,
        materialize_grads=True,
        allow_unused=True,
    )


def _cosine(left: "Sequence[torch.Tensor]", right: "Sequence[torch.Tensor]") -> float:
    a, b = (
        np.concatenate([np.empty(0), *(part.cpu().numpy().ravel() for part in side)])
        for side in (left, right)
    )
    norm = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / norm) if norm > 0.0 else 0.0
