"""An agent that trains a network by feedback alignment: it computes on the host and projects errors with light.

A step: forward pass; the error, cut to three values, sent to the optical processing unit; while its frames are in
flight, the output layer's own gradient; then the hidden layers' gradients and the optimiser's step. The agent
either waits for the projection, or goes on with the next batch and trains one batch late.

Every piece of arithmetic is done in torch at once and paid for with a Compute command, so that host and light
share emulated time as they would on a bench. The same agent without light, with a matrix in the host's memory or
with true gradients, is the electronic reference. NOT here: the medium, the camera, or any clock.

Sources: J. Launay et al., Light-in-the-loop (2020), for the algorithm and its numbers; Z. Wang et al., arXiv
2409.12965, for blocks.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from controllers.feedback_alignment import cost
from controllers.feedback_alignment.dfa import FloatArray, Pending, align, backpropagated, backward, forward
from controllers.feedback_alignment.feedback import FeedbackLayout, Sharing, centred, feedback_matrix
from controllers.feedback_alignment.ternary import empty_rows, ternarize
from emulator.commands import Command, Compute, Controller, Join, Log, Project, Projection, Start, Ticket
from emulator.config.models import PositiveInt, StrictModel

if TYPE_CHECKING:
    import torch

__all__ = ["OdfaConfig", "TrainingSet", "odfa"]

Talk = Generator[Command, Any, None]


class OdfaConfig(StrictModel):
    """Configure training by feedback alignment; the defaults are those of Light-in-the-loop's optical run."""

    kind: Literal["odfa"] = "odfa"
    """Which controller this section configures."""
    feedback: Literal["optical", "ternary", "exact", "backprop"] = "optical"
    """Who projects the error: light; a matrix on the host, of three values or exactly; or backpropagation."""
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Magnitude above which an error's entry counts as 1 or -1, [0, 1]; the paper's 0.1."""
    schedule: Literal["wait", "late"] = "wait"
    """Whether a step waits for its projection, or is made while the next batch's is in flight (light only)."""
    centre: bool = True
    """Whether a projection's mean over the batch is taken off; without, three-valued errors learn late."""
    sharing: Sharing = "slices"
    """Whether every hidden layer has outputs of its own, or all read the same ones."""
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 0.01
    """Of Adam, (0, 10]; the paper's 0.01 with light, 0.001 without."""
    batch_size: PositiveInt = 128
    """Samples in a mini-batch; the last one of an epoch may be smaller."""
    epochs: PositiveInt = 10
    """Passes over the training set."""
    align_every: PositiveInt | None = 50
    """Steps between two comparisons with the true gradient, which cost no emulated time; None is never."""


class TrainingSet(NamedTuple):
    """Hold what is learnt: ``x`` (samples, inputs) float32 and ``y`` (samples,) int64, as torch tensors."""

    x: "torch.Tensor"
    y: "torch.Tensor"


def odfa(
    config: OdfaConfig,
    blocks: "Sequence[torch.nn.Module]",
    sizes: Sequence[int],
    training_set: TrainingSet,
    batches: np.random.Generator,
    feedback: np.random.Generator,
    on_epoch: Callable[[int], Mapping[str, float]] | None = None,
) -> Controller:
    """Train ``blocks``, a network of ``sizes`` (inputs, hidden..., classes), in place.

    ``batches`` shuffles, ``feedback`` draws the digital matrix. ``on_epoch`` is called with 0 before training and
    with the number of every epoch after it, and returns what else to log. Logs ``epoch``, ``train_loss`` (mean
    over the epoch), ``alignment_<layer>`` (cosine of the parameters' gradient with the true one),
    ``alignment_output_<layer>`` (of the output's) and, with light, ``dark_vectors`` and ``lost_vectors``.
    """
    agent = _Agent(config, blocks, sizes, feedback)
    samples = len(training_set.y)
    yield from _report(0, on_epoch)
    for epoch in range(1, config.epochs + 1):
        order = batches.permutation(samples)
        for rows in _pieces(order, config.batch_size):
            yield from agent.step(training_set.x[rows], training_set.y[rows])
        if epoch == config.epochs:
            yield from agent.settle()
        yield Log("epoch", epoch)
        yield from agent.report()
        yield from _report(epoch, on_epoch)


def _pieces(order: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    for begin in range(0, len(order), size):
        yield order[begin : begin + size]


def _report(epoch: int, on_epoch: Callable[[int], Mapping[str, float]] | None) -> Talk:
    if on_epoch is not None:
        for name, value in on_epoch(epoch).items():
            yield Log(name, value)


@dataclass(slots=True)
class _Tally:
    """Add up what is reported once an epoch."""

    losses: float = 0.0
    samples: int = 0
    dark: int = 0
    lost: int = 0


class _Agent:
    """The state of one training: the network, its optimiser, and the batch whose projection is in flight."""

    def __init__(
        self,
        config: OdfaConfig,
        blocks: "Sequence[torch.nn.Module]",
        sizes: Sequence[int],
        feedback: np.random.Generator,
    ) -> None:
        import torch

        self.config = config
        self.blocks = blocks
        self.sizes = tuple(sizes)
        self.layout = FeedbackLayout(self.sizes[1:-1], config.sharing)
        self.parameters = cost.parameter_count(self.sizes)
        self.optimizer = torch.optim.Adam(
            [parameter for block in blocks for parameter in block.parameters()], lr=config.learning_rate
        )
        self.matrix = np.empty((0, 0), dtype=np.float32)
        if config.feedback in {"ternary", "exact"}:
            self.matrix = feedback_matrix(self.sizes[-1], self.layout.width, feedback)
        # Re(T e) has the variance |e|^2/2; scaled so, light and digital matrix are alike.
        self.light_scale = np.float32(np.sqrt(2.0 / self.sizes[-1]))
        self.in_flight: tuple[Pending, Ticket] | None = None
        self.steps = 0
        self.tally = _Tally()

    def step(self, x: "torch.Tensor", y: "torch.Tensor") -> Talk:
        """Learn from one batch, or begin to."""
        batch = len(y)
        work = cost.forward_work(self.sizes, batch) + cost.error_work(self.sizes[-1], batch)
        yield Compute(work.flops, work.bytes, "forward")
        late = self.config.schedule == "late" and self.config.feedback == "optical"
        pending = forward(self.blocks, x, y, late=late)
        self.tally.losses += pending.loss * batch
        self.tally.samples += batch
        if self.config.feedback == "optical":
            yield from self._step_with_light(pending, late)
        else:
            yield from self._step_on_host(pending)

    def settle(self) -> Talk:
        """Wait for the projection that is in flight, if there is one, and make its step."""
        if self.in_flight is None:
            return
        pending, ticket = self.in_flight
        self.in_flight = None
        reply: Projection = yield Join(ticket)
        self.tally.lost += int((~reply.valid).sum())
        projection = reply.outputs * self.light_scale
        projection[reply.valid] = self._centred(projection[reply.valid])
        yield from self._learn(pending, self.layout.split(projection))

    def report(self) -> Talk:
        """Log what has been added up since the last report."""
        tally, self.tally = self.tally, _Tally()
        yield Log("train_loss", tally.losses / tally.samples)
        if self.config.feedback == "optical":
            yield Log("dark_vectors", tally.dark)
            yield Log("lost_vectors", tally.lost)

    def _step_with_light(self, pending: Pending, late: bool) -> Talk:
        shown = ternarize(pending.errors, self.config.threshold)
        self.tally.dark += int(empty_rows(shown).sum())
        ticket = yield Start(Project(shown.astype(np.float32)))
        work = cost.output_gradient_work(self.sizes, len(shown))
        yield Compute(work.flops, work.bytes, "output_gradient")
        if late:
            yield from self.settle()
        self.in_flight = (pending, ticket)
        if not late:
            yield from self.settle()

    def _step_on_host(self, pending: Pending) -> Talk:
        batch = len(pending.errors)
        work = cost.output_gradient_work(self.sizes, batch)
        yield Compute(work.flops, work.bytes, "output_gradient")
        if self.config.feedback == "backprop":
            work = cost.backpropagation_work(self.sizes, batch)
            yield Compute(work.flops, work.bytes, "backpropagation")
            yield from self._learn(pending, backpropagated(pending))
            return
        work = cost.projection_work(self.sizes, batch)
        yield Compute(work.flops, work.bytes, "projection")
        errors = pending.errors
        if self.config.feedback == "ternary":
            errors = ternarize(errors, self.config.threshold).astype(np.float32)
        yield from self._learn(pending, self.layout.split(self._centred(errors @ self.matrix)))

    def _centred(self, projection: FloatArray) -> FloatArray:
        return centred(projection) if self.config.centre and len(projection) else projection

    def _learn(self, pending: Pending, projected: Sequence[FloatArray]) -> Talk:
        """Compare with the true gradient when it is time, and make the step."""
        every = self.config.align_every
        if every is not None and self.steps % every == 0:
            for layer, found in enumerate(align(pending, projected), 1):
                yield Log(f"alignment_{layer}", found.parameters)
                yield Log(f"alignment_output_{layer}", found.output)
        self.steps += 1
        batch = len(pending.errors)
        work = cost.local_gradient_work(self.sizes, batch) + cost.update_work(self.parameters)
        if self.config.centre and self.config.feedback != "backprop":
            work += cost.centring_work(self.layout.width, batch)
        yield Compute(work.flops, work.bytes, "update")
        self.optimizer.zero_grad()
        backward(pending, projected)
        self.optimizer.step()
