"""Direct feedback alignment of any torch model given as a list of blocks, in two phases.

``forward`` runs the blocks, each cut off from the one before, and yields the error. ``backward`` takes one
projected error a hidden block as the gradient of that block's output, and backpropagates it inside the block alone;
the tail, which is the last block or several, gets the true gradient. Between the two, light takes its time, and
weights may change (``late``). NOT here: the projection, the optimiser's step, and time.

Units: errors and projections are each row's own, a row being what a sample has one or several of (tokens,
patches); ``backward`` divides by the number of rows, because the loss is a mean over them. A threshold on errors
thus does not depend on the batch.

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

__all__ = [
    "LAST_BLOCK",
    "Alignment",
    "FloatArray",
    "Loss",
    "Pending",
    "Presenter",
    "Shown",
    "Split",
    "align",
    "backpropagate",
    "backpropagated",
    "backward",
    "forward",
]

FloatArray = NDArray[np.floating]
Loss = Callable[["torch.Tensor", "torch.Tensor"], "torch.Tensor"]
"""A mean over samples of (outputs of the last block, targets)."""


class Shown(NamedTuple):
    """Hold what a network is shown of a batch: inputs of its first block, targets, and what every block gets."""

    inputs: "torch.Tensor"
    targets: "torch.Tensor"
    side: "tuple[torch.Tensor, ...]" = ()


Presenter = Callable[["torch.Tensor", "torch.Tensor", np.random.Generator], Shown]
"""Makes of samples and their targets what the network is shown: noise of a diffusion, say, with time and class."""


class Split(NamedTuple):
    """Say which blocks learn how, and which error is projected; both count blocks from the end."""

    tail: int = 1
    """Blocks that get the true gradient, at least 1."""
    error_at: int = 0
    """The error is the gradient at the input of this block, the last one being 1; 0 is that of the outputs."""
    frozen: bool = False
    """Whether the blocks before the tail stay as they are."""


LAST_BLOCK = Split()
"""Only the last block gets the true gradient, and the error is that of the outputs."""


@dataclass(frozen=True, slots=True, eq=False)
class Pending:
    """Hold one batch between its forward pass and the arrival of its projected errors."""

    loss: float
    """Mean loss of the batch."""
    errors: FloatArray
    """Gradient of each row's loss, shape (rows, values), by the outputs (softmax - one-hot by default), or by the
    input of a block."""
    inputs: "tuple[torch.Tensor, ...]"
    """What each block was given; leaves of the graph."""
    outputs: "tuple[torch.Tensor, ...]"
    """What each block returned, with the block's own graph."""
    parameters: "tuple[tuple[torch.Tensor, ...], ...]"
    """Per block, the parameters that receive gradients."""
    weights: "tuple[tuple[torch.Tensor, ...], ...]"
    """Per block, what the graph holds for them: themselves, or copies where they may change meanwhile."""
    known: "tuple[torch.Tensor, ...]"
    """Gradient of the mean loss by the outputs of the last blocks, as many as ``error_at`` and one."""
    split: Split

    @property
    def last_gradient(self) -> "torch.Tensor":
        """Return the gradient of the mean loss by the last output."""
        return self.known[-1]

    @property
    def hidden(self) -> int:
        """Return how many blocks come before the tail."""
        return len(self.outputs) - self.split.tail

    @property
    def sizes(self) -> tuple[int, ...]:
        """Return the output values a row of each block before the tail."""
        return tuple(output.numel() // len(self.errors) for output in self.outputs[: self.hidden])


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
    split: Split = LAST_BLOCK,
    side: "Sequence[torch.Tensor]" = (),
) -> Pending:
    """Run ``blocks`` on ``x`` (samples, ...) with no gradient between them, and take the loss against ``y``.

    ``loss`` None is the mean cross-entropy against class indices. With ``late`` the parameters may be updated
    before ``backward``, which then gives the gradient at the parameters of this forward pass, from copies. A block
    must not change its input in place; ``side`` is what each of them is given besides. Raises ``ConfigError``
    without blocks or when ``split`` does not fit them, and ``DivergedError`` when the loss is not finite.
    """
    import torch

    _check_split(split, len(blocks))
    inputs, outputs, parameters, weights = [], [], [], []
    signal = x
    for number, block in enumerate(blocks):
        learns = not split.frozen or number >= len(blocks) - split.tail
        named: dict[str, torch.Tensor] = {
            k: v for k, v in block.named_parameters() if v.requires_grad and learns
        }
        held = {k: v.detach().clone().requires_grad_() for k, v in named.items()} if late else named
        with torch.set_grad_enabled(learns):
            output = (
                torch.func.functional_call(block, held, (signal, *side)) if late else block(signal, *side)
            )
        inputs.append(signal)
        outputs.append(output)
        parameters.append(tuple(named.values()))
        weights.append(tuple(held.values()))
        # A leaf with a gradient lets backpropagation be compared.
        signal = output.detach().requires_grad_()
    value = (torch.nn.functional.cross_entropy if loss is None else loss)(signal, y)
    if not math.isfinite(value.item()):
        raise DivergedError(f"direct feedback alignment: the loss is {value.item()}; lower the learning rate")
    known = list(torch.autograd.grad(value, signal))
    for number in range(1, split.error_at + 1):
        known += torch.autograd.grad(outputs[-number], inputs[-number], known[-1], retain_graph=True)
    errors = known[-1].reshape(-1, known[-1].shape[-1])
    return Pending(
        loss=value.item(),
        errors=(errors * len(errors)).cpu().numpy(),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        parameters=tuple(parameters),
        weights=tuple(weights),
        known=tuple(reversed(known)),
        split=split,
    )


def _check_split(split: Split, blocks: int) -> None:
    if not blocks:
        raise ConfigError("direct feedback alignment: there are no blocks; give at least one")
    if not 1 <= split.tail <= blocks:
        raise ConfigError(
            f"direct feedback alignment: tail={split.tail} is not allowed; of {blocks} blocks 1..{blocks} may get "
            "the true gradient"
        )
    if not 0 <= split.error_at <= split.tail:
        raise ConfigError(
            f"direct feedback alignment: error_at={split.error_at} is not allowed; behind it the gradient must be "
            f"the true one: 0..{split.tail}, the blocks of the tail"
        )


def backward(pending: Pending, projected: Sequence[FloatArray]) -> None:
    """Add to ``.grad`` of every parameter what ``projected`` (one (rows, size) a hidden block) makes of it.

    The tail gets the true gradient; frozen blocks get none. The graphs are used up. Raises ``CommandError`` when a
    projection has another shape, and ``DivergedError`` when one is not finite.
    """
    for block, gradient in enumerate(_output_gradients(pending, projected)):
        _add(pending, block, _parameter_gradients(pending, block, gradient, retain=False))
    _backpropagate(pending, pending.hidden)


def backpropagate(pending: Pending) -> None:
    """Add to ``.grad`` of every parameter that is not frozen its true gradient; the graphs are used up."""
    _backpropagate(pending, pending.hidden if pending.split.frozen else 0)


def _backpropagate(pending: Pending, first: int) -> None:
    """Go from the last block back to block ``first``, each block once wherever its graph allows."""
    import torch

    blocks, gradient = len(pending.outputs), pending.last_gradient
    for block in reversed(range(first, blocks)):
        upstream = block - (blocks - len(pending.known)) - 1
        own = gradient
        if block < pending.hidden:  # what is fed back is each row's own: it is rounded as projections are
            own = gradient * len(pending.errors) / len(pending.errors)
        if block == first or upstream >= 0:
            _add(pending, block, _parameter_gradients(pending, block, own, retain=False))
            gradient = pending.known[upstream] if upstream >= 0 else gradient
            continue
        weights, taken = pending.weights[block], (pending.outputs[block],)
        if torch.equal(own, gradient):
            found = torch.autograd.grad(
                taken, (*weights, pending.inputs[block]), gradient, materialize_grads=True, allow_unused=True
            )
            _add(pending, block, found[:-1])
            gradient = found[-1]
        else:
            (before,) = torch.autograd.grad(taken, pending.inputs[block], gradient, retain_graph=True)
            _add(pending, block, _parameter_gradients(pending, block, own, retain=False))
            gradient = before


def _add(pending: Pending, block: int, found: "Sequence[torch.Tensor]") -> None:
    for parameter, change in zip(pending.parameters[block], found, strict=True):
        parameter.grad = change if parameter.grad is None else parameter.grad + change


def backpropagated(pending: Pending) -> tuple[FloatArray, ...]:
    """Return what ``backward`` must be given to be ordinary backpropagation, one (rows, size) a hidden block.

    The graphs stay, so ``backward`` may follow.
    """
    import torch

    gradient, rows = pending.last_gradient, len(pending.errors)
    signals: list[FloatArray] = []
    for block in range(len(pending.outputs) - 1, 0, -1):
        (gradient,) = torch.autograd.grad(
            pending.outputs[block], pending.inputs[block], gradient, retain_graph=True
        )
        if block <= pending.hidden:
            signals.append((gradient.reshape(rows, -1) * rows).cpu().numpy())
    return tuple(reversed(signals))


def align(pending: Pending, projected: Sequence[FloatArray]) -> tuple[Alignment, ...]:
    """Compare the gradients that ``projected`` makes with backpropagation's, one pair of cosines a hidden block.

    It costs as much as backpropagation; call it before ``backward``, now and then. Raises as ``backward`` does.
    """
    theirs = _output_gradients(pending, backpropagated(pending))
    found = []
    for block, gradient in enumerate(_output_gradients(pending, projected)):
        both = [_parameter_gradients(pending, block, each, retain=True) for each in (gradient, theirs[block])]
        found.append(Alignment(_cosine(*both), _cosine([gradient], [theirs[block]])))
    return tuple(found)


def _output_gradients(pending: Pending, projected: Sequence[FloatArray]) -> "list[torch.Tensor]":
    """Return the gradient of the mean loss by every hidden block's output, in the output's shape."""
    import torch

    if pending.split.frozen:
        return []
    rows = len(pending.errors)
    shapes, needed = [signal.shape for signal in projected], [(rows, size) for size in pending.sizes]
    if shapes != needed:
        raise CommandError(
            f"direct feedback alignment: the projections have shapes {shapes}, must be {needed}: rows and size "
            "of each block before the tail"
        )
    gradients = []
    for signal, output in zip(projected, pending.outputs, strict=False):
        if not np.isfinite(signal).all():
            raise DivergedError("direct feedback alignment: a projected error is not finite")
        mean = torch.from_numpy(np.divide(signal, rows))  # a new array, so that a read-only one may come
        gradients.append(mean.to(output.device, output.dtype).reshape(output.shape))
    return gradients


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
