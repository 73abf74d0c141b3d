"""FLOPS against the definition of Gaussian smoothing, and against the true slope of a smooth loss."""

import numpy as np
import pytest

from controllers.phases import wrapped
from controllers.zeroth_order.flops import FlopsConfig, start
from emulator.errors import ConfigError
from tests.controllers.zeroth_order.canned import ground
from tests.controllers.zeroth_order.estimate_lab import loss_of_score, talk

HOME = [1.0, 2.0, 3.0, 4.0]


def score(phases: np.ndarray) -> float:
    return float(np.array([1.0, -2.0, 0.5, 3.0]) @ np.cos(phases))


def test_a_step_is_the_learning_rate_times_the_mean_of_weighed_perturbations() -> None:
    options = FlopsConfig(sparsity=1.0, samples=7, queries=8, sigma_rad=0.2, learning_rate=0.3)
    setting = ground(HOME)
    told = talk(start(options, setting).controller, setting, score)
    losses = np.array([loss_of_score(score(phases)) for phases in told.read])
    np.testing.assert_array_equal(told.read[0], HOME)
    perturbations = np.array(told.read[1:]) - HOME
    slope = (
        sum((loss - losses[0]) * d / 0.2**2 for loss, d in zip(losses[1:], perturbations, strict=True)) / 7
    )
    np.testing.assert_allclose(told.incumbents[-1], wrapped(HOME - 0.3 * slope), rtol=1e-12)
    np.testing.assert_array_equal(told.driven, told.incumbents[-1])


def test_the_mean_estimate_is_the_true_slope() -> None:
    options = FlopsConfig(sparsity=1.0, samples=40_000, queries=40_001, sigma_rad=0.01, learning_rate=1e-3)
    setting = ground(HOME)
    told = talk(start(options, setting).controller, setting, score)
    weight = 1 / (1 + np.exp(-score(np.array(HOME))))
    slope = -weight * np.array([1.0, -2.0, 0.5, 3.0]) * np.sin(HOME)
    np.testing.assert_allclose((HOME - told.incumbents[-1]) / 1e-3, slope, atol=0.05)


def test_perturbations_have_the_spread_that_is_asked_for() -> None:
    options = FlopsConfig(sparsity=1.0, samples=5000, queries=5001, sigma_rad=0.3)
    setting = ground(HOME)
    told = talk(start(options, setting).controller, setting, score)
    turned = np.angle(np.exp(1j * (np.array(told.read[1:]) - HOME)))
    np.testing.assert_allclose(turned.std(axis=0), 0.3, rtol=0.05)
    np.testing.assert_allclose(turned.mean(axis=0), 0.0, atol=0.02)


def test_with_a_sparsity_only_the_chosen_phases_are_perturbed_and_moved() -> None:
    options = FlopsConfig(sparsity=0.5, samples=4, queries=5)
    setting = ground(HOME)
    told = talk(start(options, setting).controller, setting, score)
    perturbed = (np.array(told.read[1:]) != HOME).any(axis=0)
    assert perturbed.sum() == 2
    assert (told.incumbents[-1] != HOME).tolist() == perturbed.tolist()


@pytest.mark.parametrize("queries", [5, 9, 10, 11])
def test_an_iteration_that_would_exceed_the_queries_is_not_begun(queries: int) -> None:
    setting = ground(HOME)
    told = talk(start(FlopsConfig(samples=4, queries=queries), setting).controller, setting, score)
    assert len(told.read) == queries // 5 * 5


def test_fewer_queries_than_one_iteration_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"queries = 60 is refused .*'flops': an iteration takes 61"):
        start(FlopsConfig(queries=60), ground(HOME))


def test_the_learning_rate_decays_epoch_by_epoch() -> None:
    setting = ground(HOME)
    moves = []
    for decay in (1.0, 0.25):
        options = FlopsConfig(sparsity=1.0, samples=2, queries=6, step_decay=decay, epoch_iterations=1)
        told = talk(start(options, setting).controller, setting, lambda phases: float(phases[0]))
        moves.append(told.incumbents[-1] - told.incumbents[-2])
    assert len(told.incumbents) == 3
    assert not np.allclose(moves[0], moves[1])
    assert np.abs(moves[1]).max() < np.abs(moves[0]).max()
