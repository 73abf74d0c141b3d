"""An agent that trains a network by feedback alignment: it computes on the host and projects errors with light.

A step: forward pass; the error, cut to three values, sent to the optical processing unit; while its frames are in
flight, the true gradients of the last blocks; then the hidden layers' gradients and the optimiser's step. The agent
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
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from controllers.feedback_alignment.descent import Descent
from controllers.feedback_alignment.dfa import (
    FloatArray,
    Loss,
    Pending,
    Presenter,
    Shown,
    align,
    backpropagate,
    backpropagated,
    backward,
    forward,
)
from controllers.feedback_alignment.feedback import FeedbackLayout, centred, feedback_matrix
from controllers.feedback_alignment.options import OdfaConfig
from controllers.feedback_alignment.ternary import empty_rows, ternarize, ternary_planes
from controllers.feedback_alignment.work import (
    Model,
    StepWork,
    Work,
    centring_work,
    planes_work,
    product_work,
    scaling_work,
    step_work,
    threshold_work,
)
from controllers.kind import Kind, Program, Setting
from emulator.commands import Command, Compute, Controller, Join, Log, Project, Projection, Start, Ticket
from emulator.errors import ConfigError

if TYPE_CHECKING:
    import torch

__all__ = ["KIND", "OdfaConfig", "TrainingSet", "odfa", "start"]

_UNIT = "opu"
"""The instrument that projects when the feedback is optical."""

_COMPUTATIONS = 4
"""Pieces of work in a step without light: forward pass, output gradient, projection or backpropagation, update."""

Talk = Generator[Command, Any, None]


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
    present: Presenter | None = None,
    showing: np.random.Generator | None = None,
) -> Controller:
    """Train the blocks of ``model`` in place.

    ``batches`` shuffles, ``feedback`` draws the digital matrix; ``loss`` None is the mean cross-entropy against
    class indices. ``present`` makes of samples and targets what the network is shown, with draws of ``showing``;
    None shows them as they are. Logs ``epoch`` (passes until now) whenever one ends, or every ``report_steps``,
    ``train_loss`` (mean since the last), ``alignment_<layer>`` (cosine of the parameters' gradient with the true
    one), ``alignment_output_<layer>`` (of the output's) and, with light, ``dark_vectors`` and ``lost_vectors``.
    """
    samples = len(training_set.y)
    epoch_steps, last = _epoch_steps(config, samples), _steps(config, samples)
    agent, taken, shown = _Agent(config, model, feedback, loss, last), 0, 0
    every = config.report_steps or epoch_steps
    while taken < last:
        order = batches.permutation(samples)
        for rows in _pieces(order, config.batch_size, config.centres):
            x, y = training_set.x[rows], training_set.y[rows]
            seen = Shown(x, y) if present is None or showing is None else present(x, y, showing)
            yield from agent.step(seen)
            taken, shown = taken + 1, shown + len(rows)
            if taken == last:
                yield from agent.settle()
            if taken == last or taken % every == 0:
                yield Log("epoch", shown / samples)
                yield from agent.report()
            if taken == last:
                return


def _projection(config: OdfaConfig, model: Model) -> tuple[int, FeedbackLayout]:
    """Return the entries of an error that is projected, and where its projection goes."""
    sizes = (*model.hidden, model.outputs)
    return sizes[-1 - config.split.error_at], FeedbackLayout(
        sizes[: len(sizes) - config.tail], config.sharing
    )


def _steps(config: OdfaConfig, samples: int) -> int:
    """Return the mini-batches of the whole training."""
    most = _epoch_steps(config, samples) * config.epochs
    return most if config.steps is None else min(config.steps, most)


def _epoch_steps(config: OdfaConfig, samples: int) -> int:
    """Return the mini-batches of an epoch."""
    whole, left = divmod(samples, config.batch_size)
    joined = config.centres and left == 1 and whole > 0
    return whole + (left > 0 and not joined)


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


@dataclass(frozen=True, slots=True, eq=False)
class _Flight:
    """A batch whose projection is under way, and the scales (planes, rows, 1) of its errors, where given back."""

    pending: Pending
    ticket: Ticket
    scales: FloatArray | None


class _Agent:
    """The state of one training: the network, its optimiser, and the batch whose projection is in flight."""

    def __init__(
        self, config: OdfaConfig, model: Model, feedback: np.random.Generator, loss: Loss | None, steps: int
    ) -> None:
        self.config = config
        self.blocks = model.blocks
        self.rows = model.rows
        self.loss = loss
        self.values, self.layout = _projection(config, model)
        self.work: Callable[[int], StepWork] = cache(lambda batch: self._work(model, batch))
        self.descent = Descent(config, self.blocks, len(self.layout.sizes), steps)
        self.matrix = np.empty((0, 0), dtype=np.float32)
        if config.feedback in {"ternary", "exact"}:
            self.matrix = feedback_matrix(self.values, self.layout.width, feedback)
        # Re(T e) has the variance |e|^2/2; scaled so, light and digital matrix are alike.
        self.light_scale = np.float32(np.sqrt(2.0 / self.values))
        self.in_flight: _Flight | None = None
        self.steps = 0
        self.tally = _Tally()

    def _work(self, model: Model, batch: int) -> StepWork:
        """Return what a step on ``batch`` samples costs the host, with all that its options ask for."""
        config, rows = self.config, batch * model.rows
        planes = config.planes if config.cuts else 1
        projection = product_work(planes * rows, self.values, self.layout.width)
        work = step_work(model.work(batch), config.split, projection, config.weight_decay > 0.0)
        error, gradient = work.error, work.local_gradient
        if config.cuts and config.threshold_unit != "absolute":
            error += threshold_work(planes * rows, self.values)
        if config.cuts and config.row_scale:
            gradient += scaling_work(planes * rows, self.values, self.layout.width)
            gradient += planes_work((planes - 1) * rows, self.values, self.layout.width)
        if config.centres:
            gradient += centring_work(self.layout.width, rows)
        return work._replace(error=error, local_gradient=gradient)

    def step(self, seen: Shown) -> Talk:
        """Learn from one batch, or begin to."""
        batch = len(seen.targets)
        work = self.work(batch)
        yield _pay(work.forward + work.error, "forward")
        late = self.config.schedule == "late" and self.config.feedback == "optical"
        pending = forward(
            self.blocks, seen.inputs, seen.targets, self.loss, late, self.config.split, seen.side
        )
        self.tally.losses += pending.loss * batch
        self.tally.samples += batch
        if self.config.feedback == "optical":
            yield from self._step_with_light(pending, batch, late)
        else:
            yield from self._step_on_host(pending, batch)

    def settle(self) -> Talk:
        """Wait for the projection that is in flight, if there is one, and make its step."""
        if self.in_flight is None:
            return
        flight, self.in_flight = self.in_flight, None
        reply: Projection = yield Join(flight.ticket)
        self.tally.lost += int((~reply.valid).sum())
        projection: FloatArray = reply.outputs * self.light_scale
        valid: NDArray[np.bool_] = reply.valid
        if flight.scales is not None:
            projection = _added(projection, flight.scales)
            valid = np.logical_and.reduce(valid.reshape(len(flight.scales), -1))
            projection[~valid] = 0.0
        projection[valid] = self._centred(projection[valid])
        yield from self._learn(flight.pending, self.layout.split(projection))

    def report(self) -> Talk:
        """Log what has been added up since the last report."""
        tally, self.tally = self.tally, _Tally()
        yield Log("train_loss", tally.losses / tally.samples)
        if self.config.feedback == "optical":
            yield Log("dark_vectors", tally.dark)
            yield Log("lost_vectors", tally.lost)

    def _cut(self, errors: FloatArray) -> tuple[NDArray[np.int8], FloatArray | None]:
        """Return three values for each error (planes * rows, values), and the scales where they are given back."""
        config = self.config
        if not config.row_scale:
            return ternarize(errors, config.threshold, config.threshold_unit), None
        shown, scales = ternary_planes(errors, config.planes, config.threshold, config.threshold_unit)
        return shown.reshape(-1, shown.shape[-1]), scales

    def _step_with_light(self, pending: Pending, batch: int, late: bool) -> Talk:
        shown, scales = self._cut(pending.errors)
        self.tally.dark += int(empty_rows(shown).sum())
        ticket = yield Start(Project(shown.astype(np.float32)))
        yield _pay(self.work(batch).output_gradient, "output_gradient")
        if late:
            yield from self.settle()
        self.in_flight = _Flight(pending, ticket, scales)
        if not late:
            yield from self.settle()

    def _step_on_host(self, pending: Pending, batch: int) -> Talk:
        work = self.work(batch)
        yield _pay(work.output_gradient, "output_gradient")
        if self.config.feedback == "backprop":
            yield _pay(work.backpropagation, "backpropagation")
        if not self.config.projects:
            yield from self._learn(pending, None)
            return
        yield _pay(work.projection, "projection")
        errors = pending.errors
        scales = None
        if self.config.feedback == "ternary":
            shown, scales = self._cut(errors)
            errors = shown.astype(np.float32)
        projection: FloatArray = errors @ self.matrix
        if scales is not None:
            projection = _added(projection, scales)
        yield from self._learn(pending, self.layout.split(self._centred(projection)))

    def _centred(self, projection: FloatArray) -> FloatArray:
        return centred(projection) if self.config.centre and len(projection) > 1 else projection

    def _learn(self, pending: Pending, projected: Sequence[FloatArray] | None) -> Talk:
        """Compare with the true gradient when it is time, and make the step; None is by true gradients."""
        every = self.config.align_every
        if every is not None and self.steps % every == 0 and not pending.split.frozen:
            compared = backpropagated(pending) if projected is None else projected
            for layer, found in enumerate(align(pending, compared), 1):
                yield Log(f"alignment_{layer}", found.parameters)
                yield Log(f"alignment_output_{layer}", found.output)
        self.steps += 1
        work = self.work(len(pending.errors) // self.rows)
        yield _pay(work.local_gradient + work.update, "update")
        self.descent.clear()
        if projected is None:
            backpropagate(pending)
        else:
            backward(pending, projected)
        self.descent.step()


def _added(projection: FloatArray, scales: FloatArray) -> FloatArray:
    """Return the projected errors (rows, width) of their planes' ``projection`` (planes * rows, width)."""
    added: FloatArray = (projection.reshape(*scales.shape[:2], -1) * scales).sum(axis=0)
    return added


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
    _refuse_what_does_not_fit(options, len(model.blocks))
    controller = odfa(
        options,
        model,
        training_set,
        setting.stream("odfa/batches"),
        setting.stream("odfa/feedback"),
        setting.loss,
        setting.present,
        setting.stream("odfa/shown"),
    )
    samples, optical = len(setting.inputs), options.feedback == "optical"
    if options.centres and model.rows == 1 and (options.batch_size == 1 or samples == 1):
        raise ConfigError(
            f"controller.batch_size = {options.batch_size} is refused with controller.centre = true on {samples} "
            "samples: a projection less its own mean is 0, and nothing is learnt; allowed: 2 or more samples in a "
            "mini-batch, or controller.centre = false"
        )
    values, layout = _projection(options, model)
    return Program(
        controller,
        _queries(options, samples, model.rows),
        "training",
        {_UNIT: (values, layout.width)} if optical else {},
        shows={_UNIT: "ternary"} if optical else {},
        mark="epoch",
        epochs=_reports(options, samples),
    )


def _refuse_what_does_not_fit(options: OdfaConfig, blocks: int) -> None:
    """Raise ``ConfigError`` when a network of so many ``blocks`` has no such tail, or no such error."""
    if options.tail >= blocks:
        raise ConfigError(
            f"controller.tail = {options.tail} is refused: of {blocks} blocks one at least comes before the tail; "
            f"allowed: 1..{blocks - 1}"
        )
    if options.error_at > options.tail:
        raise ConfigError(
            f"controller.error_at = {options.error_at} is refused: the error reaches a block's input by true "
            f"gradients, so the block is one of the tail; allowed: 0..{options.tail} (controller.tail)"
        )


def _queries(options: OdfaConfig, samples: int, rows: int) -> int:
    """Return the rows that light projects, or the pieces of work of a host without light."""
    epoch_steps = -(-samples // options.batch_size)
    steps = epoch_steps * options.epochs
    if options.feedback != "optical":
        return _COMPUTATIONS * min(steps, options.steps or steps)
    shown = samples * options.epochs
    if options.steps is not None:
        shown = min(shown, options.steps * options.batch_size)
    return options.planes * rows * shown


def _reports(options: OdfaConfig, samples: int) -> int:
    """Return how often is reported what has been learnt."""
    return -(-_steps(options, samples) // (options.report_steps or _epoch_steps(options, samples)))


def _unused(options: OdfaConfig) -> frozenset[str]:
    return frozenset() if options.feedback == "optical" else frozenset({_UNIT})


KIND = Kind("odfa", OdfaConfig, needs=frozenset({_UNIT}), start=start, unused=_unused)
