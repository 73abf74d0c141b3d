"""scikit-learn's own checks, and what light does to features."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from emulator.adapters.sklearn_transformer import OpuFeatures
from emulator.errors import ConfigError
from emulator.physics.opu.gaussian_medium import DenseMedium
from emulator.streams import key_words, stream


@parametrize_with_checks(
    [
        OpuFeatures(20),
        OpuFeatures(20, noise=False),
        OpuFeatures(20, kind="linear", noise=False),
        OpuFeatures(20, kind="linear", encoding="bitplanes"),
        OpuFeatures(20, kind="linear", encoding="bitplanes", noise=False),
    ]
)
def test_scikit_learn_accepts_the_estimator(estimator: Any, check: Any) -> None:
    check(estimator)


def samples(count: int = 200, features: int = 30) -> np.ndarray:
    return stream(0, "tests/adapters/samples").standard_normal((count, features))


def test_linear_features_are_the_projections_of_the_numbers() -> None:
    x = samples()
    model = OpuFeatures(500, kind="linear", encoding="bitplanes", noise=False, random_state=1)
    y = model.fit_transform(x)
    drawn = DenseMedium.draw(30, 500, key_words(model.session_.seed, "opu/medium"))
    assert np.corrcoef(y.ravel(), (x @ drawn.real).ravel())[0, 1] > 0.999


def test_the_same_random_state_gives_the_same_features_and_another_does_not() -> None:
    x = samples()
    first, same, other = (OpuFeatures(random_state=state).fit_transform(x) for state in (0, 0, 1))
    assert np.array_equal(first, same)
    assert not np.array_equal(first, other)


def test_every_transform_costs_time_and_energy_and_fitting_again_starts_at_zero() -> None:
    x = samples()
    model = OpuFeatures(random_state=0).fit(x)
    assert (model.seconds_, model.joules_) == (0.0, 0.0)
    model.transform(x)
    once = model.seconds_
    model.transform(x)
    assert model.seconds_ == pytest.approx(2 * once)
    assert model.joules_ > 30 * model.seconds_
    assert model.fit(x).seconds_ == 0


def test_light_separates_what_a_line_cannot() -> None:
    x = samples(600, 8) > 0
    labels = x[:, 0] ^ x[:, 1]
    plain = RidgeClassifier().fit(x[:400], labels[:400]).score(x[400:], labels[400:])
    model = make_pipeline(OpuFeatures(400, threshold=0.5, random_state=0), RidgeClassifier(alpha=100.0))
    assert plain < 0.7
    assert model.fit(x[:400], labels[:400]).score(x[400:], labels[400:]) > 0.95


def test_a_clone_has_the_parameters_and_no_unit() -> None:
    copied = clone(OpuFeatures(7, kind="linear", threshold=0.5).fit(samples()))
    assert (copied.n_components, copied.kind, copied.threshold) == (7, "linear", 0.5)
    assert not hasattr(copied, "session_")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"kind": "phase"}, "allowed: intensity, linear"),
        ({"encoding": "ternary"}, "allowed: threshold, bitplanes"),
        ({"encoding": "bitplanes"}, "kind='linear'"),
        ({"threshold": np.inf}, "finite number or 'median'"),
        ({"n_components": 3_000_000}, "2219520 pixels"),
        ({"kind": "linear", "encoding": "bitplanes", "precision": 17}, "precision"),
        ({"kind": "linear", "encoding": "bitplanes", "precision": 6.0}, "allowed: a whole number, 1..16"),
        ({"n_components": "auto"}, "allowed: a whole number, >= 1"),
        ({"n_components": 30.0}, "n_components = 30.0 is refused; allowed: a whole number"),
        ({"n_components": -1}, "allowed: a whole number"),
        ({"threshold": "mean"}, "threshold = 'mean' is refused; allowed: a finite number or 'median'"),
        ({"threshold": np.full(30, 0.5)}, "ndarray of shape"),
        ({"threshold": None}, "threshold = None"),
        ({"kind": np.zeros(2)}, "kind = ndarray"),
        ({"noise": "no"}, "allowed: True or False"),
        ({"config": 3}, "config = 3 is refused"),
        ({"random_state": "seed"}, "random_state = 'seed' is refused"),
    ],
)
def test_a_parameter_that_no_device_has_is_refused_in_fit(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        OpuFeatures(**given).fit(samples())


@pytest.mark.parametrize("components", [1, 20, 200])
@pytest.mark.parametrize(
    "options", [{}, {"kind": "linear"}, {"kind": "linear", "encoding": "bitplanes"}], ids=str
)
def test_without_noise_a_row_has_the_same_bits_in_any_batch(options: dict[str, Any], components: int) -> None:
    x = samples(50)
    model = OpuFeatures(components, noise=False, random_state=0, **options).fit(x)
    whole = model.transform(x)
    for chosen in ([49], [7, 3], np.arange(50)[::-1], np.arange(5, 38)):
        np.testing.assert_array_equal(model.transform(x[chosen]), whole[chosen])
