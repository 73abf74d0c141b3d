"""What the agent that trains with light logs, what it pays for, and what is refused; with canned light."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from controllers.feedback_alignment.odfa import KIND, OdfaConfig, odfa
from controllers.feedback_alignment.work import centring_work
from controllers.kind import Setting
from emulator.commands import Command, Compute, Log
from emulator.errors import ConfigError
from emulator.streams import stream
from experiments.models.mlp import Mlp, mlp
from experiments.models.mlp_work import step_work
from tests.controllers.feedback_alignment.canned_light import light, logged, play
from tests.controllers.feedback_alignment.odfa_lab import (
    BATCHES,
    CLASSES,
    EPOCHS,
    HIDDEN,
    IN_LIGHT_UNITS,
    QUIET,
    SAMPLES,
    SIZES,
    agent,
    batches,
    distance,
    medium,
    network,
    plain,
    samples,
    steps,
    trained,
)  # fmt: skip
from tests.controllers.feedback_alignment.plain_training import parameters_of, ternary_feedback


def paid(asked: Sequence[Command]) -> Counter[tuple[str, int, int]]:
    """Return the work of every Compute."""
    return Counter((c.activity, c.flops, c.bytes) for c in asked if isinstance(c, Compute))


# ------------------------------------------------------------------------------- what it is told


def test_the_loss_of_an_epoch_is_the_mean_over_its_samples_not_over_its_batches() -> None:
    feedback = ternary_feedback(IN_LIGHT_UNITS * medium(), HIDDEN)
    losses = np.array(plain().train(batches(), feedback).losses).reshape(EPOCHS, -1)
    expected = losses @ np.array(BATCHES) / SAMPLES
    np.testing.assert_allclose(logged(trained()[1], "train_loss"), expected, rtol=1e-6)


@pytest.mark.parametrize("feedback", ["optical", "ternary", "exact", "backprop"])
def test_what_it_logs_is_finite_and_has_the_names_that_are_promised(feedback: str) -> None:
    asked = play(agent(network(), feedback=feedback, align_every=2), light(medium()))
    logs = [command for command in asked if isinstance(command, Log)]
    assert all(math.isfinite(log.value) for log in logs)
    cosines = {f"alignment{of}_{layer}" for of in ("", "_output") for layer in (1, 2)}
    counts = {"dark_vectors", "lost_vectors"} if feedback == "optical" else set()
    assert {log.name for log in logs} == {"epoch", "train_loss"} | cosines | counts
    assert logged(asked, "epoch") == [1, 2, 3]
    for name in cosines:
        values = logged(asked, name)
        assert len(values) == math.ceil(len(BATCHES) * EPOCHS / 2)
        assert all(-1 <= value <= 1 + 1e-12 for value in values)
        assert feedback != "backprop" or values == pytest.approx([1.0] * len(values))


def test_looking_at_the_alignment_changes_neither_the_work_nor_the_weights() -> None:
    blind, seeing = trained(), trained(align_every=1)
    assert steps(blind[1]) == steps(seeing[1])
    assert distance(blind[0], parameters_of(seeing[0])) == 0.0


# ------------------------------------------------------------------------------- what it pays for


@pytest.mark.parametrize("feedback", ["optical", "ternary", "exact", "backprop"])
@pytest.mark.parametrize("centre", [False, True])
def test_it_pays_for_the_work_that_is_counted_for_its_batches(feedback: str, centre: bool) -> None:
    asked = play(agent(network(), feedback=feedback, centre=centre), light(medium()))
    expected: Counter[tuple[str, int, int]] = Counter()
    for batch in BATCHES * EPOCHS:
        work = step_work(SIZES, batch)
        update = work.local_gradient + work.update
        if centre and feedback != "backprop":
            update += centring_work(sum(HIDDEN), batch)
        works = {
            "forward": work.forward + work.error,
            "output_gradient": work.output_gradient,
            "update": update,
        }
        if feedback == "backprop":
            works["backpropagation"] = work.backpropagation
        elif feedback != "optical":
            works["projection"] = work.projection
        expected.update((activity, work.flops, work.bytes) for activity, work in works.items())
    assert paid(asked) == expected


def test_lateness_costs_no_work() -> None:
    assert paid(trained(schedule="late")[1]) == paid(trained(schedule="wait")[1])


# ------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("feedback", "laser"),
        ("schedule", "never"),
        ("threshold", -0.1),
        ("threshold", 1.5),
        ("threshold", math.nan),
        ("sharing", "all"),
        ("learning_rate", 0.0),
        ("batch_size", 0),
        ("epochs", 0),
        ("align_every", 0),
        ("alpha", 0.1),
    ],
)
def test_options_that_mean_nothing_are_refused(key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=key):
        OdfaConfig(**{key: value})  # type: ignore[arg-type]


def test_a_network_without_hidden_layers_is_refused_before_anything_is_asked() -> None:
    sizes = (SIZES[0], CLASSES)
    rngs = stream(0, "tests/odfa/batches"), stream(0, "tests/odfa/feedback")
    controller = odfa(OdfaConfig(**QUIET), Mlp(sizes, mlp(sizes, rngs[0])), samples(), *rngs)
    with pytest.raises(ConfigError, match="sizes"):
        next(controller)


# ------------------------------------------------------------------------------- how it is started


def setting(**given: Any) -> Setting:
    x, y = samples()
    return Setting(x.numpy(), y.numpy(), partial(stream, 0), model=Mlp(SIZES, network()), **given)


@pytest.mark.parametrize(
    ("feedback", "queries", "sizes"),
    [
        ("optical", SAMPLES * EPOCHS, {"opu": (CLASSES, sum(HIDDEN))}),
        ("exact", 4 * len(BATCHES) * EPOCHS, {}),
    ],
)
def test_it_says_what_it_will_ask_and_of_which_size_its_instrument_must_be(
    feedback: str, queries: int, sizes: dict[str, tuple[int, ...]]
) -> None:
    options = OdfaConfig(**QUIET, feedback=feedback)
    program = KIND.start(options, setting())
    assert (program.queries, program.sizes, program.mark) == (queries, sizes, "epoch")
    assert KIND.needs - KIND.unused(options) == set(sizes)


def test_without_a_network_it_does_not_start() -> None:
    with pytest.raises(ConfigError, match="there is none"):
        KIND.start(OdfaConfig(), replace(setting(), model=None))


def test_values_may_be_learnt_by_a_loss_that_is_given() -> None:
    """The error of a mean square is twice the difference, over the outputs."""
    values = stream(0, "tests/odfa/values").random((SAMPLES, CLASSES))
    given = replace(setting(), inputs=samples().x.numpy(), targets=values, loss=torch.nn.functional.mse_loss)
    for block in given.model.blocks:
        block.float()
    asked = play(KIND.start(OdfaConfig(**QUIET, feedback="exact"), given).controller)
    losses = logged(asked, "train_loss")
    assert losses[-1] < losses[0]
