"""The agent that trains with light against its equations in plain torch, with canned light; NOT on a bench."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from controllers.feedback_alignment.odfa import OdfaConfig, TrainingSet, _pieces, odfa
from emulator.commands import Compute, Log
from emulator.errors import DivergedError
from emulator.streams import stream
from experiments.models.mlp import Mlp
from tests.controllers.feedback_alignment.canned_light import light, logged, moves, play, projected
from tests.controllers.feedback_alignment.odfa_lab import (
    BATCHES,
    CLASSES,
    EPOCHS,
    HIDDEN,
    IN_LIGHT_UNITS,
    QUIET,
    RATE,
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
from tests.controllers.feedback_alignment.plain_training import (
    exact_feedback,
    parameters_of,
    ternary_feedback,
)

STEP = ["forward", "project", "output_gradient", "join {}", "update"]


# ------------------------------------------------------------------------------- order of commands


def test_a_step_that_waits_computes_while_frames_fly_and_learns_when_they_are_there() -> None:
    asked = steps(trained(epochs=1)[1])
    assert asked == [move.format(number) for number in range(len(BATCHES)) for move in STEP]


def test_a_late_step_is_made_while_the_next_batchs_frames_fly_and_the_last_one_at_the_end() -> None:
    ahead, settled = ["forward", "project", "output_gradient"], ["join {}", "update"]
    expected = [*ahead]
    for number in range(2 * len(BATCHES) - 1):
        expected += [*ahead, *(move.format(number) for move in settled)]
    expected += [move.format(2 * len(BATCHES) - 1) for move in settled]
    assert steps(trained(epochs=2, schedule="late")[1]) == expected


def test_an_epoch_is_told_when_its_last_step_is_made_or_in_flight_but_at_the_end_none_is_in_flight() -> None:
    told = moves(trained(epochs=2, schedule="late")[1])
    first, last = (number for number, move in enumerate(told) if move == "= epoch")
    assert told[:first].count("project") == told[:first].count("update") + 1 == len(BATCHES)
    assert told[:last].count("project") == told[:last].count("update") == 2 * len(BATCHES)


@pytest.mark.parametrize("feedback", ["ternary", "exact", "backprop"])
@pytest.mark.parametrize("schedule", ["wait", "late"])
def test_without_light_nothing_is_projected_started_or_waited_for(feedback: str, schedule: str) -> None:
    asked = play(agent(network(), feedback=feedback, schedule=schedule))
    assert {type(command) for command in asked} == {Compute, Log}
    where = "backpropagation" if feedback == "backprop" else "projection"
    assert steps(asked) == ["forward", "output_gradient", where, "update"] * len(BATCHES) * EPOCHS


# ---------------------------------------------------------------------------- what is sent to light


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5])
@pytest.mark.parametrize("late", [False, True])
def test_what_is_projected_is_the_sign_of_every_error_above_the_threshold(
    threshold: float, late: bool
) -> None:
    asked = trained(threshold=threshold, schedule="late" if late else "wait")[1]
    feedback = ternary_feedback(IN_LIGHT_UNITS * medium(), HIDDEN, threshold)
    errors = [each.numpy() for each in plain().train(batches(), feedback, late).errors]
    shown = projected(asked)
    assert {vectors.dtype for vectors in shown} == {np.dtype(np.float32)}
    assert len(shown) == len(errors) == len(BATCHES) * EPOCHS
    for vectors, error in zip(shown, errors, strict=True):
        np.testing.assert_array_equal(vectors, np.sign(error) * (np.abs(error) > threshold))
    values = np.unique(np.concatenate(shown))
    assert (0.0 in values) == (threshold > 0)
    assert -1.0 in values


def test_every_epoch_visits_every_sample_once_in_an_order_of_its_own() -> None:
    asked = trained(threshold=0.0, learning_rate=1e-9)[1]  # so slow that a sample's row stays what it was
    assert [len(vectors) for vectors in projected(asked)] == list(BATCHES) * EPOCHS
    shown = np.concatenate(projected(asked)).reshape(EPOCHS, SAMPLES, CLASSES)
    labels = [np.argmin(epoch, axis=1).tolist() for epoch in shown]
    assert [sorted(each) for each in labels] == [sorted(samples().y.tolist())] * EPOCHS
    assert labels[0] != labels[1] != labels[2]


# ------------------------------------------------------------------------------- what it learns


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("centre", [False, True])
def test_light_trains_as_the_equations_do_late_light_one_batch_late(late: bool, centre: bool) -> None:
    blocks, _ = trained(centre=centre, schedule="late" if late else "wait")
    feedback = ternary_feedback(IN_LIGHT_UNITS * medium(), HIDDEN, centre=centre)
    assert distance(blocks, plain().train(batches(), feedback, late).parameters) < 1e-6
    assert distance(blocks, plain().train(batches(), feedback, not late).parameters) > 1e-3


def test_hidden_layers_may_read_the_same_outputs() -> None:
    blocks, narrow = network(), medium(max(HIDDEN))
    play(agent(blocks, sharing="shared"), light(narrow))
    feedback = ternary_feedback(IN_LIGHT_UNITS * narrow, HIDDEN, shared=True)
    assert distance(blocks, plain().train(batches(), feedback).parameters) < 1e-6


@pytest.mark.parametrize("late", [False, True])
def test_lost_vectors_teach_the_hidden_layers_nothing_and_are_left_out_of_the_mean(late: bool) -> None:
    lost = [1, 4, 5]
    blocks, asked = trained(lost, schedule="late" if late else "wait")
    feedback = ternary_feedback(IN_LIGHT_UNITS * medium(), HIDDEN, lost=lost)
    assert distance(blocks, plain().train(batches(), feedback, late).parameters) < 1e-6
    assert sum(logged(asked, "lost_vectors")) == len(lost) * len(BATCHES) * EPOCHS


@pytest.mark.parametrize(
    ("lost", "options"), [(range(-min(BATCHES), 0), {"batch_size": 6, "epochs": 1}), ((), {"threshold": 1.0})]
)
def test_without_any_projection_only_the_last_layer_learns(
    lost: Sequence[int], options: Mapping[str, Any]
) -> None:
    whole = {"batch_size": min(BATCHES), "epochs": 1}
    few = TrainingSet(*(part[: min(BATCHES)] for part in samples()))
    blocks, config = network(), OdfaConfig(**{**QUIET, **whole, **options})
    rngs = stream(0, "tests/odfa/batches"), stream(0, "tests/odfa/feedback")
    asked = play(odfa(config, Mlp(SIZES, blocks), few, *rngs), light(medium(), list(lost)))
    *hidden, weights, bias = zip(parameters_of(blocks), parameters_of(network()), strict=True)
    assert all(torch.equal(now, before) for now, before in hidden)
    assert not torch.equal(*weights)
    assert not torch.equal(*bias)
    assert logged(asked, "lost_vectors") == [len(lost)]
    assert logged(asked, "dark_vectors") == [0 if lost else min(BATCHES)]


@pytest.mark.parametrize("feedback", ["ternary", "exact"])
@pytest.mark.parametrize("centre", [False, True])
def test_a_matrix_on_the_host_trains_as_the_equations_do(feedback: str, centre: bool) -> None:
    blocks = network()
    play(agent(blocks, feedback=feedback, centre=centre))
    drawn = stream(0, "tests/odfa/feedback").standard_normal((CLASSES, sum(HIDDEN)), dtype=np.float32)
    make = ternary_feedback if feedback == "ternary" else exact_feedback
    expected = plain().train(batches(), make(drawn / math.sqrt(CLASSES), HIDDEN, centre=centre))
    assert distance(blocks, expected.parameters) < 1e-6


@pytest.mark.parametrize("schedule", ["wait", "late"])
@pytest.mark.parametrize("centre", [False, True])
def test_backpropagation_is_torchs_own(schedule: str, centre: bool) -> None:
    """Neither centring nor lateness is for it: its gradients come from nowhere else."""
    blocks, whole = network(), torch.nn.Sequential(*network())
    play(agent(blocks, feedback="backprop", schedule=schedule, centre=centre))
    adam = torch.optim.Adam(whole.parameters(), lr=RATE)
    for x, y in batches():
        adam.zero_grad()
        torch.nn.functional.cross_entropy(whole(x), y).backward()  # type: ignore[no-untyped-call]
        adam.step()
    assert distance(blocks, parameters_of(list(whole))) < 1e-11


def test_light_is_scaled_to_the_size_of_the_errors_which_shows_where_adam_does_not_hide_it() -> None:
    """With gradients as small as Adam's epsilon a step is about as large as the gradient, not of one size."""
    blocks, dim = network(), np.float32(1e-8) * medium()
    play(agent(blocks), light(dim))
    found = [
        plain().train(batches(), ternary_feedback(scale * dim, HIDDEN)) for scale in (IN_LIGHT_UNITS, 1.0)
    ]
    assert distance(blocks, found[0].parameters) < 1e-6
    assert distance(blocks, found[1].parameters) > 1e-3


def test_what_is_not_a_number_ends_the_training() -> None:
    poisoned = light(np.full_like(medium(), np.nan))
    with pytest.raises(DivergedError, match="projected error"):
        play(agent(network()), poisoned)


def test_a_single_sample_at_the_end_joins_the_batch_before_it_where_projections_are_centred() -> None:
    order = np.arange(9)
    assert [len(rows) for rows in _pieces(order, 4, centres=True)] == [4, 5]
    assert [len(rows) for rows in _pieces(order, 4, centres=False)] == [4, 4, 1]
    assert [len(rows) for rows in _pieces(order[:6], 4, centres=True)] == [4, 2]
