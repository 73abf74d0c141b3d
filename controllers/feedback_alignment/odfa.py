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

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from controllers.feedback_alignment.dfa import (
    FloatArray,
    Loss,
    Pending,
    align,
    backpropagated,
    backward,
    forward,
)
from controllers.feedback_alignment.feedback import FeedbackLayout, Sharing, centred, feedback_matrix
from controllers.feedback_alignment.ternary import empty_rows, ternarize
from controllers.feedback_alignment.work import Model, StepWork, Work, centring_work
from controllers.kind import Kind, Options, Program, Setting
from emulator.commands import Command, Compute, Controller, Join, Log, Project, Projection, Start, Ticket
from emulator.config.models import PositiveInt
from emulator.errors import ConfigError

if TYPE_CHECKING:
    import torch

__all__ = ["KIND", "OdfaConfig", "TrainingSet", "odfa", "start"]

_UNIT = "opu"
"""The instrument that projects when the feedback is optical."""

_COMPUTATIONS = 4
"""Pieces of work in a step without light: forward pass, output gradient, projection or backpropagation, update."""

Talk = Generator[Command, Any, None]


class OdfaConfig(Options):
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

    @property
    def centres(self) -> bool:
        """Return whether a projection's mean over the batch is taken off; backpropagation projects nothing."""
        return self.centre and self.feedback != "backprop"


class TrainingSet(NamedTuple):
    """Hold what is learnt, as torch tensors: ``x`` (samples, inputs), float32; ``y`` labels or float32 values."""

    x: "torch.Tensor"
    y: "torch.Tensor"


def odfa(
    config: OdfaConfig,
    model: Model,
    training_set: TrainingSet,
    batches: np.random.Generator,
    feedback: np.random.Generator,
    loss: Loss | None = None,
) -> Controller:
    """Train the blocks of ``model`` in place.

    ``batches`` shuffles, ``feedback`` draws the digital matrix; ``loss`` None is the mean cross-entropy against
    class indices. Logs ``epoch`` whenever one ends, ``train_loss`` (mean over the epoch), ``alignment_<layer>``
    (cosine of the parameters' gradient with the true one), ``alignment_output_<layer>`` (of the output's) and,
    with light, ``dark_vectors`` and ``lost_vectors``.
    """
    agent = _Agent(config, model, feedback, loss)
    samples = len(training_set.y)
    for epoch in range(1, config.epochs + 1):
        order = batches.permutation(samples)
        for rows in _pieces(order, config.batch_size, config.centres):
            yield from agent.step(training_set.x[rows], training_set.y[rows])
        if epoch == config.epochs:
            yield from agent.settle()
        yield Log("epoch", epoch)
        yield from agent.report()


def _pieces(order: NDArray[np.int64], size: int, centres: bool) -> Iterator[NDArray[np.int64]]:
    """Yield mini-batches; a single sample at the end, of which centring leaves nothing, joins the one before."""
    begins = list(range(0, len(order), size))
    if centres and len(begins) > 1 and len(order) - begins[-1] == 1:
        begins.pop()
    for begin, end in zip(begins, [*begins[1:], len(order)], strict=True):
        yield order[begin:end]


def _pay(work: Work, activity: str) -> Compute:
    return Compute(work.flops, work.bytes, activity)


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
        self, config: OdfaConfig, model: Model, feedback: np.random.Generator, loss: Loss | None
    ) -> None:
        import torch

        self.config = config
        self.blocks = model.blocks
        self.loss = loss
        self.work: Callable[[int], StepWork] = cache(model.work)
        self.layout = FeedbackLayout(model.hidden, config.sharing)
        self.optimizer = torch.optim.Adam(
            [parameter for block in self.blocks for parameter in block.parameters()], lr=config.learning_rate
        )
        self.matrix = np.empty((0, 0), dtype=np.float32)
        if config.feedback in {"ternary", "exact"}:
            self.matrix = feedback_matrix(model.outputs, self.layout.width, feedback)
        # Re(T e) has the variance |e|^2/2; scaled so, light and digital matrix are alike.
        self.light_scale = np.float32(np.sqrt(2.0 / model.outputs))
        self.in_flight: tuple[Pending, Ticket] | None = None
        self.steps = 0
        self.tally = _Tally()

    def step(self, x: "torch.Tensor", y: "torch.Tensor") -> Talk:
        """Learn from one batch, or begin to."""
        batch = len(y)
        yield _pay(self.work(batch).forward + self.work(batch).error, "forward")
        late = self.config.schedule == "late" and self.config.feedback == "optical"
        pending = forward(self.blocks, x, y, self.loss, late)
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
        yield _pay(self.work(len(shown)).output_gradient, "output_gradient")
        if late:
            yield from self.settle()
        self.in_flight = (pending, ticket)
        if not late:
            yield from self.settle()

    def _step_on_host(self, pending: Pending) -> Talk:
        work = self.work(len(pending.errors))
        yield _pay(work.output_gradient, "output_gradient")
        if self.config.feedback == "backprop":
            yield _pay(work.backpropagation, "backpropagation")
            yield from self._learn(pending, backpropagated(pending))
            return
        yield _pay(work.projection, "projection")
        errors = pending.errors
        if self.config.feedback == "ternary":
            errors = ternarize(errors, self.config.threshold).astype(np.float32)
        yield from self._learn(pending, self.layout.split(self._centred(errors @ self.matrix)))

    def _centred(self, projection: FloatArray) -> FloatArray:
        return centred(projection) if self.config.centre and len(projection) > 1 else projection

    def _learn(self, pending: Pending, projected: Sequence[FloatArray]) -> Talk:
        """Compare with the true gradient when it is time, and make the step."""
        every = self.config.align_every
        if every is not None and self.steps % every == 0:
            for layer, found in enumerate(align(pending, projected), 1):
                yield Log(f"alignment_{layer}", found.parameters)
                yield Log(f"alignment_output_{layer}", found.output)
        self.steps += 1
        batch = len(pending.errors)
        work = self.work(batch).local_gradient + self.work(batch).update
        if self.config.centres:
            work += centring_work(self.layout.width, batch)
        yield _pay(work, "update")
        self.optimizer.zero_grad()
        backward(pending, projected)
        self.optimizer.step()


def start(options: OdfaConfig, setting: Setting) -> Program:
    """Return the training of the setting's model; raises ``ConfigError`` when there is none or it is too small."""
    import torch

    model = setting.model
    if model is None:
        raise ConfigError("controller.kind: feedback alignment trains a network, and there is none here")
    targets = torch.tensor(setting.targets)
    training_set = TrainingSet(
        torch.tensor(setting.inputs, dtype=torch.float32),
        targets.float() if targets.is_floating_point() else targets,
    )
    controller = odfa(
        options,
        model,
        training_set,
        setting.stream("odfa/batches"),
        setting.stream("odfa/feedback"),
        setting.loss,
    )
    samples, optical = len(setting.inputs), options.feedback == "optical"
    if options.centres and (options.batch_size == 1 or samples == 1):
        raise ConfigError(
            f"controller.batch_size = {options.batch_size} is refused with controller.centre = true on {samples} "
            "samples: a projection less its own mean is 0, and nothing is learnt; allowed: 2 or more samples in a "
            "mini-batch, or controller.centre = false"
        )
    steps = _COMPUTATIONS * -(-samples // options.batch_size)
    return Program(
        controller,
        (samples if optical else steps) * options.epochs,
        "training",
        {_UNIT: (model.outputs, FeedbackLayout(model.hidden, options.sharing).width)} if optical else {},
        shows={_UNIT: "ternary"} if optical else {},
        mark="epoch",
        epochs=options.epochs,
    )


def _unused(options: OdfaConfig) -> frozenset[str]:
    return frozenset() if options.feedback == "optical" else frozenset({_UNIT})


KIND = Kind("odfa", OdfaConfig, needs=frozenset({_UNIT}), start=start, unused=_unused)
